"""A bulkhead's core: who is in, who waits, who is next. No lock, no clock, no waiting of its own."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Generic, TypeVar

__all__ = ["ENTERED", "FULL", "QUEUED", "Places"]

ENTERED: Final = 1
QUEUED: Final = 0
FULL: Final = -1

Waiter = TypeVar("Waiter")


class Places(Generic[Waiter]):
    """At most `limit` are in, and at most `queue` wait, in the order in which they came.

    Not safe to use from several threads at once: for that there is `Bulkhead`.
    """

    __slots__ = ("_inside", "_limit", "_line", "_queue")

    def __init__(self, limit: int, queue: int) -> None:
        self._limit = limit
        self._queue = queue
        self._inside = 0
        self._line: OrderedDict[Waiter, None] = OrderedDict()

    @property
    def inside(self) -> int:
        """How many are in."""
        return self._inside

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    def enter(self, waiter: Waiter) -> int:
        """ENTERED, or QUEUED behind those who wait already, or FULL."""
        if self._inside < self._limit:
            self._inside += 1
            return ENTERED
        if len(self._line) >= self._queue:
            return FULL
        self._line[waiter] = None
        return QUEUED

    def leave(self) -> Waiter | None:
        """One who was in is gone. Its place belongs to the waiter that is returned; None when nobody waits."""
        if self._line:
            return self._line.popitem(last=False)[0]
        self._inside -= 1
        return None

    def withdraw(self, waiter: Waiter) -> bool:
        """It waits no more. False: it does not wait, so a place has been given to it, and it must leave."""
        if waiter not in self._line:
            return False
        del self._line[waiter]
        return True
