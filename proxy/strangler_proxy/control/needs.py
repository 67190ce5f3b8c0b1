"""What needs a person now, and what is stalling. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from strangler.evidence import GateVerdict
from strangler.toggles import Stage
from strangler_proxy.plan.progress import STALLING_SECONDS
from strangler_proxy.rollout import RolloutState
from strangler_proxy.trouble import troubles_of

__all__ = ["needs_of", "stalling_of"]

_WANTS_PERSON: Final = {
    RolloutState.PAUSED: "It waits until somebody resumes or aborts it.",
    RolloutState.STEPPED_BACK: "It went back, and waits until somebody resumes or aborts it.",
    RolloutState.OVERTAKEN: "Somebody moved its toggles by hand: abort it, or resume it from there.",
    RolloutState.FROZEN: "Somebody froze it, and it goes no further until it is resumed.",
}
_COMPARED: Final = frozenset({Stage.SHADOW.value, Stage.CANARY.value, Stage.EXTRACTED.value})


def needs_of(
    status: Mapping[str, Any], routes: Iterable[Mapping[str, Any]], steps: Iterable[tuple[str, str]] = ()
) -> list[dict[str, Any]]:
    """What needs a person, by the status, the overview's rows of routes, and the plan's steps with why: troubles first,
    then rollouts that wait, steps, and routes whose sides do not agree. `kind` says what `name` is; `text` is a
    sentence."""
    return [
        {"kind": kind, "name": name, "text": text}
        for kind, name, text in (
            *_troubles(status),
            *_rollouts(status["rollouts"]),
            *(("step", name, why) for name, why in steps),
            *_disagreeing(routes),
        )
    ]


def stalling_of(routes: Iterable[Mapping[str, Any]], now: float) -> list[dict[str, Any]]:
    """The routes and seams that run on two sides for longer than a month, the one that is at it for longest first."""
    found = [
        {"name": row["name"], "stage": row["stage"], "share": row["share"], "left": row["left"]}
        for row in routes
        if row["stage"] in _COMPARED and row["left"] is not None and now - row["left"] > STALLING_SECONDS
    ]
    return sorted(found, key=lambda each: (each["left"], each["name"]))


_Need = tuple[str, str, str]


def _troubles(status: Mapping[str, Any]) -> Iterator[_Need]:
    for trouble in troubles_of(status):
        yield trouble.kind.value, trouble.name, trouble.text


def _rollouts(rollouts: Iterable[Mapping[str, Any]]) -> Iterator[_Need]:
    for rollout in rollouts:
        what = _WANTS_PERSON.get(RolloutState(rollout["state"]))
        if what is not None:
            yield "rollout", rollout["name"], f"{rollout['reason']} {what}".lstrip()


def _disagreeing(routes: Iterable[Mapping[str, Any]]) -> Iterator[_Need]:
    for row in routes:
        agreement = row["agreement"]
        if row["stage"] in _COMPARED and agreement is not None and agreement["verdict"] == GateVerdict.FAIL:
            yield "agreement", row["name"], agreement["reason"]
