"""How much has moved, and what is stalling. Pure. Times are in seconds since 1970."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Final

from strangler.toggles import BUCKETS, Side, Stage
from strangler_proxy.plan.facts import Facts, ToggleSeen
from strangler_proxy.plan.moves import Reached
from strangler_proxy.plan.plan import Plan
from strangler_proxy.plan.standing import Standing, StepState

__all__ = ["STALLING_SECONDS", "Part", "Progress", "Waiting", "answered", "progress_of"]

STALLING_SECONDS: Final = 30 * 86_400.0
"""Whatever runs on two sides for longer is said to be stalling."""

_TWO_SIDES: Final = frozenset({Stage.SHADOW, Stage.CANARY, Stage.EXTRACTED})
_MONTHS: Final = 6


@dataclass(frozen=True, slots=True)
class Part:
    """A share of something that has moved: `moved` of `whole`, in `unit`."""

    name: str
    moved: float
    whole: float
    unit: str

    @property
    def share(self) -> float:
        """From 0 to 1; 0 of nothing."""
        return self.moved / self.whole if self.whole else 0.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A route or seam that runs on two sides: where it is, and since when it has not been the monolith's alone."""

    name: str
    place: tuple[Stage, int]
    since: float


@dataclass(frozen=True, slots=True)
class Progress:
    """`parts` are what the picture shows. `two_sides` begins with the one that has been at it for longest. `months` are
    the last six with how many moves each saw, oldest first; `ownerless` are steps that are not done and nobody's."""

    parts: tuple[Part, ...]
    two_sides: tuple[Waiting, ...]
    months: tuple[tuple[str, int], ...]
    ownerless: tuple[str, ...]


def progress_of(
    plan: Plan,
    found: Mapping[str, Standing],
    facts: Facts,
    *,
    moves: Sequence[Mapping[str, Any]],
    windows: Iterable[Mapping[str, Any]],
    lines: Part | None = None,
) -> Progress:
    """Where the whole stands: `moves` are the toggles' moves, newest first, `windows` the traffic that counts, and
    `lines` how much of the monolith's code nobody needs, where that is known."""
    parts = [_steps(found), _toggles(facts), *_traffic(plan, windows), *([] if lines is None else [lines])]
    waiting = [
        Waiting(toggle.name, toggle.reached, _left(toggle, moves))
        for toggle in facts.toggles.values()
        if toggle.reached[0] in _TWO_SIDES
    ]
    ownerless = [each.step.id for each in found.values() if not each.step.owner and each.state is not StepState.DONE]
    return Progress(
        tuple(parts),
        tuple(sorted(waiting, key=lambda each: (each.since, each.name))),
        _by_month(moves, facts.now),
        tuple(ownerless),
    )


def _steps(found: Mapping[str, Standing]) -> Part:
    done = sum(each.state is StepState.DONE for each in found.values())
    return Part("steps of the plan", done, len(found), "steps")


def _toggles(facts: Facts) -> Part:
    """Routes and seams, those in `canary` by their share."""
    moved = sum(answered(toggle.reached) for toggle in facts.toggles.values())
    return Part("routes and seams", moved, len(facts.toggles), "routes and seams")


def answered(reached: Reached) -> float:
    """The share of its customers, 0 to 1, that a candidate answers which is so far."""
    stage, share = reached
    if stage is Stage.CANARY:
        return share / BUCKETS
    return float(stage in (Stage.EXTRACTED, Stage.RETIRED))


def _traffic(plan: Plan, windows: Iterable[Mapping[str, Any]]) -> list[Part]:
    """Requests: of the routes that the plan moves, and of all."""
    patterns = [name for step in plan.steps.values() for name in step.toggles]
    planned, everything = [0, 0], [0, 0]
    for window in windows:
        counted = [everything]
        if any(fnmatchcase(window["route"], pattern) for pattern in patterns):
            counted.append(planned)
        for pair in counted:
            pair[0] += window["requests"] if window["side"] == Side.CANDIDATE else 0
            pair[1] += window["requests"]
    return [
        Part("requests of the plan's routes", planned[0], planned[1], "requests"),
        Part("requests of all customers", everything[0], everything[1], "requests"),
    ]


def _left(toggle: ToggleSeen, moves: Iterable[Mapping[str, Any]]) -> float:
    """When it left the monolith for good, as far as the moves reach back."""
    since = toggle.since
    for move in moves:
        if move["name"] == toggle.name:
            if move["stage"] == Stage.MONOLITH:
                break
            since = move["at"]
    return since


def _by_month(moves: Iterable[Mapping[str, Any]], now: float) -> tuple[tuple[str, int], ...]:
    today = datetime.fromtimestamp(now, UTC)
    months = [(today.year * 12 + today.month - 1) - back for back in reversed(range(_MONTHS))]
    counted = dict.fromkeys((f"{each // 12}-{each % 12 + 1:02}" for each in months), 0)
    for move in moves:
        month = f"{datetime.fromtimestamp(move['at'], UTC):%Y-%m}"
        if month in counted:
            counted[month] += 1
    return tuple(counted.items())
