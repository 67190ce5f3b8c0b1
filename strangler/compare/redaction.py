"""What must not be kept: places whose values are secret or personal."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from strangler.compare.paths import PathPattern
from strangler.compare.safe_pattern import check_pattern

__all__ = ["Redaction", "RedactionKind"]


class RedactionKind(StrEnum):
    """Where a redaction looks."""

    PATH = "path"
    """A JSON path, in requests and answers: see `strangler.compare.paths`."""
    HEADER = "header"
    """A header's name, in any case, in requests and answers; may be a glob."""
    QUERY = "query"
    """A query parameter's name; may be a glob."""
    FORM = "form"
    """A form field's name, in form bodies and in the fields of HTML pages; may be a glob."""
    PATTERN = "pattern"
    """A regular expression, in every text; its first group where it has one, else all of it. One that could run away is
    refused, and what is taken needs at worst the square of a text's length: see `strangler.compare.safe_pattern`."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """`what`, looked for where `kind` says, is replaced before anything is kept; `why` is for people.

    Raises ValueError for a path or an expression that makes no sense, and for an expression that matches nothing at
    all, for it would be found everywhere. `line` is where the redaction stands in its file.
    """

    kind: RedactionKind
    what: str
    why: str
    line: int | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not self.what:
            raise ValueError("says no place")
        if self.kind is RedactionKind.PATH:
            PathPattern(self.what)
        elif self.kind is RedactionKind.PATTERN and check_pattern(self.what).match(""):
            raise ValueError(f"{self.what!r} matches nothing at all, and so everywhere")
