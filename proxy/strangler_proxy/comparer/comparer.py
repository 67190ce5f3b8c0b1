"""The comparer proper: takes what is unequal, one after the other, and comes to a finding for each."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import Any, Final

from strangler.compare import Comparison, Verdict
from strangler.evidence import Cause
from strangler_proxy.comparer.again import is_safe
from strangler_proxy.comparer.allowance import Allowance
from strangler_proxy.comparer.backlog import Backlog
from strangler_proxy.comparer.examination import Examiner, needs_more
from strangler_proxy.comparer.finding import Finding, keys_of
from strangler_proxy.comparer.ledger import Ledger
from strangler_proxy.comparer.sides import AskedAgain
from strangler_proxy.complaints import Complaints
from strangler_proxy.shadow.frame import Unequal

__all__ = ["Comparer"]

# Of a route's field and kind of difference, so many are asked again a second, and at first: enough to know it by, and
# little enough that a candidate which differs everywhere does not double the monolith's load.
_EXAMINED_A_SECOND: Final = 2.0
_EXAMINED_AT_FIRST: Final = 10.0
_EXAMINED_AT_ONCE: Final = 128
# Of one route, so that a storm there, in ever new fields, leaves room to find what another one hides.
_EXAMINED_OF_A_ROUTE: Final = 32

_UNCHECKED: Final = Finding(Verdict.INCONCLUSIVE, cause=Cause.UNCHECKED)

_log = logging.getLogger("strangler.comparer")


class Comparer:
    """Works off `backlog` into `ledger`. Comparing takes the processor, so there is one at a time, and between two the
    event loop has its turn; asking the sides again takes time, so many wait for that at once. Of pairs that agree,
    `recheck` is the share for which the monolith is asked once more."""

    def __init__(
        self,
        backlog: Backlog,
        ledger: Ledger,
        examiner: Examiner,
        asks: AskedAgain,
        *,
        recheck: float,
        now: Callable[[], float] = monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._backlog = backlog
        self._ledger = ledger
        self._examiner = examiner
        self._asks = asks
        self._recheck_share = recheck
        self._now = now
        self._chance = chance
        self._allowance = Allowance(_EXAMINED_A_SECOND, _EXAMINED_AT_FIRST)
        self._examining: set[asyncio.Task[None]] = set()
        self._examining_of: Counter[str] = Counter()
        self._ending = False
        self._complaints = Complaints(_log)
        self.faults = 0
        """How many exchanges came to no finding because of a fault of ours."""

    @property
    def examining(self) -> int:
        """How many are being asked again."""
        return len(self._examining)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._look(await self._backlog.next())
            await asyncio.sleep(0)

    async def finish(self, seconds: float) -> None:
        """Come to an end within about `seconds`: nothing new is asked again, and what is not known then stays
        unchecked. `run` goes on meanwhile."""
        self._ending = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._backlog.empty()
        for task in self._examining:
            task.cancel()
        await asyncio.gather(*self._examining, return_exceptions=True)

    def _look(self, unequal: Unequal) -> None:
        try:
            finding, comparison = self._examiner.at_first(unequal)
        except Exception as error:
            self._note_fault(unequal, error)
            return
        if needs_more(unequal, finding):
            if self._may_ask(unequal.route) and self._allowance.take(keys_of(unequal.route, comparison), self._now()):
                self._begin(unequal.route, self._examine(unequal, comparison))
                return
            finding = replace(finding, verdict=Verdict.INCONCLUSIVE, cause=Cause.UNCHECKED)
        elif finding.verdict is Verdict.AGREE and self._wants_recheck(unequal):
            self._begin(unequal.route, self._recheck(unequal, finding))
            return
        self._note(unequal, finding)

    def _wants_recheck(self, unequal: Unequal) -> bool:
        return is_safe(unequal) and self._chance() < self._recheck_share and self._may_ask(unequal.route)

    def _may_ask(self, route: str) -> bool:
        if self._ending or len(self._examining) >= _EXAMINED_AT_ONCE:
            return False
        return self._examining_of[route] < _EXAMINED_OF_A_ROUTE

    def _begin(self, route: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._examining.add(task)
        self._examining_of[route] += 1

        def end(_: asyncio.Task[None]) -> None:
            self._examining.discard(task)
            self._examining_of[route] -= 1

        task.add_done_callback(end)

    async def _examine(self, unequal: Unequal, comparison: Comparison) -> None:
        try:
            finding = await self._examiner.further(unequal, comparison)
        except asyncio.CancelledError:
            self._note(unequal, _UNCHECKED)
            raise
        except Exception as error:
            self._note_fault(unequal, error)
            return
        self._note(unequal, finding)

    async def _recheck(self, unequal: Unequal, finding: Finding) -> None:
        try:
            repeat = await self._asks.monolith(unequal)
            if repeat is not None:
                self._ledger.rechecked(unequal, repeat, changed=self._examiner.changed(unequal, repeat))
        finally:
            self._note(unequal, finding)

    def _note(self, unequal: Unequal, finding: Finding) -> None:
        try:
            self._ledger.note(unequal, finding, self._now())
        except Exception as error:
            self._complaints.note(error, f"A finding of {unequal.route} could not be counted")
        self._backlog.done(unequal)

    def _note_fault(self, unequal: Unequal, error: Exception) -> None:
        self.faults += 1
        self._complaints.note(error, f"An exchange of {unequal.route} could not be compared")
        self._note(unequal, _UNCHECKED)
