"""The guards in the order in which they work together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, ParamSpec, TypeVar

from strangler.resilience.bounds import positive
from strangler.resilience.bulkhead import Bulkhead
from strangler.resilience.circuit import CircuitBreaker
from strangler.resilience.deadline import Deadline, check_deadline
from strangler.resilience.guard import Guard
from strangler.resilience.retry import Retry

__all__ = ["Policy"]

P = ParamSpec("P")
R = TypeVar("R")


class Policy(Guard):
    """How calls to one service are made: deadline around retry around breaker around bulkhead around the call.

        catalog = Policy(
            deadline=1.0,
            retry=Retry(worth=(httpx.TransportError,)),
            breaker=CircuitBreaker("catalog"),
            bulkhead=Bulkhead("catalog", 10),
        )

        @catalog.repeatable
        def product(pk: int) -> Product: ...

        @catalog
        def order(wanted: Order) -> Receipt: ...

    Only what is declared `repeatable` is ever tried again. Each try asks the breaker anew and takes a place of its
    own, so that no pause holds one; the deadline bounds them all, pauses and waiting included, and the sooner one
    holds where the caller has a deadline already. Every part may be left out. Guarded functions may be sync or async;
    an async one is cancelled when its time is over, a sync one has to ask `remaining()` for its own time limits.

    Raises what the call raises, or DeadlineExceeded, BreakerOpen, BulkheadFull.
    """

    def __init__(
        self,
        *,
        deadline: float | None = None,
        retry: Retry | None = None,
        breaker: CircuitBreaker | None = None,
        bulkhead: Bulkhead | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        if deadline is not None:
            positive("Policy", "deadline", deadline)
        self._deadline = deadline
        self._retry = retry
        self._breaker = breaker
        self._bulkhead = bulkhead
        self._clock = clock

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The guarded function; it is tried once."""
        return super().__call__(self._inner(function))

    def repeatable(self, function: Callable[P, R]) -> Callable[P, R]:
        """The guarded function; it is safe to call twice, and is tried again."""
        inner = self._inner(function)
        return super().__call__(inner if self._retry is None else self._retry(inner))

    def _inner(self, function: Callable[P, R]) -> Callable[P, R]:
        if self._bulkhead is not None:
            function = self._bulkhead(function)
        if self._breaker is not None:
            function = self._breaker(function)
        return function

    def _run(self, call: Callable[[], Any]) -> Any:
        if self._deadline is None:
            check_deadline()
            return call()
        with Deadline(self._deadline, clock=self._clock):
            return call()

    async def _run_async(self, call: Callable[[], Awaitable[Any]]) -> Any:
        if self._deadline is None:
            check_deadline()
            return await call()
        async with Deadline(self._deadline, clock=self._clock):
            return await call()
