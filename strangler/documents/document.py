"""One document: a rollout's state, a plan's marks, a token, an approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["Document"]


@dataclass(frozen=True, slots=True)
class Document:
    """What is kept under a `name` of a `kind`, in plain JSON types, since `at` (UTC).

    `version` grows by one with each write, by a deletion too, so that none is ever given twice.
    """

    kind: str
    name: str
    version: int
    content: Mapping[str, Any]
    at: datetime

    def to_json(self) -> dict[str, Any]:
        """The document as plain JSON types."""
        return {
            "kind": self.kind,
            "name": self.name,
            "version": self.version,
            "content": dict(self.content),
            "at": self.at.isoformat(),
        }
