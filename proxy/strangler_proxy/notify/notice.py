"""What people are told of without asking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

__all__ = ["FORMAT", "Notice", "NoticeKind"]

FORMAT: Final = 1


class NoticeKind(StrEnum):
    """Of what."""

    STEP_BACK = "step_back"
    """A gate failed, and a rollout took its toggles back."""
    PAUSE = "pause"
    """A rollout stopped, for a gate stayed inconclusive."""
    PERSON_WANTED = "person_wanted"
    """A rollout needs a person: an approval, or a hand to what it may not or will not touch."""
    NEW_DIFFERENCE = "new_difference"
    """The sides of a route differ in a way that was not seen before."""
    FINISH = "finish"
    """A rollout has passed its last station."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One piece of news: its kind, the rollout or route it is of, the news in a sentence or two, and the same for
    programs in `detail` (plain JSON types). It holds no value of anybody's answer."""

    kind: NoticeKind
    name: str
    text: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self, *, name: str, at: float, replica: str) -> dict[str, Any]:
        """The notice as it is sent: under the id `name`, since `at` (seconds since 1970), from a replica."""
        return {
            "format": FORMAT,
            "id": name,
            "at": at,
            "replica": replica,
            "kind": self.kind.value,
            "name": self.name,
            # What chats show of a message as it is.
            "text": self.text,
            "detail": dict(self.detail),
        }
