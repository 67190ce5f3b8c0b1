"""One entry of the audit of documents and calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["Event"]


@dataclass(frozen=True, slots=True)
class Event:
    """Who did what to which name, when (UTC) and why, with what may be looked up later in `detail` (plain JSON types).

    `action` is two words with a dot between, such as `rollout.start`, `token.create` or `api.call`. The store gives
    the `id`, which grows; it is 0 before that.
    """

    at: datetime
    who: str
    action: str
    name: str
    why: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0

    def to_json(self) -> dict[str, Any]:
        """The event as plain JSON types."""
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "who": self.who,
            "action": self.action,
            "name": self.name,
            "why": self.why,
            "detail": dict(self.detail),
        }
