"""What the page of a route or seam shows of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from strangler.evidence.traffic import duration_at
from strangler.toggles import Toggle
from strangler_proxy.rollout import Place, RolloutState
from strangler_proxy.rollout.rollout import OVER
from strangler_proxy.rollout.words import told_seconds
from strangler_proxy.words import stage_of

__all__ = [
    "Gate",
    "Moved",
    "ShownRollout",
    "Side",
    "Sides",
    "Station",
    "Takes",
    "chosen_rollout",
    "gates_of",
    "moved_since",
    "moves_in",
    "shown_rollout",
    "sides_of",
    "takes_of",
]

_SIDES: Final = ("monolith", "candidate")
_VERDICTS: Final = ("fail", "inconclusive", "pass")
_LONGEST: Final = 300
# What a person at a page may tell a rollout, by its state; the API has the last word.
_ORDERS: Final = {
    RolloutState.RUNNING: ("freeze", "abort"),
    RolloutState.FROZEN: ("resume", "abort"),
    RolloutState.PAUSED: ("resume", "abort"),
    RolloutState.STEPPED_BACK: ("resume", "abort"),
    RolloutState.OVERTAKEN: ("resume", "abort"),
}
_WANTS_PERSON: Final = {RolloutState.PAUSED, RolloutState.STEPPED_BACK, RolloutState.OVERTAKEN}

_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Takes:
    """Which requests a route takes: `conditions` on headers and query, each as one writes it."""

    methods: tuple[str, ...]
    template: str
    conditions: tuple[str, ...]
    candidate: str
    rewrite: str
    twin: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """One entry of the audit: `came` and `went` are stages with their shares, `knew` what was known at that moment, by
    its name."""

    revision: int
    at: str
    who: str
    why: str
    came: str
    went: str
    stage: str
    forced: bool
    knew: tuple[tuple[str, str], ...] = ()
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """What a gate comes to: `verdict` is `pass`, `fail` or `inconclusive`, `reason` what it saw and what it wants."""

    name: str
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Side:
    """What customers got of one side lately: how many requests, how many a second, which share of them failed, and how
    long half of the answers and 99 in 100 took at most, in seconds. None where there was no answer."""

    requests: int = 0
    rate: float = 0.0
    errors: float | None = None
    p50: float | None = None
    p99: float | None = None


_NOBODY: Final = Side()


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides, of the same time. `share` is which share of the requests the candidate was to answer, None where
    nobody asked; `releases` are those of the candidate that answered."""

    monolith: Side = _NOBODY
    candidate: Side = _NOBODY
    share: float | None = None
    releases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Station:
    """A station of a rollout: where, for how long at least, and whether it is `behind`, `here` or `ahead`."""

    place: str
    lasts: str
    standing: str


@dataclass(frozen=True, slots=True)
class ShownRollout:
    """A rollout: `walk` are its stations, `until` when the present one's time is over (seconds since 1970), `others`
    the toggles that move along, `orders` what it can be told. `wants_person` says that it goes nowhere by itself."""

    name: str
    state: str
    place: str
    schedule: str
    doing: str
    reason: str
    who: str
    why: str
    over: bool
    wants_person: bool
    walk: tuple[Station, ...] = ()
    until: float | None = None
    others: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()
    started: float = 0.0
    pending: str = ""


def takes_of(route: _Row) -> Takes:
    """Which requests a route takes, of its row in the API."""
    return Takes(
        methods=tuple(route["methods"]),
        template=route["path"],
        conditions=tuple(_conditions(route)),
        candidate=route["candidate"],
        rewrite=route["rewrite"] or "",
        twin=route["twin"],
    )


def moves_in(entries: Iterable[_Row]) -> tuple[Moved, ...]:
    """The audit of one toggle, newest first; of what only declared it `came` is empty."""
    return tuple(_moved(entry) for entry in entries)


def moved_since(toggle: Toggle, revision: int, history: Iterable[Moved]) -> tuple[Moved, ...]:
    """What of its `history` happened to `toggle` after `revision`; nothing where it stands as it stood then."""
    return () if toggle.revision <= revision else tuple(each for each in history if each.revision > revision)


