"""Durations counted in logarithmic buckets."""

from __future__ import annotations

import math
from typing import Any, Final

from strangler.evidence.shape import count_of, items_of

__all__ = ["Histogram"]

_GROWTH: Final = 1.04
_PER_LOG: Final = 1 / math.log(_GROWTH)
_SHORTEST: Final = 1e-6
_BUCKETS: Final = 600
"""Up to 1 µs × 1.04^600: more than four hours. Longer ones count as that long."""


class Histogram:
    """How often which duration was seen. Seconds in, seconds out, each within 2 % of what was measured.

    Durations below 1 µs, and what is no number, count as 1 µs. Adding costs a logarithm; merging loses nothing.
    """

    __slots__ = ("buckets", "count")

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        """How many by bucket number: bucket n is for durations from 1 µs × 1.04^n up to 1.04 times that."""
        self.count = 0

    def add(self, seconds: float, count: int = 1) -> None:
        """Count a duration."""
        number = 0
        if seconds > _SHORTEST:
            scaled = math.log(seconds / _SHORTEST) * _PER_LOG
            number = int(scaled) if scaled < _BUCKETS else _BUCKETS - 1
        self.buckets[number] = self.buckets.get(number, 0) + count
        self.count += count

    def merge(self, other: Histogram) -> None:
        """Count everything that `other` has counted."""
        for number, count in other.buckets.items():
            self.buckets[number] = self.buckets.get(number, 0) + count
        self.count += other.count

    def quantile(self, share: float) -> float | None:
        """The duration that `share` (0 to 1) of all durations do not exceed; None where nothing was counted."""
        if not self.count:
            return None
        return self.at_rank(min(max(math.ceil(share * self.count), 1), self.count))

    def at_rank(self, rank: int) -> float:
        """The duration that is the `rank`-th from below, counted from 1. Raises ValueError outside of what was
        counted."""
        # The value whose relative distance to both ends of its bucket is the same.
        return _SHORTEST * _GROWTH ** self._bucket(rank) * 2 * _GROWTH / (_GROWTH + 1)

    def bounds_at_rank(self, rank: int) -> tuple[float, float]:
        """Between which durations that one surely is. Raises ValueError as `at_rank` does."""
        number = self._bucket(rank)
        low = _SHORTEST * _GROWTH**number if number else 0.0
        return low, _SHORTEST * _GROWTH ** (number + 1) if number < _BUCKETS - 1 else math.inf

    def _bucket(self, rank: int) -> int:
        if not 1 <= rank <= self.count:
            raise ValueError(f"there is no rank {rank} among {self.count}")
        seen = number = 0
        for number in sorted(self.buckets):
            seen += self.buckets[number]
            if seen >= rank:
                break
        return number

    def to_json(self) -> list[list[int]]:
        """Bucket numbers with their counts, in order."""
        return [[number, self.buckets[number]] for number in sorted(self.buckets)]

    @classmethod
    def from_json(cls, document: Any) -> Histogram:
        """What `to_json` gave. Raises ValueError for anything else."""
        made = cls()
        for item in items_of(document, "a histogram"):
            number, count = items_of(item, "a bucket", 2)
            if count_of(number, "a bucket's number") >= _BUCKETS:
                raise ValueError(f"there is no bucket {number}")
            made.buckets[number] = made.buckets.get(number, 0) + count_of(count, "a bucket's count")
            made.count += count
        return made
