"""What waits to be compared, bounded in number and in bytes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from strangler_proxy.shadow.frame import Unequal

__all__ = ["Backlog", "weight"]

# Of an object, beside what is in it.
_OBJECT = 50
_REST = 4096


def weight(unequal: Unequal) -> int:
    """About how many bytes of memory an exchange takes."""
    sides = [side for side in (unequal.old, unequal.new, unequal.again) if side is not None]
    lines = [unequal.request_lines, unequal.candidate_lines, *(side.lines for side in sides)]
    heads = sum(len(line) + _OBJECT for each in lines for line in each)
    return len(unequal.request_body) + sum(len(side.body) for side in sides) + heads + _REST


class Backlog:
    """Exchanges in the order in which they came. It is full from `most` of them on, or from `most_bytes`: then whoever
    brings more is to be held up. What was taken out counts until it is said to be `done`.

    `on_room` is called when it is full no more.
    """

    def __init__(self, most: int, most_bytes: int, on_room: Callable[[], None] = lambda: None) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._on_room = on_room
        self._waiting: deque[Unequal] = deque()
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self.held = 0
        """How many there are, those that are being looked at included."""
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether nobody should bring more."""
        return self.held >= self._most or self.bytes >= self._most_bytes

    def put(self, unequal: Unequal) -> None:
        """Take one in, also where it is full: what has been read cannot be given back."""
        self._waiting.append(unequal)
        self.held += 1
        self.bytes += weight(unequal)
        self._some.set()

    async def next(self) -> Unequal:
        """Take out the one that waits for longest, as soon as there is one."""
        while not self._waiting:
            self._some.clear()
            await self._some.wait()
        return self._waiting.popleft()

    async def empty(self) -> None:
        """Wait until all that came is done."""
        while self.held:
            self._none.clear()
            await self._none.wait()

    def done(self, unequal: Unequal) -> None:
        """It needs no more memory."""
        before = self.full
        self.held -= 1
        self.bytes -= weight(unequal)
        if not self.held:
            self._none.set()
        if before and not self.full:
            self._on_room()
