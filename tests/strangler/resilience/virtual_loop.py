"""An event loop on a test's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["VirtualLoop"]


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a test's to move, and which never waits."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._now = clock

    def time(self) -> float:
        return self._now()

    def settle(self) -> None:
        """Run whatever can run at this time."""
        for _ in range(12):
            self.call_soon(self.stop)
            self.run_forever()
