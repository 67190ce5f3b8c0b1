"""The tables `[rollouts.NAME]`, with keys, defaults and meaning, and what must be right about them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from strangler.errors import Problem
from strangler.toggles import NAME_PATTERN
from strangler_proxy.config.forms import Duration, PositiveDuration, refusal, shown
from strangler_proxy.config.gates_table import read_gates
from strangler_proxy.config.place import Place as FilePlace
from strangler_proxy.config.positions import Path
from strangler_proxy.rollout import DEFAULT, BackTo, Place, Schedule, Station

__all__ = ["RolloutTable", "schedule_of"]

_COMMAND = "command"
_WORDS = " or ".join(f'"{each.value}"' for each in BackTo)


def _place(value: Any) -> Place:
    try:
        return Place.from_share(value if isinstance(value, str) else str(value))
    except ValueError as error:
        raise refusal(f"is {shown(value)}, no share", f'write "5%" or "shadow": {error}') from None


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _back_to(value: Any) -> BackTo:
    try:
        return BackTo(value)
    except ValueError:
        raise refusal(f"is {shown(value)}", f"write {_WORDS}") from None


_SHARES = [str(each.place).removeprefix("canary ").replace("extracted", "100%") for each in DEFAULT.stations]
_Share = Annotated[str, BeforeValidator(lambda value: _place(value) and value)]


class RolloutTable(BaseModel):
    """A schedule for [rollouts](rollouts.md): `strangler rollout start GLOB --schedule NAME`. Without a table `default`
    there is one all the same, with the values below."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shares: list[_Share] = Field(
        _SHARES,
        min_length=1,
        description='The stations, in this order: shares, each larger than the one before; `"100%"` is stage'
        ' `extracted`. `"shadow"` may be the first.',
    )
    durations: Annotated[list[PositiveDuration], BeforeValidator(_listed)] = Field(
        [each.seconds for each in DEFAULT.stations],
        min_length=1,
        description="How long each station lasts at least, in their order; or one duration for all.",
    )
    gates: dict[str, Any] = Field(
        dict(DEFAULT.gates), description="What must pass at each station: [gates](gates.md), but for `command`."
    )
    patience: Duration = Field(
        DEFAULT.patience,
        description="How long a gate that is inconclusive when a station's time is over is waited for, before the"
        " rollout pauses.",
    )
    back_to: Annotated[BackTo, PlainValidator(_back_to)] = Field(
        DEFAULT.back_to,
        description="Where a failing gate takes it: to the `last` station that it has passed, to `shadow` or to"
        " `monolith`.",
    )


def schedule_of(
    name: str, table: RolloutTable, place: FilePlace, *, unset: Iterable[Path] = ()
) -> tuple[Schedule | None, list[Problem]]:
    """The schedule of that name, or None and everything that is wrong in its table; `unset` as in `validated`."""
    where, problems = ("rollouts", name), []
    if not NAME_PATTERN.fullmatch(name):
        problems.append(place.problem(where, f"{name!r} is not a name", 'use a-z, 0-9, - and _, such as "careful"'))
    places = [_place(each) for each in table.shares]
    for index, (before, after) in enumerate(pairwise(places), 1):
        if not before < after:
            wrong = f"is {shown(table.shares[index])}, no further than {shown(table.shares[index - 1])} before it"
            problems.append(place.problem((*where, "shares", index), wrong, "let each be larger than the one before"))
    if len(table.durations) not in (1, len(places)):
        wrong = f"has {len(table.durations)} durations for {len(places)} shares"
        problems.append(place.problem((*where, "durations"), wrong, "write one for each share, or one for all"))
    gates, wrong_gates = read_gates(table.gates, (*where, "gates"), place, unset=unset)
    problems += wrong_gates
    if gates is not None and not gates:
        right = "name at least one, such as gates = { errors = 0.005, requests = 500 }: no data never passes"
        problems.append(place.problem((*where, "gates"), "has none, so that nothing would hold it back", right))
    if _COMMAND in table.gates:
        right = "take it out: use `probe` or `prometheus`, or run it in a step of a plan"
        problems.append(
            place.problem((*where, "gates", _COMMAND), "would be run by the control plane, which runs none", right)
        )
    if problems:
        return None, problems
    seconds = table.durations if len(table.durations) > 1 else table.durations * len(places)
    stations = tuple(Station(each, time) for each, time in zip(places, seconds, strict=True))
    return Schedule(name, stations, table.gates, table.patience, table.back_to), []