def gates_of(judgements: Iterable[_Row]) -> tuple[Gate, ...]:
    """What gates come to: those that fail first, those that pass last."""
    found = [Gate(each["gate"], each["verdict"], each["reason"]) for each in judgements]
    return tuple(sorted(found, key=lambda gate: _VERDICTS.index(gate.verdict)))


def chosen_rollout(rollouts: Iterable[_Row], name: str) -> _Row | None:
    """The rollout that walks a toggle; where none does, the last one that did; None where there was none."""
    own = [each for each in rollouts if name in each["toggles"]]
    going = [each for each in own if RolloutState(each["state"]) not in OVER]
    return going[0] if going else max(own, key=lambda each: each["started"], default=None)


def shown_rollout(rollout: _Row, name: str) -> ShownRollout:
    """A rollout as the page of the toggle `name` shows it."""
    state, at = RolloutState(rollout["state"]), rollout["at"]
    going = state not in OVER
    running = state is RolloutState.RUNNING
    return ShownRollout(
        name=rollout["name"],
        state=state.value,
        place=_place(rollout["place"]),
        schedule=rollout["schedule"]["name"],
        doing=_cut(rollout["doing"]),
        reason="" if rollout["reason"] == rollout["doing"] else rollout["reason"],
        who=rollout["who"],
        why=rollout["why"],
        over=not going,
        wants_person=state in _WANTS_PERSON,
        walk=tuple(
            Station(
                _place(each),
                told_seconds(each["seconds"]),
                "here" if index == at and going else "behind" if index <= at else "ahead",
            )
            for index, each in enumerate(rollout["schedule"]["stations"])
        ),
        until=rollout["until"] if running else None,
        others=tuple(each for each in rollout["toggles"] if each != name),
        orders=_ORDERS.get(state, ()),
        gates=gates_of(rollout["gates"].get(name, ())) if going else (),
        started=rollout["started"],
        pending="" if rollout["pending"] is None else _place(rollout["pending"]["place"]),
    )


def sides_of(windows: Sequence[_Row], seconds: float) -> Sides:
    """Both sides in windows that cover so many seconds."""
    found = {name: _side([each for each in windows if each["side"] == name], seconds) for name in _SIDES}
    total = found["monolith"].requests + found["candidate"].requests
    releases = {each["release"] for each in windows if each["side"] == "candidate" and each["release"]}
    share = found["candidate"].requests / total if total else None
    return Sides(found["monolith"], found["candidate"], share, tuple(sorted(releases)))


def _side(windows: Sequence[_Row], seconds: float) -> Side:
    requests = sum(each["requests"] for each in windows)
    buckets = [sum(each) for each in zip(*(each["buckets"] for each in windows), strict=True)]
    return Side(
        requests=requests,
        rate=requests / seconds,
        errors=sum(each["errors"] for each in windows) / requests if requests else None,
        p50=duration_at(buckets, 0.5),
        p99=duration_at(buckets, 0.99),
    )


def _conditions(route: _Row) -> Iterator[str]:
    for name, value in route["headers"].items():
        yield f"header {name}" + ("" if value is None else f": {value}")
    for name, value in route["query"].items():
        yield f"?{name}" + ("" if value is None else f"={value}")


def _moved(entry: _Row) -> Moved:
    before, evidence = entry["from"], entry["evidence"] or {}
    gates = evidence.get("gates")
    told = gates if isinstance(gates, Sequence) and all(_is_judgement(each) for each in gates) else None
    return Moved(
        revision=entry["revision"],
        at=entry["at"],
        who=entry["who"],
        why=entry["why"],
        came="" if before is None else stage_of(before),
        went=stage_of(entry["to"]),
        stage=entry["to"]["stage"],
        forced=entry["forced"],
        knew=tuple((str(key), _cut(_text(value))) for key, value in evidence.items() if told is None or key != "gates"),
        gates=gates_of(told or ()),
    )


def _is_judgement(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("verdict") in _VERDICTS and {"gate", "reason"} <= set(value)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(each)}" for key, each in value.items())
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _place(document: _Row) -> str:
    return str(Place.from_json(document))
