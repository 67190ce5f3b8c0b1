"""Until when an answer is of use: a time that goes along with the work, from caller to caller and over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from math import inf
from time import monotonic
from types import TracebackType
from typing import Final, Self

from strangler.errors import DeadlineExceeded, PolicyError
from strangler.resilience.bounds import positive

__all__ = ["DEADLINE_HEADER", "Deadline", "check_deadline", "deadline_headers", "no_deadline", "remaining"]

DEADLINE_HEADER: Final = "X-Strangler-Deadline-Ms"

_CURRENT: Final[ContextVar[Deadline | None]] = ContextVar("strangler_deadline", default=None)
# asyncio's timers may be early by the clock's resolution; whoever is cancelled by ours is to find no time left.
_AFTER: Final = 0.001


class Deadline:
    """A block of work, and what it calls, has `seconds` from its beginning. Within another deadline the sooner holds.

        with Deadline(0.5):
            client.get(url, timeout=remaining(), headers=deadline_headers())

        async with Deadline(0.5):
            await client.get(url, headers=deadline_headers())

    `with` only tells: nothing can stop a thread, so what waits must ask `remaining()`. `async with` also cancels the
    block when its time is over, and raises DeadlineExceeded. Both raise it before the block begins when no time is
    left. It holds in the tasks that the block starts (they copy its context), and in `asyncio.to_thread`, not in
    threads that are started otherwise. A Deadline serves one block. Raises PolicyError for no number above 0.
    """

    __slots__ = ("_clock", "_ends", "_seconds", "_timeout", "_token")

    def __init__(self, seconds: float, *, clock: Callable[[], float] = monotonic) -> None:
        positive("Deadline", "seconds", seconds)
        self._seconds = seconds
        self._clock = clock
        self._ends = inf
        self._timeout: asyncio.Timeout | None = None
        self._token: Token[Deadline | None] | None = None

    @classmethod
    def from_header(cls, value: str | None, *, at_most: float, clock: Callable[[], float] = monotonic) -> Deadline:
        """What a caller sent as `X-Strangler-Deadline-Ms`, but never more than `at_most` seconds.

        Without the header, or with one that is no whole number, it is `at_most`. A caller whose time is over has
        sent 0: then the block raises DeadlineExceeded before it begins.
        """
        positive("Deadline", "at_most", at_most)
        made = cls(at_most, clock=clock)
        if value is not None and value.isascii() and value.isdigit() and len(value) < 16:
            made._seconds = min(int(value) / 1000, at_most)
        return made

    def remaining(self) -> float:
        """Seconds that are left, 0.0 when there are none; all of them before the block has begun."""
        # Never more than there were: the clock may go backwards.
        return max(0.0, min(self._seconds, self._ends - self._clock()))

    def __enter__(self) -> Self:
        if self._ends != inf:
            raise PolicyError("A Deadline serves one block: make another.")
        outer = _CURRENT.get()
        left = min(self._seconds, inf if outer is None else outer.remaining())
        if left <= 0:
            raise DeadlineExceeded("The time for this is over: it was not begun.", begun=False)
        self._seconds = left
        self._ends = self._clock() + left
        self._token = _CURRENT.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            _CURRENT.reset(self._token)
            self._token = None

    async def __aenter__(self) -> Self:
        self.__enter__()
        try:
            self._timeout = asyncio.timeout(self.remaining() + _AFTER)
            await self._timeout.__aenter__()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)
        if self._timeout is None:
            return
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            begun = getattr(error, "begun", True)
            raise DeadlineExceeded(f"It was not done within {self._seconds:g} s.", begun=begun) from error


def remaining() -> float:
    """Seconds that are left to the work at hand, 0.0 when its time is over; infinite without a deadline."""
    current = _CURRENT.get()
    return inf if current is None else current.remaining()


@contextmanager
def no_deadline() -> Iterator[None]:
    """A block that the deadline around it does not bound: for work that goes on behind the answer."""
    token = _CURRENT.set(None)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def check_deadline(least: float = 0.0) -> None:
    """Raise DeadlineExceeded unless more than `least` seconds are left: for work that would come too late."""
    left = remaining()
    if left <= least:
        raise DeadlineExceeded(f"{left:g} s are left, which is too short: it was not begun.", begun=False)


def deadline_headers() -> dict[str, str]:
    """The header that takes the remaining time along, in whole milliseconds; empty without a deadline."""
    left = remaining()
    return {} if left == inf else {DEADLINE_HEADER: str(int(left * 1000))}
