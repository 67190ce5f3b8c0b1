"""From windows of traffic to both sides of the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import inf
from typing import Final

from strangler.evidence import Window
from strangler.evidence.scope import OTHERS
from strangler.gates import Answered, Span

__all__ = ["answered", "newest_release", "spans_of"]

_GONE_AFTER: Final = 60.0


def spans_of(windows: Iterable[Window], *, now: float) -> tuple[Span, ...]:
    """Both sides by time, in order. A window that is not over yet is left out: what is judged at each look must be
    whole, or looking often would make it say more than it knows."""
    found: dict[tuple[float, float], dict[str, list[Window]]] = defaultdict(lambda: defaultdict(list))
    for window in windows:
        if window.start + window.seconds <= now:
            found[window.start, window.seconds][window.key.side].append(window)
    return tuple(
        Span(start, seconds, answered(sides["monolith"]), answered(sides["candidate"]))
        for (start, seconds), sides in sorted(found.items())
    )


def answered(windows: Iterable[Window]) -> Answered:
    """What one side did in all of them."""
    requests = errors = 0
    buckets: tuple[int, ...] = ()
    for window in windows:
        traffic = window.traffic
        requests += traffic.requests
        errors += traffic.errors
        buckets = tuple(map(sum, zip(buckets, traffic.buckets, strict=True))) if buckets else traffic.buckets
    return Answered(requests, errors, buckets)


def newest_release(windows: Sequence[Window]) -> tuple[str, float]:
    """The release of the candidate that came last of those that still answer, and since when it has, without any that
    is gone; empty and 0.0 where none says which it is. While one takes the place of another both may answer; of one
    that was taken back nothing is left a minute later."""
    told = [
        (window.key.release, window.start)
        for window in windows
        if window.key.side == "candidate" and window.key.release and window.key.release != OTHERS
    ]
    last: dict[str, float] = {}
    for release, start in told:
        last[release] = max(start, last.get(release, start))
    gone_before = max(last.values(), default=0.0) - _GONE_AFTER
    gone = max((start for start in last.values() if start < gone_before), default=-inf)
    first: dict[str, float] = {}
    for release, start in told:
        if start > gone:
            first[release] = min(start, first.get(release, start))
    return max(first.items(), key=lambda item: item[1], default=("", 0.0))
