"""Those who wait for their turn at an upstream, in the order in which they came."""

from __future__ import annotations

from collections import deque
from typing import Protocol

__all__ = ["Waiter", "WaitingRoom"]


class Waiter(Protocol):
    """Who waits for its turn."""

    def admitted(self, permit: int) -> None:
        """Its turn has come. It holds `permit` from now on, whatever becomes of this call, and has to leave with it."""
        ...

    def refused(self, why: str) -> None:
        """Its turn will not come."""
        ...


class WaitingRoom:
    """A queue that can be left from anywhere in it. Whether it is full is for others to say."""

    __slots__ = ("queue", "since")

    def __init__(self) -> None:
        self.queue: deque[Waiter] = deque()
        self.since: deque[float] = deque()

    def join(self, waiter: Waiter, now: float) -> None:
        """Wait from `now` on, behind all others."""
        self.queue.append(waiter)
        self.since.append(now)

    def withdraw(self, waiter: Waiter) -> None:
        """Wait no more. One that does not wait is nothing to withdraw."""
        for index, each in enumerate(self.queue):
            if each is waiter:
                del self.queue[index]
                del self.since[index]
                return

    def next(self) -> Waiter:
        """Who has waited for longest, and waits no more now."""
        self.since.popleft()
        return self.queue.popleft()

    def expired(self, before: float) -> bool:
        """Whether somebody waits since `before` or longer."""
        return bool(self.since) and self.since[0] <= before
