"""The stages of a route or seam, and the two sides that can answer."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Kind", "Side", "Stage"]


class Stage(StrEnum):
    """How far a route or seam has moved. Members are in the order in which it moves."""

    MONOLITH = "monolith"
    SHADOW = "shadow"
    CANARY = "canary"
    EXTRACTED = "extracted"
    RETIRED = "retired"

    @property
    def position(self) -> int:
        """0 for `monolith` up to 4 for `retired`."""
        return _POSITIONS[self]

    @property
    def following(self) -> Stage | None:
        """The stage one step forward, None after `retired`."""
        stages = list(Stage)
        return stages[self.position + 1] if self.position + 1 < len(stages) else None


_POSITIONS = {stage: position for position, stage in enumerate(Stage)}


class Side(StrEnum):
    """Who answers: the monolith (for a seam, the old implementation) or the candidate (the new one)."""

    MONOLITH = "monolith"
    CANDIDATE = "candidate"


class Kind(StrEnum):
    """What a toggle moves: a route of the proxy or a seam inside the monolith."""

    ROUTE = "route"
    SEAM = "seam"
