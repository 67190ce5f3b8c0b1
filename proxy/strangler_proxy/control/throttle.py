"""How often somebody may come: a token bucket for each key, in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final

__all__ = ["Throttle"]

_MOST_KEYS: Final = 10_000


class Throttle:
    """Lets each key come `rate` times a second, and up to `burst` times at once after a rest.

    Keys may be the callers' own choice: of `most` the one that came longest ago is forgotten, which forgives it.
    """

    def __init__(
        self, rate: float, burst: float, *, most: int = _MOST_KEYS, clock: Callable[[], float] = monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._clock = clock
        # What each key has left, and when that was so.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """0 where `key` may come now, which is counted; else the seconds until it may."""
        now = self._clock()
        left, since = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        come = left >= 1.0
        self._left[key] = (left - 1.0 if come else left), now
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return 0.0 if come else (1.0 - left) / self._rate
