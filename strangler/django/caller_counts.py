"""Counts of who reached this process, kept in memory for some seconds and then put into the machine's file."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable
from threading import Lock, Timer
from time import monotonic
from typing import Final

from strangler.callers import Caller, Counted, Passage, Reached
from strangler.django.caller_file import CallerFile
from strangler.errors import StoreUnavailable
from strangler.fork import renew_after_fork

__all__ = ["CallerCounts"]

# Between writes, in seconds: what a killed process has counted and not yet written is lost.
_EVERY: Final = 5.0
# Of what clients choose, so much is told apart in one interval; the rest is counted in one row.
_MOST_CALLERS: Final = 500
_COMPLAIN_EVERY: Final = 600.0
_OTHERS: Final = "…"

_LOG: Final = logging.getLogger("strangler.callers")

_Key = tuple[str, ...]
_View = tuple[Passage, str, str, str]


class CallerCounts:
    """The counts of one process. Threads may share it; a forked child begins with none, and with a timer of its own.

    `write_soon` is given what is to be called after `_EVERY` seconds, in another thread.
    """

    def __init__(self, file: CallerFile, write_soon: Callable[[Callable[[], None]], object] | None = None) -> None:
        self._file = file
        self._write_soon = write_soon or _after_a_while
        self._complained = -_COMPLAIN_EVERY
        self._views: dict[_View, list[float]] = {}
        self._callers: dict[_Key, Caller] = {}
        self._lock = Lock()
        self._waiting = False
        renew_after_fork(self)
        atexit.register(self.write)

    def after_fork(self) -> None:
        """Forget what the parent will write itself."""
        self._lock = Lock()
        self._views = {}
        self._callers = {}
        self._waiting = False

    def count(
        self, passage: Passage, method: str, route: str, name: str, at: float, caller: Caller | None = None
    ) -> None:
        """Count one request, answered `at` (seconds since the epoch)."""
        with self._lock:
            self._add((passage, method, route, name), 1, at, at)
            if caller is not None:
                self._count_caller(caller)
            if self._waiting:
                return
            self._waiting = True
        self._write_soon(self.write)

    def _add(self, key: _View, requests: int, first: float, last: float) -> None:
        row = self._views.get(key)
        if row is None:
            self._views[key] = [requests, first, last]
        else:
            row[0] += requests
            row[1], row[2] = min(row[1], first), max(row[2], last)

    def _count_caller(self, caller: Caller) -> None:
        key = _key(caller)
        if key not in self._callers and len(self._callers) >= _MOST_CALLERS:
            caller = Caller(caller.client, _OTHERS, caller.method, caller.route, caller.counted)
            key = _key(caller)
            if key not in self._callers and len(self._callers) >= 2 * _MOST_CALLERS:
                caller = Caller(_OTHERS, _OTHERS, _OTHERS, _OTHERS, caller.counted)
                key = _key(caller)
        known = self._callers.get(key)
        self._callers[key] = caller if known is None else known + caller

    def write(self) -> None:
        """Put what was counted into the file. What cannot be written is kept for the next time."""
        with self._lock:
            counted, callers = self._views, list(self._callers.values())
            self._views, self._callers = {}, {}
            self._waiting = False
        if not counted:
            return
        views = [Reached(*key, Counted(int(row[0]), row[1], row[2])) for key, row in counted.items()]
        try:
            self._file.add(views, callers)
        except StoreUnavailable as error:
            now = monotonic()
            if now - self._complained >= _COMPLAIN_EVERY:
                self._complained = now
                _LOG.warning("Who reached the monolith could not be written down: %s", error)
            with self._lock:
                for key, (requests, first, last) in counted.items():
                    self._add(key, int(requests), first, last)
                for caller in callers:
                    self._count_caller(caller)


def _key(caller: Caller) -> _Key:
    return (caller.client, caller.agent, caller.method, caller.route)


def _after_a_while(call: Callable[[], None]) -> object:
    timer = Timer(_EVERY, call)
    timer.daemon = True
    timer.start()
    return timer
