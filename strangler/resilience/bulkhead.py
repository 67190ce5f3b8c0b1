"""A bulkhead: so many calls at once and no more, so that one slow neighbour does not take every thread and task."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from strangler.errors import BulkheadFull
from strangler.fork import renew_after_fork
from strangler.resilience.bounds import positive, whole
from strangler.resilience.deadline import check_deadline, remaining
from strangler.resilience.guard import Guard
from strangler.resilience.places import ENTERED, FULL, Places

__all__ = ["Bulkhead", "Place"]


class Bulkhead(Guard):
    """At most `limit` calls are under way at once; at most `queue` more wait, first come first served.

        catalog = Bulkhead("catalog", 10, queue=20, wait=0.2)

        @catalog
        async def product(pk: int) -> Product: ...

        with catalog.place(): ...
        async with catalog.place(): ...

    Whoever has waited for `wait` seconds (default 1) is refused; `queue` is 0 by default, so that nobody waits.
    Threads and tasks, of several event loops too, may share one; they stand in one line. In a task use `async with`:
    a plain `with` that has to wait would hold up its whole event loop. A task that is cancelled while it waits leaves
    no gap. `inside` and `waiting` are how many are in and wait.

    Raises BulkheadFull, DeadlineExceeded when the deadline ends while waiting, PolicyError for a wrong setting.
    """

    def __init__(self, name: str, limit: int, *, queue: int = 0, wait: float = 1.0) -> None:
        whole(f"Bulkhead {name}", "limit", limit, least=1)
        whole(f"Bulkhead {name}", "queue", queue, least=0)
        positive(f"Bulkhead {name}", "wait", wait)
        self.name = name
        self._limit = limit
        self._queue = queue
        self._wait = wait
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child nobody is in and nobody waits: those threads and tasks are the parent's."""
        # Reentrant: a forgotten task may be collected, and so leave, in the middle of anything.
        self._lock = threading.RLock()
        self._places: Places[_Waiter] = Places(self._limit, self._queue)

    @property
    def inside(self) -> int:
        """How many calls are under way."""
        return self._places.inside

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return self._places.waiting

    def place(self) -> Place:
        """A `with` or `async with` block that takes one place."""
        return Place(self)

    def _run(self, call: Callable[[], Any]) -> Any:
        with Place(self):
            return call()

    async def _run_async(self, call: Callable[[], Awaitable[Any]]) -> Any:
        async with Place(self):
            return await call()

    def _begin(self, places: Places[_Waiter], waiter: _Waiter) -> bool:
        """Whether it is in; otherwise it waits. BulkheadFull when it may not."""
        with self._lock:
            entered = places.enter(waiter)
        if entered == FULL:
            raise BulkheadFull(f"{self.name} is busy: {self._limit} calls are under way and {self._queue} wait.")
        return entered == ENTERED

    def _waited(self, places: Places[_Waiter], waiter: _Waiter) -> None:
        """It has waited long enough. If a place was given to it at the last moment, it is in after all."""
        with self._lock:
            given = not places.withdraw(waiter)
        if given:
            return
        check_deadline()
        raise BulkheadFull(f"{self.name} is busy: no place became free within {self._wait:g} s.")

    def _give_up(self, places: Places[_Waiter], waiter: _Waiter) -> None:
        """It does not want the place any more, whether it has been given one or not."""
        with self._lock:
            if not places.withdraw(waiter) and not waiter.lost:
                _pass_on(places)

    def _leave(self, places: Places[_Waiter]) -> None:
        with self._lock:
            _pass_on(places)


def _pass_on(places: Places[_Waiter]) -> None:
    following = places.leave()
    while following is not None and not following.wake():
        # Its event loop is closed, so that it cannot come: the place is the next one's.
        following.lost = True
        following = places.leave()


class Place:
    """One place in a bulkhead, as a `with` or `async with` block. It serves once."""

    __slots__ = ("_bulkhead", "_places")

    def __init__(self, bulkhead: Bulkhead) -> None:
        self._bulkhead = bulkhead
        # Kept until it leaves: in a child that is forked meanwhile, these are the parent's, and no place is given back.
        self._places = bulkhead._places

    def __enter__(self) -> Self:
        """Raises BulkheadFull or DeadlineExceeded: the block is not entered."""
        bulkhead, places = self._bulkhead, self._places
        check_deadline()
        waiter = _Thread()
        if not bulkhead._begin(places, waiter):
            try:
                woken = waiter.woken(min(bulkhead._wait, remaining()))
            except BaseException:
                bulkhead._give_up(places, waiter)
                raise
            if not woken:
                bulkhead._waited(places, waiter)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bulkhead._leave(self._places)

    async def __aenter__(self) -> Self:
        """Raises BulkheadFull or DeadlineExceeded: the block is not entered."""
        bulkhead, places = self._bulkhead, self._places
        check_deadline()
        waiter = _Task()
        if not bulkhead._begin(places, waiter):
            try:
                woken = await waiter.woken(min(bulkhead._wait, remaining()))
            except BaseException as error:
                bulkhead._give_up(places, waiter)
                # For the guards around this one: whoever is called has seen nothing.
                error.__dict__["begun"] = False
                raise
            if not woken:
                bulkhead._waited(places, waiter)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bulkhead._leave(self._places)


class _Thread:
    """A thread that waits."""

    __slots__ = ("_gate", "lost")

    def __init__(self) -> None:
        self.lost = False
        self._gate = threading.Lock()
        self._gate.acquire()

    def wake(self) -> bool:
        self._gate.release()
        return True

    def woken(self, seconds: float) -> bool:
        return self._gate.acquire(timeout=min(seconds, threading.TIMEOUT_MAX))


class _Task:
    """A task that waits, in the event loop in which it was made."""

    __slots__ = ("_future", "_loop", "lost")

    def __init__(self) -> None:
        self.lost = False
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[None] = self._loop.create_future()

    def wake(self) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._come)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def _come(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    async def woken(self, seconds: float) -> bool:
        done, _ = await asyncio.wait((self._future,), timeout=seconds)
        return bool(done)


_Waiter = _Thread | _Task
