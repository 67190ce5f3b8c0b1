"""Where in the file a problem is: from a path in the document to file, line and dotted key."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from strangler.errors import Problem
from strangler_proxy.config.positions import Path, Positions

__all__ = ["Place", "did_you_mean"]


class Place:
    """A file's text as the places of its keys. `document` is what `tomllib` read from the same text."""

    def __init__(self, file: str, positions: Positions, document: dict[str, Any]) -> None:
        self.file = file
        self._positions = positions
        self._document = document

    def line(self, path: Path) -> int | None:
        """The line of the key at `path`, or of the nearest table around it."""
        return self._positions.of(path)

    def key(self, path: Path) -> str:
        """The dotted key. Items of a list go by their name: `routes[catalog.product-list].path`, else `routes[#2]`."""
        text = ""
        value: Any = self._document
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                value = None
            if isinstance(part, int):
                name = value.get("name") if isinstance(value, dict) else None
                text += f"[{name}]" if isinstance(name, str) and name else f"[#{part + 1}]"
            else:
                text += f".{part}" if text else part
        return text

    def problem(self, path: Path, wrong: str, right: str) -> Problem:
        """What is wrong at `path`, and what would be right."""
        return Problem(self.file, self.line(path), self.key(path), wrong, right)


def did_you_mean(word: str, known: list[str], right: str) -> str:
    """A suggestion when `word` is nearly one of `known`, in front of `right`."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}? Otherwise {right}" if close else right
