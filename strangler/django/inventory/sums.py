"""What this process has seen since it last wrote it down."""

from __future__ import annotations

import atexit
import logging
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

from strangler.django.inventory.watch import Tables, Watch, table_apps
from strangler.fork import renew_after_fork
from strangler.inventory import Observed, Together
from strangler.inventory.observed_file import add_observed

__all__ = ["Sums"]

_LOG: Final = logging.getLogger("strangler.observed")
_EVERY: Final = 10.0
# URLconfs are not endless; sets of tables could be.
_MOST_VIEWS: Final = 10_000
_MOST_SETS: Final = 100


@dataclass(slots=True)
class _Sum:
    requests: int = 0
    statements: int = 0
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    transactions: Counter[Tables] = field(default_factory=Counter)
    joins: Counter[Tables] = field(default_factory=Counter)


class Sums:
    """The sums of one process, added to the file of `folder` every ten seconds in which there were requests.

    A process that ends writes what it has; one that is killed loses ten seconds. A forked one begins at nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._sums: dict[tuple[str, str], _Sum] = {}
        self._written = monotonic()
        renew_after_fork(self)
        atexit.register(self.write, wait=True)

    def after_fork(self) -> None:
        """Begin at nothing in a child: the parent writes what it has."""
        self._lock = threading.Lock()
        self._sums = {}
        self._written = monotonic()

    def add(self, key: str, method: str, watch: Watch) -> None:
        """Take in one request, and write once it is time."""
        with self._lock:
            known = self._sums.get((key, method))
            if known is None:
                if len(self._sums) >= _MOST_VIEWS:
                    return
                known = self._sums[key, method] = _Sum()
            known.requests += 1
            known.statements += watch.statements
            known.reads |= watch.reads
            known.writes |= watch.writes
            _count(known.transactions, watch.transactions)
            _count(known.joins, watch.joins)
            due = monotonic() - self._written >= _EVERY
        if due:
            self.write()

    def write(self, *, wait: bool = False) -> None:
        """Add what there is to the file. What cannot be written is kept for the next time, and said in the log."""
        with self._lock:
            taken, self._sums = self._sums, {}
            self._written = monotonic()
        if not taken:
            return
        try:
            if add_observed(self._folder, _rows(taken), wait=wait):
                return
        except OSError as error:
            _LOG.warning("What was observed cannot be written to %s: %s", self._folder, error.strerror)
        with self._lock:
            for place, one in taken.items():
                self._sums[place] = _both(one, self._sums[place]) if place in self._sums else one


def _count(known: Counter[Tables], seen: Counter[Tables]) -> None:
    for tables, number in seen.items():
        if tables in known or len(known) < _MOST_SETS:
            known[tables] += number


def _both(one: _Sum, other: _Sum) -> _Sum:
    one.requests += other.requests
    one.statements += other.statements
    one.reads |= other.reads
    one.writes |= other.writes
    _count(one.transactions, other.transactions)
    _count(one.joins, other.joins)
    return one


def _rows(sums: dict[tuple[str, str], _Sum]) -> list[Observed]:
    return [
        Observed(
            key,
            method,
            one.requests,
            one.statements,
            tuple(sorted(one.reads)),
            tuple(sorted(one.writes)),
            _together(one.transactions),
            _together(one.joins),
        )
        for (key, method), one in sums.items()
    ]


def _together(counts: Counter[Tables]) -> tuple[Together, ...]:
    owners = table_apps()
    return tuple(
        Together(tuple(sorted(tables)), tuple(sorted({owners[each] for each in tables})), count)
        for tables, count in counts.items()
    )
