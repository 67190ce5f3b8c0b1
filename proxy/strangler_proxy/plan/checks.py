"""What a step that takes the old code away wants proved first: that nobody needs it any more."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Checks", "NoTraffic", "NothingLeft"]


@dataclass(frozen=True, slots=True)
class NoTraffic:
    """For `seconds` the monolith has answered none of `routes` for the proxy.

    `callers` is a file of what the monolith itself has counted, and `views` the keys of the views that nobody may have
    reached in that time, by the proxy or past it; both are empty where the monolith is not asked.
    """

    routes: tuple[str, ...]
    seconds: float
    callers: str = ""
    views: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NothingLeft:
    """Below the folders `within` nothing names `names` any more: dotted modules that would be imported, and texts such
    as a URL. `delete` are the files that are to go, which may name them; the paths are relative to the plan's folder.
    """

    names: tuple[str, ...]
    within: tuple[str, ...]
    delete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks of a step; None for one that is not wanted."""

    no_traffic: NoTraffic | None = None
    nothing_left: NothingLeft | None = None
