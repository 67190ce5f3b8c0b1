"""Whether routes take of the monolith what they are meant to, by its inventory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from strangler.inventory import read_inventory
from strangler_proxy.discover import Capture, Captures
from strangler_proxy.routes.route import Route

__all__ = ["Intent"]

_MOST_NAMED: Final = 5


class Intent:
    """Holds `routes` against the inventory in the file `path`, which is read again when it has changed."""

    def __init__(self, path: Path, routes: Sequence[Route]) -> None:
        self._path = path
        self._routes = routes
        self._read_at = -1
        self._captures: Captures | None = None
        self._known: dict[str, tuple[Capture, ...]] = {}

    def missed(self, route: Route) -> str:
        """What a route takes that it is not meant to, or does not take that it is, in a sentence; empty for neither.

        Raises ConfigError for a file that is no inventory, OSError for one that cannot be read.
        """
        return _missed(route, [each for each in self.captures(route) if each.methods])

    def captures(self, route: Route) -> tuple[Capture, ...]:
        """The views of the monolith that a route takes something of. Raises as `missed`."""
        changed = self._path.stat().st_mtime_ns
        if self._captures is None or changed != self._read_at:
            self._captures = Captures(read_inventory(self._path), self._routes)
            self._read_at, self._known = changed, {}
        if route.name not in self._known:
            self._known[route.name] = tuple(self._captures.of(route))
        return self._known[route.name]


def _missed(route: Route, found: Sequence[Capture]) -> str:
    if not found:
        return f"{route.name} takes no URL that the monolith has ({route.path})."
    if not route.captures:
        if len({each.what for each in found}) == 1:
            return ""
        return f"{route.name} takes several views of the monolith: {_listed(found)}."
    others = [each for each in found if not _names(each) & set(route.captures)]
    if others:
        return f"{route.name} takes what it is not meant to: {_listed(others)}."
    named = {name for each in found for name in _names(each)}
    absent = [name for name in route.captures if name not in named]
    return f"{route.name} is meant to take {', '.join(absent)}, and does not." if absent else ""


def _names(capture: Capture) -> set[str]:
    return {capture.view.title, capture.view.view, capture.view.key}


def _listed(captures: Sequence[Capture]) -> str:
    shown = [f"{each.view.title} ({each.example})" for each in captures[:_MOST_NAMED]]
    more = len(captures) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")
