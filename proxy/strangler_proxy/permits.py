"""Who may ask one upstream now, in one worker: its bulkhead, its circuit breaker, and the queue before both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from strangler.resilience import CLOSED, Breaker
from strangler_proxy.config import Upstream
from strangler_proxy.outcome import FAILED, FAILING, SUCCEEDED
from strangler_proxy.upstream import UpstreamConnection
from strangler_proxy.waiting_room import Waiter, WaitingRoom

__all__ = ["REFUSALS", "Permits"]

# Why an upstream is not asked at all.
REFUSALS: Final = ("breaker-open", "bulkhead-full", "bulkhead-timeout", "unhealthy")
# What `enter` gives.
_WAITS: Final = 0
_REFUSED: Final = -1


class Permits:
    """The permits of one upstream: whoever wants to ask it calls `enter`, and `leave` when that is over. `now` is the
    event loop's clock."""

    def __init__(self, upstream: Upstream, loop: asyncio.AbstractEventLoop, now: Callable[[], float]) -> None:
        self.upstream = upstream
        self.loop = loop
        # Why `enter` refused last.
        self.refusal: str = ""
        self._now: Callable[[], float] = now
        # Whoever has a permit holds one connection at most, so that the fewer of both bounds both.
        self._bound: int = min(upstream.in_flight, upstream.max_connections)
        self._tunnels: int = 0
        self._breaker: Breaker | None = None if upstream.breaker is None else Breaker(upstream.breaker)
        self._sick: bool = False
        self._in_flight: int = 0
        self._room = WaitingRoom()
        self._queue = self._room.queue
        self._admitting: bool = False
        self._refused: dict[str, int] = dict.fromkeys(REFUSALS, 0)

    def enter(self, waiter: Waiter) -> int:
        """A permit, above 0, to be given to `leave` exactly once.

        0: `waiter` is told later, exactly once, unless it withdraws. Below 0: refused, and `refusal` says why.
        """
        if self._in_flight < self._bound and not self._queue and not self._sick:
            breaker = self._breaker
            permit = 1 if breaker is None else breaker.acquire(self._now())
            if permit > 0:
                self._in_flight += 1
                return permit
            return self._refuse("breaker-open")
        if self._sick:
            return self._refuse("unhealthy")
        if len(self._queue) >= self.upstream.waiting:
            return self._refuse("bulkhead-full")
        self._room.join(waiter, self._now())
        return _WAITS

    def heard(self, permit: int, status: int) -> None:
        """The answer has begun that `permit` was for. A probe has shown with that what it was to show: the rest may be
        a stream, and all others would wait for its end."""
        breaker = self._breaker
        if breaker is not None and breaker.state != CLOSED and status not in FAILING:
            breaker.success(permit, self._now())

    def leave(self, permit: int, outcome: int) -> None:
        """Give the permit back, with what came of it.

        FAILED is no answer, or 502, 503 or 504: what a server says that cannot do its work. A 500 is an answer, and
        one broken page must not take all others with it. UNDECIDED is for work that was given up by the client.
        """
        self._in_flight -= 1
        breaker = self._breaker
        if breaker is not None:
            if outcome == SUCCEEDED:
                breaker.success(permit, self._now())
            elif outcome == FAILED:
                breaker.failure(permit, self._now())
            else:
                breaker.cancelled(permit, self._now())
        if self._queue and not self._admitting:
            self._admit_soon()

    def withdraw(self, waiter: Waiter) -> None:
        """`waiter` waits no more. One that does not wait is nothing to withdraw."""
        self._room.withdraw(waiter)

    def detach(self, connection: UpstreamConnection) -> None:
        """`connection` has become a tunnel: a connection still, but no request in flight; its permit can be left."""
        if not connection.detached:
            connection.detached = True
            self._tunnels += 1
            self._bind()

    def attach(self) -> None:
        """A tunnel has ended."""
        self._tunnels -= 1
        self._bind()
        if self._queue and not self._admitting:
            self._admit_soon()

    def _bind(self) -> None:
        # However many tunnels there are, one request may pass at a time.
        self._bound = max(1, min(self.upstream.in_flight, self.upstream.max_connections - self._tunnels))

    def _refuse(self, why: str) -> int:
        self.refusal = why
        self._refused[why] += 1
        return _REFUSED

    def _admit_soon(self) -> None:
        # Not at once: what the next one does must not happen in the middle of what the last one still does.
        self._admitting = True
        self.loop.call_soon(self._admit)

    def _admit(self) -> None:
        self._admitting = False
        queue, breaker = self._queue, self._breaker
        while queue and (self._sick or self._in_flight < self._bound):
            waiter = self._room.next()
            if self._sick:
                self._turn_away(waiter, "unhealthy")
                continue
            permit = 1 if breaker is None else breaker.acquire(self._now())
            if permit <= 0:
                self._turn_away(waiter, "breaker-open")
                continue
            self._in_flight += 1
            try:
                waiter.admitted(permit)
            except Exception as error:
                self.report("a waiter could not be admitted", error)

    def _turn_away(self, waiter: Waiter, why: str) -> None:
        self._refused[why] += 1
        try:
            waiter.refused(why)
        except Exception as error:
            self.report("a waiter could not be refused", error)

    def _end_waits(self, now: float) -> None:
        before = now - self.upstream.waiting_timeout
        while self._room.expired(before):
            self._turn_away(self._room.next(), "bulkhead-timeout")

    def report(self, what: str, error: Exception) -> None:
        """Tell of a fault of our own; it must not spread to whatever else is under way."""
        context: dict[str, Any] = {"message": f"upstream {self.upstream.name}: {what}", "exception": error}
        self.loop.call_exception_handler(context)
