"""How often something may be done for each key, as time goes by."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable
from typing import Final

__all__ = ["Allowance"]

_MOST_KEYS: Final = 4096


class Allowance:
    """For each key `rate` times a second, and at first, or after a pause, up to `burst` times at once.

    Of more than 4096 keys the one that was used least lately is forgotten; it then begins anew.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        # What is left for a key, as of a moment.
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, keys: Collection[Hashable], now: float) -> bool:
        """Whether one of `keys` has something left at `now` (seconds, never going back); if so each that has pays."""
        paying = [(key, left) for key in keys if (left := self._of(key, now)) >= 1.0]
        for key, left in paying:
            self._left[key] = (left - 1.0, now)
            self._left.move_to_end(key)
        while len(self._left) > _MOST_KEYS:
            self._left.popitem(last=False)
        return bool(paying)

    def _of(self, key: Hashable, now: float) -> float:
        left, since = self._left.get(key, (self._burst, now))
        return min(left + (now - since) * self._rate, self._burst)
