"""How fast a recording is replayed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

__all__ = ["Pace"]


class Pace:
    """Holds each request back until its time: at most `rate` a second (0 for any), or as they were recorded, `speed`
    times as fast (0 for not as recorded)."""

    def __init__(
        self,
        *,
        rate: float = 0.0,
        speed: float = 0.0,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._speed = speed
        self._clock = clock
        self._sleep = sleep
        self._began: float | None = None
        self._first = 0.0
        self._next = 0.0

    async def wait(self, at: float) -> None:
        """Return when a request that was recorded at `at` (seconds since 1970) is to be asked."""
        if not self._rate and not self._speed:
            return
        now = (self._clock or asyncio.get_running_loop().time)()
        if self._began is None:
            self._began = self._next = now
            self._first = at
        if self._speed:
            due = self._began + max(0.0, at - self._first) / self._speed
        else:
            # Time that was not used is not made up for in one go.
            due = max(self._next, now)
            self._next = due + 1 / self._rate
        if due > now:
            await self._sleep(due - now)
