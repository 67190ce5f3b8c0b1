"""What a move of toggles came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from strangler.toggles import Refusal, Toggle

__all__ = ["Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a move came to: the revision in force, the toggles before and after, who has acknowledged, who has not.

    A worker of this replica is called by its slot, `0`, and one of another by both names, `eu-2/0`. `lost` are replicas
    that are not heard of: nobody waited for them.

    `configured` names what this proxy has a route or seam for; a toggle without one moves nobody. `refused` is what a
    guard kept back while the others moved. Of a `dry_run` nothing moved: `moved` is what would.
    """

    revision: int
    moved: tuple[tuple[Toggle, Toggle], ...]
    acknowledged: tuple[str, ...]
    missing: tuple[str, ...]
    seconds: float
    configured: frozenset[str]
    refused: tuple[Refusal, ...] = ()
    lost: tuple[str, ...] = ()
    dry_run: bool = False

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain JSON types."""
        return {
            "revision": self.revision,
            "moved": [
                {
                    "name": after.name,
                    "from": before.to_json(),
                    "to": {**after.to_json(), "configured": after.name in self.configured},
                }
                for before, after in self.moved
            ],
            "acknowledged": list(self.acknowledged),
            "missing": list(self.missing),
            "lost": list(self.lost),
            "seconds": round(self.seconds, 6),
            "refused": [each.to_json() for each in self.refused],
            "dry_run": self.dry_run,
        }
