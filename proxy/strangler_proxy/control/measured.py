"""What workers and comparers have told of themselves, added up since the control plane started."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from strangler_proxy.counts import BOUNDS
from strangler_proxy.measures import COUNTER, MEASURES

__all__ = ["Measured"]


class Measured:
    """Sums over all of them there have been: one that ends takes nothing of what it told away.

    `requests` is by route, side, upstream, stage and status class; `durations` by the first four, for each one number
    of answers a bucket and the sum of seconds; `counters` by name and label values; `links` how often a worker of a
    slot has linked itself.
    """

    def __init__(self) -> None:
        self.requests: dict[tuple[str, ...], int] = defaultdict(int)
        self.durations: dict[tuple[str, ...], tuple[list[int], list[float]]] = {}
        self.counters: dict[tuple[str, ...], float] = defaultdict(float)
        self.links: dict[int, int] = defaultdict(int)

    def take(self, message: dict[str, Any]) -> None:
        """Take in a worker's message. A metric that is not known here, of a newer worker, is passed over."""
        for row in message["traffic"]:
            place = (str(row["route"]), str(row["side"]), str(row["upstream"]), str(row.get("stage", "")))
            self.requests[*place, str(row["status_class"])] += int(row["count"])
            buckets = row.get("buckets", ())
            if len(buckets) != len(BOUNDS) + 1:
                continue
            held, seconds = self.durations.setdefault(place, ([0] * len(buckets), [0.0]))
            held[:] = [before + int(number) for before, number in zip(held, buckets, strict=True)]
            seconds[0] += float(row["seconds"])
        self.grow(message.get("counters", ()))

    def grow(self, counters: Iterable[Any]) -> None:
        """Add up how counters have grown."""
        for name, labels, grown in counters:
            measure = MEASURES.get(name)
            if measure is not None and measure.kind == COUNTER and len(labels) == len(measure.labels):
                self.counters[name, *map(str, labels)] += grown
