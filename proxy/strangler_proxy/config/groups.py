"""A group of subjects, as the file has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Group"]


@dataclass(frozen=True, slots=True)
class Group:
    """Whoever is one of `subjects`, or comes with one of `headers` (a value, None for any) from an edge that is
    believed. `line` is where it stands in the file."""

    name: str
    subjects: frozenset[str] = frozenset()
    headers: Mapping[str, str | None] = field(default_factory=dict)
    line: int | None = None
