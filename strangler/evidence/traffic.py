"""What customers got of each side of each route, by windows of time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from strangler.evidence.scope import OTHERS

__all__ = [
    "BOUNDS",
    "LENGTHS",
    "MOST_RELEASES",
    "Opened",
    "Traffic",
    "TrafficKey",
    "Window",
    "cut_key",
    "duration_at",
    "joined",
    "joins",
    "total",
    "window_of",
]

BOUNDS: Final[tuple[float, ...]] = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
)
"""Upper bounds (inclusive) of the buckets that durations are counted in, in seconds; the last bucket, without a bound,
comes on top."""

LENGTHS: Final = (5, 60, 3600)
"""How long windows are, in seconds: what is new is kept in the shortest."""

MOST_RELEASES: Final = 256
"""Of one route, as many releases are told apart at a time; the rest is counted as `…`."""

_FINE_FOR: Final = 3600.0
_MINUTES_FOR: Final = 90 * 86_400.0
_HOURS_FOR: Final = 2 * 365 * 86_400.0
_NO_BUCKETS: Final = (0,) * (len(BOUNDS) + 1)
_LONGEST: Final = 300


class TrafficKey(NamedTuple):
    """What requests are counted by. `side` is the one that was to answer the customer (`monolith`, `candidate`), also
    where it failed and the monolith answered in its place; `stage` is empty for a route without a twin. `release` is
    what that side's upstream said it is: empty where it says nothing, `…` where it said several things within one
    second, or where too many of them are known."""

    route: str
    side: str
    stage: str = ""
    release: str = ""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What customers got of one side. Of the candidate, a request that fell back to the monolith is one of its requests
    and one of its errors, though the customer may have got a 200, and took as long as the customer waited."""

    requests: int = 0
    errors: int = 0
    """Answers of 500 and above, answers that were broken off, and requests that fell back."""
    fallbacks: int = 0
    """Requests that fell back; errors too."""
    seconds: float = 0.0
    """How long all of them took together, but for those that became a tunnel, which may be open for hours."""
    buckets: tuple[int, ...] = _NO_BUCKETS
    """How many took how long, one number for each of `BOUNDS` and one for what took longer; tunnels are left out."""

    def __add__(self, other: Traffic) -> Traffic:
        """Both together."""
        return Traffic(
            self.requests + other.requests,
            self.errors + other.errors,
            self.fallbacks + other.fallbacks,
            self.seconds + other.seconds,
            tuple([mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)]),
        )


@dataclass(frozen=True, slots=True)
class Window:
    """What one side of a route did in the `seconds` from `start` (seconds since 1970, a multiple of them) on."""

    start: float
    seconds: int
    key: TrafficKey
    traffic: Traffic

    def to_json(self) -> dict[str, Any]:
        """The window as a JSON document; `took` is how long all requests took together."""
        return {
            **self.key._asdict(),
            "start": self.start,
            "seconds": self.seconds,
            "requests": self.traffic.requests,
            "errors": self.traffic.errors,
            "fallbacks": self.traffic.fallbacks,
            "took": self.traffic.seconds,
            "buckets": list(self.traffic.buckets),
        }


@dataclass(frozen=True, slots=True)
class Opened:
    """How often a circuit breaker of an upstream opened in the `seconds` from `start` on; each worker has its own."""

    start: float
    seconds: int
    upstream: str
    count: int

    def to_json(self) -> dict[str, Any]:
        """The openings as a JSON document."""
        return {"upstream": self.upstream, "start": self.start, "seconds": self.seconds, "count": self.count}


def window_of(at: float, length: int = LENGTHS[0]) -> int:
    """When the window of that length began which `at` (seconds since 1970) is in."""
    return int(at // length) * length


def joins(now: float) -> tuple[tuple[int, int, int], ...]:
    """What becomes of windows that are old enough: those of the first length that began before the third number are
    joined into windows of the second; into 0, they are forgotten. The shortest are kept for an hour, minutes for 90
    days, hours for two years."""
    fine, minute, hour = LENGTHS
    return (
        (fine, minute, window_of(now - _FINE_FOR, minute)),
        (minute, hour, window_of(now - _MINUTES_FOR, hour)),
        (hour, 0, window_of(now - _HOURS_FOR, hour)),
    )


def joined(windows: Iterable[Window], length: int) -> list[Window]:
    """The windows, those shorter than `length` seconds joined into windows of that length; in the order of their start,
    and then by key."""
    found: dict[tuple[float, TrafficKey, int], Traffic] = {}
    for window in windows:
        seconds = max(window.seconds, length)
        place = window_of(window.start, seconds), window.key, seconds
        found[place] = found.get(place, Traffic()) + window.traffic
    return [Window(start, seconds, key, found[start, key, seconds]) for start, key, seconds in sorted(found)]


def total(windows: Iterable[Window]) -> Traffic:
    """All windows together."""
    found = Traffic()
    for window in windows:
        found += window.traffic
    return found


def duration_at(buckets: Sequence[int], share: float) -> float | None:
    """The duration, in seconds, that `share` (0 to 1) of what these buckets count did not exceed, as if each bucket's
    were spread evenly over it; None where they count nothing. Of what took longer than the last bound, that bound."""
    rank = share * sum(buckets)
    if not rank:
        return None
    low = seen = 0.0
    for high, count in zip(BOUNDS, buckets, strict=False):
        if count and seen + count >= rank:
            return low + (high - low) * (rank - seen) / count
        seen += count
        low = high
    return low


def cut_key(key: TrafficKey, known: Collection[str]) -> TrafficKey:
    """The key to count by, where these releases of its route are known: no name is too long, and past `MOST_RELEASES`
    there is no new one."""
    route, side, stage, release = (each if len(each) <= _LONGEST else each[:_LONGEST] + OTHERS for each in key)
    if release not in known and len(known) >= MOST_RELEASES:
        release = OTHERS
    return TrafficKey(route, side, stage, release)
