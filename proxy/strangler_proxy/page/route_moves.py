"""The moves of a route or seam from where it stands: which may be made, and why the others may not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from strangler.errors import IllegalMove
from strangler.toggles import BUCKETS, Kind, Move, Stage, Toggle, plan_move

__all__ = ["Held", "ShownMove", "asked_of", "moves_of", "offered", "wanted"]

_MEANS: Final = {
    Stage.MONOLITH: "The monolith answers, and the candidate is not asked.",
    Stage.SHADOW: "The monolith answers; the candidate gets copies afterwards, and both answers are compared.",
    Stage.CANARY: "The candidate answers a share of the customers; each of them stays on one side.",
    Stage.EXTRACTED: "The candidate answers everybody; the monolith catches what fails, where that is safe.",
    Stage.RETIRED: "The candidate answers without the monolith behind it. There is no way back.",
}
_MEANS_OF_SEAM: Final = {
    Stage.MONOLITH: "The old implementation answers, and the new one is not called.",
    Stage.SHADOW: "The old implementation answers; the new one is called beside it, and both are compared.",
    Stage.CANARY: "The new implementation answers a share of the subjects; each of them stays on one side.",
    Stage.EXTRACTED: "The new implementation answers everybody; the old one is still there to go back to.",
    Stage.RETIRED: "The new implementation answers without the old one. There is no way back.",
}


@dataclass(frozen=True, slots=True)
class Held:
    """Why the control plane would not make a move now, and what to do. `forced` says that it would with force."""

    wrong: str
    remedy: str = ""
    forced: bool = False


@dataclass(frozen=True, slots=True)
class ShownMove:
    """A move to `stage`, which `means` explains. `held` says why it may not be made, None where it may; of `canary`
    where it is there already, why no more may get the candidate. `way` is `back`, `here`, `forward` or, of more than
    one stage at once, `far`."""

    stage: Stage
    means: str
    way: str
    held: Held | None = None

    @property
    def here(self) -> bool:
        """Whether it stands there."""
        return self.way == "here"

    def open(self, force: bool) -> bool:
        """Whether a form can offer it, to somebody who may `force` or not. In `canary` one can go to another share."""
        if self.here:
            return self.stage is Stage.CANARY
        return self.held is None or (force and self.held.forced)


def wanted(toggle: Toggle, stage: Stage, *, force: bool = False) -> Move:
    """The move to a stage that is asked about: of `canary` to any share, or from there to the widest."""
    share = BUCKETS if toggle.stage is Stage.CANARY else 1
    return Move(stage, share if stage is Stage.CANARY else None, force=force, confirm=toggle.name)


def asked_of(toggle: Toggle) -> tuple[Stage, ...]:
    """The stages of which the stages' own rules do not say already what becomes of a move there; `canary` is one in
    which one can still move."""
    here = (Stage.CANARY,) if toggle.stage is Stage.CANARY else ()
    others = (stage for stage in Stage if stage is not toggle.stage and _by_rules(toggle, stage) is None)
    return (*here, *others)


def moves_of(toggle: Toggle, held: Mapping[Stage, Held]) -> tuple[ShownMove, ...]:
    """A move to each stage, in their order. `held` is what the control plane has against those of `asked_of`."""
    means = _MEANS if toggle.kind is Kind.ROUTE else _MEANS_OF_SEAM
    return tuple(
        ShownMove(stage, means[stage], _way(toggle, stage), _by_rules(toggle, stage) or held.get(stage))
        for stage in Stage
    )


def offered(moves: tuple[ShownMove, ...], *, force: bool) -> str:
    """The stage that a form has chosen at first: `canary` where it is there, else the next one, where it is open."""
    likely = [move for move in moves if move.open(force) and move.way in ("here", "forward")]
    return likely[0].stage.value if likely else ""


def _by_rules(toggle: Toggle, stage: Stage) -> Held | None:
    if stage is toggle.stage:
        return None
    try:
        plan_move(toggle, wanted(toggle, stage))
    except IllegalMove as refused:
        try:
            plan_move(toggle, wanted(toggle, stage, force=True))
        except IllegalMove:
            return Held(refused.wrong)
        return Held(refused.wrong, forced=True)
    return None


def _way(toggle: Toggle, stage: Stage) -> str:
    if stage is toggle.stage:
        return "here"
    if stage.position < toggle.stage.position:
        return "back"
    return "forward" if stage is toggle.stage.following else "far"
