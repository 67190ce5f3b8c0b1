from __future__ import annotations

import math
import time

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from extracted.catalog.public.asked import Asked
from extracted.catalog.public.phrases import phrase
from extracted.catalog.public.refusal import Refusal

__all__ = ["Throttle", "parse_rate"]

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_rate(rate: str) -> tuple[int, int] | None:
    """`6000/min` as (6000, 60); None for an empty rate: no limit. Raises ValueError."""
    if not rate:
        return None
    number, _, period = rate.partition("/")
    if not number.isdecimal() or not int(number) or period[:1] not in _SECONDS:
        raise ValueError(f"{rate!r} is no rate")
    return int(number), _SECONDS[period[:1]]


class Throttle:
    """So many requests of one client within the last so many seconds, refused ones not counted."""

    def __init__(self, rate: str, proxy_count: int) -> None:
        parsed = parse_rate(rate)
        self._proxy_count = proxy_count
        self._item: RateLimitItem | None = None
        if parsed is not None:
            number, self._seconds = parsed
            self._item = RateLimitItemPerSecond(number, self._seconds)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def admit(self, asked: Asked) -> None:
        """Counts the request. Raises Refusal, with Retry-After, when it is one too many."""
        if self._item is None:
            return
        client = self._client(asked)
        if self._limiter.hit(self._item, client):
            return
        free_at = self._limiter.get_window_stats(self._item, client).reset_time
        wait = max(math.ceil(free_at - time.time()), 1)
        words = phrase("available_in_one" if wait == 1 else "available_in", asked.language, wait=wait)
        raise Refusal(429, {"detail": f"{phrase('throttled', asked.language)} {words}"}, {"Retry-After": str(wait)})

    def _client(self, asked: Asked) -> str:
        forwarded = asked.headers.get("x-forwarded-for")
        if self._proxy_count == 0 or forwarded is None:
            return asked.peer
        hops = forwarded.split(",")
        return hops[-min(self._proxy_count, len(hops))].strip()
