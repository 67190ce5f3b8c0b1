"""Trying again: after a random pause, a bounded number of times, within the deadline and a budget shared by all.

Own code, for the library's core needs nothing but Python; and the pauses of the well-known ones lose their jitter
once they have reached their cap, which is when a crowd has formed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from strangler.errors import CallRefused, DeadlineExceeded
from strangler.resilience.bounds import exception_types, longer, positive, whole
from strangler.resilience.deadline import remaining
from strangler.resilience.guard import Guard
from strangler.resilience.retry_budget import RetryBudget

__all__ = ["Retry", "RetrySettings"]


@dataclass(frozen=True)
class RetrySettings:
    """How often and how soon. Times are in seconds. Raises PolicyError for a wrong value.

    At most `attempts` tries (default 3), the first one included. Before the second one a pause of any length up to
    `pause` (default 0.05), and up to twice as long before each further one, but never more than `longest_pause`
    (default 2). Where the failure says when to come again, not before that; and not at all if that is further away
    than `longest_wait` (default 5).
    """

    attempts: int = 3
    pause: float = 0.05
    longest_pause: float = 2.0
    longest_wait: float = 5.0

    def __post_init__(self) -> None:
        what = "RetrySettings"
        whole(what, "attempts", self.attempts, least=1)
        positive(what, "pause", self.pause)
        longer(what, "longest_pause", self.longest_pause, "pause", self.pause)
        longer(what, "longest_wait", self.longest_wait, "0", 0.0)

    def bound(self, failures: int) -> float:
        """The longest pause after so many failed tries."""
        # The exponent is bounded, for a float is too.
        return min(self.pause * 2.0 ** min(failures - 1, 64), self.longest_pause)


class Retry(Guard):
    """Makes a call again that failed in a way that may pass. Only for calls that may be made twice.

        again = Retry(worth=(httpx.TransportError,))

        @again
        def product(pk: int) -> Product: ...

    `worth` says which exceptions are worth another try: a tuple of types, or a function that is asked. An exception's
    attribute `retry_after`, in seconds, is honoured, and `retry_after` can be given as a function that finds it
    elsewhere. `budget` is shared by all that call the same service; by default this Retry has one of its own.

    No try is made once the deadline is over or would be after the pause, nor after a call was refused by a guard
    (BreakerOpen, BulkheadFull) or ended by the deadline. The exception that is raised in the end is the one of the
    last call that was really made. Raises PolicyError for `worth` that is neither.
    """

    def __init__(
        self,
        settings: RetrySettings | None = None,
        *,
        worth: tuple[type[Exception], ...] | Callable[[Exception], bool],
        retry_after: Callable[[Exception], float | None] | None = None,
        budget: RetryBudget | None = None,
        sleep: Callable[[float], object] = time.sleep,
        sleep_async: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if isinstance(worth, type | tuple):
            exception_types("Retry", "worth", worth)
        self._settings = settings or RetrySettings()
        self._worth = worth
        self._retry_after = retry_after or _told
        self._budget = budget or RetryBudget()
        self._sleep = sleep
        self._sleep_async = sleep_async
        self._jitter = jitter

    def _run(self, call: Callable[[], Any]) -> Any:
        self._budget.called()
        failures = 0
        made: Exception | None = None
        try:
            while True:
                try:
                    return call()
                except Exception as error:
                    failures += 1
                    pause = self._pause(failures, error)
                    made = error if made is None or not _refused(error) else made
                    if pause is None and made is error:
                        raise
                    if pause is None:
                        raise made from made.__cause__
                self._sleep(pause)
        finally:
            made = None  # or frame and exception would keep each other alive

    async def _run_async(self, call: Callable[[], Awaitable[Any]]) -> Any:
        self._budget.called()
        failures = 0
        made: Exception | None = None
        try:
            while True:
                try:
                    return await call()
                except Exception as error:
                    failures += 1
                    pause = self._pause(failures, error)
                    made = error if made is None or not _refused(error) else made
                    if pause is None and made is error:
                        raise
                    if pause is None:
                        raise made from made.__cause__
                await self._sleep_async(pause)
        finally:
            made = None  # or frame and exception would keep each other alive

    def _pause(self, failures: int, error: Exception) -> float | None:
        """For how long to wait before another try; None: no other."""
        if isinstance(error, CallRefused | DeadlineExceeded) or failures >= self._settings.attempts:
            return None
        if not (isinstance(error, self._worth) if isinstance(self._worth, tuple) else self._worth(error)):
            return None
        told = self._retry_after(error) or 0.0
        if told > self._settings.longest_wait:
            return None
        pause = max(self._jitter() * self._settings.bound(failures), told)
        if pause >= remaining() or not self._budget.retry():
            return None
        return pause


def _told(error: Exception) -> float | None:
    told = getattr(error, "retry_after", None)
    return float(told) if isinstance(told, int | float) else None


def _refused(error: Exception) -> bool:
    # A refused try hides what the last one that was made came to, and would say that nothing had come of the call.
    return isinstance(error, CallRefused) or (isinstance(error, DeadlineExceeded) and not error.begun)
