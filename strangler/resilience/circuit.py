"""The circuit breaker for services: with a lock, a clock and a name, around functions and blocks."""

from __future__ import annotations

import logging
import random
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Any, Self

from strangler.errors import BreakerOpen, CallRefused, DeadlineExceeded
from strangler.fork import renew_after_fork
from strangler.resilience.bounds import exception_types
from strangler.resilience.breaker import Breaker
from strangler.resilience.breaker_settings import BreakerSettings
from strangler.resilience.deadline import remaining
from strangler.resilience.guard import Guard

__all__ = ["BreakerChange", "CircuitBreaker", "WatchedCall"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BreakerChange:
    """A breaker's state changed. `opened` is how often it has opened until now, this change included."""

    name: str
    before: str
    after: str
    opened: int


class CircuitBreaker(Guard):
    """Refuses calls to something that has been failing, and lets a few through from time to time to see.

        catalog = CircuitBreaker("catalog", failures=(httpx.HTTPError,))

        @catalog
        def product(pk: int) -> Product: ...

        with catalog.call() as call:
            response = client.get("/v1/products")
            if response.status_code >= 500:
                call.failed()

    `failures` are the exceptions that say something against whoever is called (default: every Exception); any other
    is an answer, and counts as a success. A call that was cancelled, or refused by a guard further in, decides
    nothing; one that was cancelled because its deadline is over has failed.

    The lock is held while counting, never during a call. All threads and tasks of a process share what it knows; a
    forked child goes on with a copy. `observer` is told each change, in order, outside the lock, by a call that is
    made at that time; what it raises is logged and reaches nobody. Raises BreakerOpen for a refused call, PolicyError
    for `failures` that are no tuple of exceptions.
    """

    def __init__(
        self,
        name: str,
        settings: BreakerSettings | None = None,
        *,
        failures: tuple[type[Exception], ...] = (Exception,),
        observer: Callable[[BreakerChange], object] | None = None,
        clock: Callable[[], float] = monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        exception_types(f"CircuitBreaker {name}", "failures", failures)
        self.name = name
        self._failures = failures
        self._observer = observer
        self._clock = clock
        self._changes: deque[BreakerChange] = deque()
        self._breaker = Breaker(settings or BreakerSettings(), self._note if observer else None, jitter)
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child: fresh locks. What is known stays; probes that were out are freed by their lease."""
        # Reentrant: a forgotten task may be collected, and so report, in the middle of anything.
        self._lock = threading.RLock()
        self._telling = threading.Lock()

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open`. An open one becomes half-open by the first call after its time."""
        return self._breaker.state

    @property
    def opened(self) -> int:
        """How often it has opened."""
        return self._breaker.opened

    def remaining(self) -> float:
        """For how many seconds every call will surely be refused; 0.0 unless open."""
        with self._lock:
            return self._breaker.remaining(self._clock())

    def call(self) -> WatchedCall:
        """A `with` block, in sync and async code alike, that is one call."""
        return WatchedCall(self)

    def _run(self, call: Callable[[], Any]) -> Any:
        with WatchedCall(self):
            return call()

    async def _run_async(self, call: Callable[[], Awaitable[Any]]) -> Any:
        with WatchedCall(self):
            return await call()

    def _acquire(self) -> int:
        with self._lock:
            now = self._clock()
            permit = self._breaker.acquire(now)
            left = 0.0 if permit else self._breaker.remaining(now)
        self._tell()
        if not permit:
            when = f"for another {left:.1f} s" if left else "until a call that was let through has been answered"
            raise BreakerOpen(f"{self.name} has been failing: nothing is asked of it {when}.", left)
        return permit

    def _judge(self, permit: int, error: BaseException | None) -> None:
        if error is None:
            report = Breaker.success
        elif isinstance(error, DeadlineExceeded):
            report = Breaker.failure if error.begun else Breaker.cancelled
        elif isinstance(error, CallRefused):
            report = Breaker.cancelled
        elif isinstance(error, Exception):
            report = Breaker.failure if isinstance(error, self._failures) else Breaker.success
        else:
            # A service that hangs is heard of by nothing but the cancellation at the deadline, unless the call was
            # still waiting for a place. A task that is thrown away ends in anybody's context: its deadline is unknown.
            hung = remaining() <= 0 and getattr(error, "begun", True) and not isinstance(error, GeneratorExit)
            report = Breaker.failure if hung else Breaker.cancelled
        self._report(report, permit)

    def _report(self, report: Callable[[Breaker, int, float], None], permit: int) -> None:
        with self._lock:
            report(self._breaker, permit, self._clock())
        self._tell()

    def _note(self, before: str, after: str) -> None:
        self._changes.append(BreakerChange(self.name, before, after, self._breaker.opened))

    def _tell(self) -> None:
        # One thread tells at a time, so that changes are heard in order; what came meanwhile is told by it too.
        telling = self._telling
        while self._changes and self._observer is not None and telling.acquire(blocking=False):
            try:
                while self._changes:
                    self._observer(self._changes.popleft())
            except Exception:
                log.exception("the observer of breaker %s failed", self.name)
            finally:
                telling.release()


class WatchedCall:
    """One call through a breaker, as a `with` block. It serves once."""

    __slots__ = ("_breaker", "_failed", "_permit")

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._breaker = breaker
        self._permit = 0
        self._failed = False

    def failed(self) -> None:
        """It counts as a failure though the block ends without an exception."""
        self._failed = True

    def __enter__(self) -> Self:
        """Raises BreakerOpen: the block is not entered."""
        self._permit = self._breaker._acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._failed:
            self._breaker._report(Breaker.failure, self._permit)
        else:
            self._breaker._judge(self._permit, error)
