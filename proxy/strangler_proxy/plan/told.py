"""What an engine tells while it is at it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from strangler_proxy.plan.world import Judged

__all__ = ["Told", "ToldKind"]


class ToldKind(StrEnum):
    """What happened."""

    BEGUN = "begun"
    MOVES = "moves"  # a move is about to be made
    MADE = "made"
    WAITS = "waits"  # for a rollout, or for time
    JUDGED = "judged"  # gates or checks were looked at
    BACK = "back"  # a failed gate takes the toggles back


@dataclass(frozen=True, slots=True)
class Told:
    """What happened to the step of that id: the move in words, or the reason, and the verdicts."""

    kind: ToldKind
    step: str
    text: str
    judged: tuple[Judged, ...] = ()
