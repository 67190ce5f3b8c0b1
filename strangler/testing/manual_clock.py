"""A clock that stands until a test moves it."""

from __future__ import annotations

import threading

__all__ = ["ManualClock"]


class ManualClock:
    """Stands in for `time.monotonic`, `time.sleep` and `asyncio.sleep` wherever a clock can be given.

        clock = ManualClock()
        breaker = CircuitBreaker("catalog", clock=clock)
        retry = Retry(worth=(OSError,), sleep=clock.sleep, sleep_async=clock.sleep_async)
        clock.advance(30)

    `slept` lists the pauses that were asked for, in seconds. Threads may share one.
    """

    def __init__(self, now: float = 1000.0) -> None:
        self._now = now
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move it on, or back with a number below 0."""
        with self._lock:
            self._now += seconds

    def sleep(self, seconds: float) -> None:
        """A pause that takes no time: the clock moves on at once."""
        with self._lock:
            self._now += seconds
            self.slept.append(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """As `sleep`."""
        self.sleep(seconds)
