"""Where one can go in the control room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

__all__ = ["HOME", "PLACES", "Place", "own_path"]

HOME: Final = "/room/"
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation, reached by the keys `g` and `letter` too."""

    path: str
    label: str
    letter: str


PLACES: Final = (
    Place(HOME, "Overview", "o"),
    Place("/room/differences", "Differences", "d"),
    Place("/room/plan", "Plan", "p"),
    Place("/room/audit", "Audit", "a"),
    Place("/room/upstreams", "Upstreams", "u"),
)


def own_path(given: str, default: str = HOME) -> str:
    """`given` where it is a path with query within the control room, else `default`: nobody is sent elsewhere by an
    address that somebody else made."""
    if not given.isascii() or not given.isprintable() or "\\" in given or len(given) > _LONGEST:
        return default
    parts = urlsplit(given)
    segments = [unquote(segment) for segment in parts.path.removeprefix(HOME).split("/")]
    # Browsers resolve dots before they ask.
    astray = not parts.path.startswith(HOME) or not {".", ".."}.isdisjoint(segments)
    return default if parts.scheme or parts.netloc or astray else given
