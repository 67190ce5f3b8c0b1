"""Which view answers a path, as Django would decide it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from strangler.inventory.characters import parsed
from strangler.inventory.inventory import Inventory
from strangler.inventory.view import View

__all__ = ["Found", "Lookup", "literal_start"]

# The project's expressions are run over what clients chose to send: longer paths are looked up by nobody.
_LONGEST: Final = 2000
# Paths with numbers in them have no end, and a log has most of its paths many times.
_MOST_KNOWN: Final = 100_000


@dataclass(frozen=True, slots=True)
class Found:
    """The view that a path leads to. `redirected` says that Django sends it to the path with its last slash first."""

    view: View
    redirected: bool = False


class Lookup:
    """The views of an inventory, in the order in which Django tries them."""

    def __init__(self, inventory: Inventory) -> None:
        self._patterns = list(_patterns(inventory.views))
        self._known: dict[str, Found | None] = {}

    def find(self, path: str) -> Found | None:
        """What a decoded path leads to, from its first slash on; None where it would be a 404."""
        if path not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[path] = self._find(path)
        return self._known[path]

    def taking(self, path: str) -> View | None:
        """The view whose pattern is the first that matches the path as it stands."""
        if len(path) > _LONGEST:
            return None
        patterns = self._patterns
        return next((view for start, regex, view in patterns if path.startswith(start) and regex.fullmatch(path)), None)

    def _find(self, path: str) -> Found | None:
        view = self.taking(path)
        if view is not None or path.endswith("/"):
            return None if view is None else Found(view)
        slashed = self.taking(f"{path}/")
        return Found(slashed, redirected=True) if slashed is not None and slashed.append_slash else None


def _patterns(views: Iterable[View]) -> Iterator[tuple[str, re.Pattern[str], View]]:
    """The text that each pattern's paths begin with, which is cheap to ask for, the pattern, and its view."""
    for view in views:
        for form in view.forms:
            start = literal_start(form.regex)
            for prefix in form.prefixes:
                yield prefix + start, re.compile(re.escape(prefix) + form.regex), view


@lru_cache(maxsize=4096)
def literal_start(expression: str) -> str:
    """The text that everything begins with that matches an expression."""
    text = ""
    for node in parsed(expression):
        if str(node[0]) != "LITERAL":
            break
        text += chr(node[1])
    return text
