"""From windows of traffic to both sides of the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from strangler.evidence import Window
from strangler.evidence.scope import OTHERS
from strangler.gates import Answered, Span

__all__ = ["answered", "newest_release", "spans_of"]


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
    """The release of the candidate that came last, and when it did; empty and 0.0 where none says which it is."""
    first: dict[str, float] = {}
    for window in windows:
        release = window.key.release
        if window.key.side == "candidate" and release and release != OTHERS:
            first[release] = min(window.start, first.get(release, window.start))
    return max(first.items(), key=lambda item: item[1], default=("", 0.0))
