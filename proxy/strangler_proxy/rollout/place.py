"""Where a route or seam stands: its stage, and in stage `canary` its share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from strangler.toggles import BUCKETS, Move, Stage, Toggle, format_share, parse_share

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """A stage, with a share in buckets where it is `canary` (else 0). Places are in the order of the way forward."""

    stage: Stage
    share: int = 0

    def __str__(self) -> str:
        return f"canary {format_share(self.share)}" if self.stage is Stage.CANARY else self.stage.value

    def __lt__(self, other: Place) -> bool:
        return (self.stage.position, self.share) < (other.stage.position, other.share)

    @classmethod
    def of(cls, toggle: Toggle) -> Place:
        """Where a toggle stands. Overrides by hand are no place: they go along."""
        return cls(toggle.stage, toggle.share if toggle.stage is Stage.CANARY else 0)

    @classmethod
    def from_share(cls, text: str) -> Place:
        """`"shadow"`, or a share above 0% as people write it; `"100%"` is stage `extracted`. Raises ValueError."""
        if text.strip() == Stage.SHADOW:
            return cls(Stage.SHADOW)
        share = parse_share(text)
        if not share:
            raise ValueError(f"{text!r} sends nobody to the candidate; write a share above 0%, or 'shadow'")
        return cls(Stage.EXTRACTED) if share == BUCKETS else cls(Stage.CANARY, share)

    @property
    def move(self) -> Move:
        """The move there."""
        return Move(self.stage, self.share if self.stage is Stage.CANARY else None)

    def is_next(self, present: Place) -> bool:
        """Whether the stages allow the way forward from `present` to here without force."""
        return self.stage in (present.stage, present.stage.following) and self.stage is not Stage.RETIRED

    def to_json(self) -> dict[str, Any]:
        """The place as plain JSON types."""
        return {"stage": self.stage.value, "share": self.share}

    @classmethod
    def from_json(cls, document: Any) -> Place:
        """What `to_json` gave. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(Stage(document["stage"]), int(document["share"]))
