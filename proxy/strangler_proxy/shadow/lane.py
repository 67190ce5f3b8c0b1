"""One upstream as copies are sent to it: over connections of its own, when there is room, and no faster than it can."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from strangler.evidence import Missed
from strangler.resilience import BreakerSettings
from strangler_proxy.config import ShadowSettings, Upstream
from strangler_proxy.pool import Pool
from strangler_proxy.shadow.pace import Pace
from strangler_proxy.shadow.rate import Rate

if TYPE_CHECKING:
    from strangler_proxy.shadow.copies import Copy
    from strangler_proxy.shadow.errand import Errand

__all__ = ["Lane"]

_SLOWED: Final = Missed.SLOWED.value
_RATE: Final = Missed.RATE.value
_FAULT: Final = Missed.FAULT.value


class Lane:
    """The copies for one upstream: those that wait, and how many are under way of `most`.

    While it is `opened` it has a pool: with the upstream's addresses, TLS and probes, and a breaker whether customers
    have one or not; neither connections nor limits are the customers'. `asked` is how many requests were sent,
    and never goes back.
    """

    __slots__ = (
        "_loop",
        "_pumping",
        "_rate",
        "_upstream",
        "asked",
        "errands",
        "most",
        "name",
        "opened",
        "pace",
        "pool",
        "under_way",
        "waiting",
    )

    pool: Pool

    def __init__(self, upstream: Upstream, settings: ShadowSettings, loop: asyncio.AbstractEventLoop) -> None:
        self.name: str = upstream.name
        self.most: int = settings.in_flight
        self._loop = loop
        self._upstream = replace(
            upstream,
            in_flight=self.most,
            max_connections=self.most,
            connections=self.most,
            waiting=0,
            breaker=upstream.breaker or BreakerSettings(),
        )
        self.opened: bool = False
        self.pace = Pace(settings.slowdown)
        self._rate = Rate(settings.rate)
        self.waiting: deque[Copy] = deque()
        self.errands: set[Errand] = set()
        self.under_way: int = 0
        self.asked: int = 0
        self._pumping: bool = False

    def open(self) -> None:
        """Be ready to ask."""
        if not self.opened:
            self.opened = True
            self.pool = Pool(self._upstream, self._loop)

    def report(self, what: str, error: Exception) -> None:
        """Tell of a fault of our own: it must cost nobody more than the copy."""
        context = {"message": f"copies to {self.name}: {what}", "exception": error}
        self._loop.call_exception_handler(context)

    def refuses(self, now: float) -> str:
        """Why nothing may be sent now, as a word of `Missed`; empty where it may, and then it is to be sent."""
        if not self.pace.admits(now):
            return _SLOWED
        return "" if self._rate.take(now) else _RATE

    def has_room(self) -> bool:
        """Whether one more may be under way at once."""
        return self.under_way < self.most and not self.waiting

    def pump(self) -> None:
        """Let those that wait begin, as far as there is room."""
        if self._pumping:
            # Whoever fails at once comes by here again, inside of this.
            return
        self._pumping = True
        try:
            while self.waiting and self.under_way < self.most:
                copy = self.waiting.popleft()
                try:
                    copy.begin()
                except Exception as error:
                    self.report("a copy could not be sent", error)
                    copy.abandon(_FAULT)
        finally:
            self._pumping = False

    def leave(self) -> None:
        """One that was under way is not any more."""
        self.under_way -= 1
        if self.waiting:
            self.pump()

    def tick(self, now: float) -> None:
        """What is due: called every tenth of a second."""
        self.pool.tick(now)
        for errand in [errand for errand in self.errands if errand.until < now]:
            errand.ran_out_of_time()

    def close(self) -> None:
        """Ask nothing any more, until it is opened again. Whoever is under way was told before."""
        if self.opened:
            self.opened = False
            self.pool.close()
