"""In a comparer's place: the desk that writes recordings, linked to a control plane, in a thread; and workers that only
take orders."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from strangler_proxy.comparer.desk import Desk
from strangler_proxy.comparer.link import EvidenceLink
from strangler_proxy.link import ControlLink
from strangler_proxy.record.order import Order
from strangler_proxy.shadow.passed import Passed

from strangler.evidence import Batch, Redactor
from tests.waiting import until

__all__ = ["Crew"]

KEY = b"sixteen bytes or more"


class Crew:
    """A desk and `workers`, linked to the control plane that has its state in `folder`. A context.

    `orders` are those that each worker took, `counters` what each tells next.
    """

    def __init__(self, folder: Path, *, workers: int = 2) -> None:
        self.orders: list[list[Order | None]] = [[] for _ in range(workers)]
        self.counters: list[list[Any]] = [[] for _ in range(workers)]
        self.desk: Desk
        self._state = folder / ".strangler"
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        until(lambda: all(self.orders))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        self._loop.close()

    def put(self, passed: Passed) -> None:
        """A worker has told this."""
        self._loop.call_soon_threadsafe(lambda: self.desk.put(passed))

    @property
    def order(self) -> Order:
        """The order that all workers have taken."""
        until(lambda: all(taken[-1] is not None for taken in self.orders))
        order = self.orders[0][-1]
        assert order is not None
        return order

    async def _run(self) -> None:
        link: EvidenceLink
        self.desk = Desk(
            Redactor(key=KEY), 1 << 20, lambda: None, telling=lambda: False, tell=lambda: link.tell_recording()
        )
        link = EvidenceLink(
            self._state / "control.sock",
            0,
            Batch,
            lambda: ([], []),
            on_order=self.desk.heed,
            recording=self.desk.report,
        )
        works = [self.desk.run(), link.run(), *(self._worker(slot).run() for slot in range(len(self.orders)))]
        tasks = [asyncio.create_task(work) for work in works]
        self._ready.set()
        await self._stop.wait()
        self.desk.finish()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _worker(self, slot: int) -> ControlLink:
        return ControlLink(
            self._state / "control.sock",
            slot,
            self._state,
            lambda _: None,
            list,
            take_measures=self._measures(slot),
            on_order=self.orders[slot].append,
        )

    def _measures(self, slot: int) -> Callable[[], tuple[list[Any], list[Any]]]:
        def take() -> tuple[list[Any], list[Any]]:
            taken, self.counters[slot] = self.counters[slot], []
            return taken, []

        return take
