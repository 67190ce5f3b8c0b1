"""Every call counted: folded in memory by minute, and written down every few seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from strangler.documents import CallCount, DocumentStore
from strangler.errors import StoreUnavailable

__all__ = ["CallCounts"]

_WRITE_EVERY: Final = 10.0
# What a caller can make unlike in a minute, by calling itself ever anew or by trying every verb: the rest is one.
_MOST_UNLIKE: Final = 100
# What waits for a store that does not answer.
_MOST_WAITING: Final = 10_000
_SEVERAL: Final = "several"

_log = logging.getLogger("strangler.control")


class _Kind(NamedTuple):
    minute: datetime
    who: str
    token: str
    address: str
    verb: str
    status: int


def _now() -> datetime:
    return datetime.now(UTC)


class CallCounts:
    """Counts calls for `documents`. What is alike within a minute is one entry: who called which verb, with which token
    from which address, and the status of the answer.

    Of one token, and of all who showed none, so many entries a minute are told apart; further ones are one by status,
    of `others`. A kill loses the last seconds' counts, a store that does not answer none for a while.
    """

    def __init__(self, documents: DocumentStore, *, clock: Callable[[], datetime] = _now) -> None:
        self._documents = documents
        self._clock = clock
        self._waiting: dict[_Kind, tuple[datetime, datetime, int]] = {}
        self._minute = datetime.min.replace(tzinfo=UTC)
        # What is told apart in this minute, by token.
        self._apart: dict[str, set[_Kind]] = {}
        self._lost = 0
        self._silent = False
        self._writing = asyncio.Lock()

    def count(self, verb: str, status: int, *, who: str, token: str, address: str) -> None:
        """One call more. `token` is empty where none counts."""
        now = self._clock()
        minute = now.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute = minute
            self._apart.clear()
        kind = _Kind(minute, who, token, address, verb, status)
        apart = self._apart.setdefault(token, set())
        if kind not in apart:
            if len(apart) < _MOST_UNLIKE:
                apart.add(kind)
            else:
                kind = _Kind(minute, f"others ({token or 'no token'})", token, _SEVERAL, _SEVERAL, status)
        self._add(kind, now, now, 1)

    async def run(self) -> None:
        """Write down what was counted every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(_WRITE_EVERY)
            try:
                # What has been taken from those that wait is written down whoever stops waiting for it.
                await asyncio.shield(self.write())
            except Exception:
                _log.exception("calls could not be counted")

    async def write(self) -> None:
        """Write down what was counted up to now. While the store does not answer it waits, and the log says so once."""
        async with self._writing:
            taken, self._waiting = self._waiting, {}
            counts = [
                CallCount(at, last, kind.who, kind.token, kind.address, kind.verb, kind.status, count)
                for kind, (at, last, count) in taken.items()
            ]
            if not counts:
                return
            try:
                await asyncio.to_thread(self._documents.add_calls, counts)
            except StoreUnavailable as error:
                for kind, (at, last, count) in taken.items():
                    self._add(kind, at, last, count)
                if not self._silent:
                    _log.warning("what is counted of calls is not in the audit yet: %s", error)
                self._silent = True
                return
            self._silent = False
            if self._lost:
                _log.warning("%d calls are not in the audit: too many waited for the store", self._lost)
                self._lost = 0

    def _add(self, kind: _Kind, at: datetime, last: datetime, count: int) -> None:
        had = self._waiting.get(kind)
        if had is not None:
            at, last, count = min(at, had[0]), max(last, had[1]), count + had[2]
        elif len(self._waiting) >= _MOST_WAITING:
            self._lost += count
            return
        self._waiting[kind] = at, last, count
