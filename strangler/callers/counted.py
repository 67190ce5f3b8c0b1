"""What is counted of requests that reached the monolith."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = ["Caller", "Counted", "Passage", "Reached"]


class Passage(StrEnum):
    """By which way a request came: `through` the proxy, `past` it, or as one of the proxy's `copies`, which no customer
    waits for."""

    THROUGH = "through"
    PAST = "past"
    COPIES = "copies"


@dataclass(frozen=True, slots=True)
class Counted:
    """So many requests, the `first` and the `last` in seconds since the epoch."""

    requests: int
    first: float
    last: float

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.requests + other.requests, min(self.first, other.first), max(self.last, other.last))


@dataclass(frozen=True, slots=True)
class Reached:
    """A view of the monolith that was reached by one method and passage.

    `route` is the view's key in the inventory, empty for a path that no URL pattern takes; `name` is its URL's name.
    """

    passage: Passage
    method: str
    route: str
    name: str
    counted: Counted


@dataclass(frozen=True, slots=True)
class Caller:
    """Who reached a view past the proxy.

    `client` says where from: `loopback`, `private`, `public` or `unknown`; `agent` is the first word of User-Agent,
    `browser` or `bot`. `addresses` and `paths` are a few examples; long parts of paths are left out.
    """

    client: str
    agent: str
    method: str
    route: str
    counted: Counted
    addresses: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def __add__(self, other: Caller) -> Caller:
        return replace(
            self,
            counted=self.counted + other.counted,
            addresses=tuple(dict.fromkeys((*self.addresses, *other.addresses)))[:4],
            paths=tuple(dict.fromkeys((*self.paths, *other.paths)))[:3],
        )
