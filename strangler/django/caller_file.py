"""The counts of one machine, in an SQLite file of its own: all its processes add to it, anybody can read it.

One folder may hold the files of many machines, also one that they share: each is written by one machine alone.
"""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from strangler.callers import Caller, Callers, Counted, Passage, Reached
from strangler.errors import StoreUnavailable

__all__ = ["CallerFile", "read_folder"]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS began (at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS hours (hour INTEGER PRIMARY KEY, requests INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS views (
    passage TEXT, method TEXT, route TEXT, name TEXT, requests INTEGER, first REAL, last REAL,
    PRIMARY KEY (passage, method, route, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS callers (
    client TEXT, agent TEXT, method TEXT, route TEXT, requests INTEGER, first REAL, last REAL, addresses TEXT,
    paths TEXT,
    PRIMARY KEY (client, agent, method, route)
) WITHOUT ROWID;
"""
_HOUR: Final = 3600
_KEEP_HOURS: Final = 400 * 24
# Clients choose their names: of a file's rows there is a bound, beyond which they are counted together.
_MOST_CALLERS: Final = 2000
_OTHERS: Final = "…"
_PATIENCE: Final = 10.0


class CallerFile:
    """The file of this machine in `folder`. Opened for each write, so that it holds nothing over a fork."""

    def __init__(self, folder: Path, machine: str | None = None, now: Callable[[], float] = time.time) -> None:
        self.path = folder / f"{machine or socket.gethostname() or 'localhost'}.sqlite3"
        self._now = now

    def add(self, views: Iterable[Reached], callers: Iterable[Caller]) -> None:
        """Add what was counted. Raises StoreUnavailable when the file cannot be written."""
        with _opened(self.path, write=True) as database:
            database.execute("BEGIN IMMEDIATE")
            if database.execute("SELECT 1 FROM began").fetchone() is None:
                database.execute("INSERT INTO began VALUES (?)", (self._now(),))
            hours: dict[int, int] = {}
            for row in views:
                hour = int(row.counted.last // _HOUR)
                hours[hour] = hours.get(hour, 0) + row.counted.requests
                database.execute(
                    "INSERT INTO views VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                    " requests = requests + excluded.requests, first = min(first, excluded.first),"
                    " last = max(last, excluded.last)",
                    (row.passage.value, row.method, row.route, row.name, *_numbers(row.counted)),
                )
            for hour, requests in hours.items():
                database.execute(
                    "INSERT INTO hours VALUES (?, ?) ON CONFLICT DO UPDATE SET requests = requests + excluded.requests",
                    (hour, requests),
                )
            database.execute("DELETE FROM hours WHERE hour < ?", (int(self._now() // _HOUR) - _KEEP_HOURS,))
            for caller in callers:
                self._add_caller(database, caller)
            database.execute("COMMIT")

    def _add_caller(self, database: sqlite3.Connection, caller: Caller) -> None:
        known = _caller_at(database, caller)
        if known is None:
            (rows,) = database.execute("SELECT count(*) FROM callers").fetchone()
            if rows >= _MOST_CALLERS:
                caller = Caller(_OTHERS, _OTHERS, _OTHERS, _OTHERS, caller.counted)
                known = _caller_at(database, caller)
        both = caller if known is None else known + caller
        database.execute(
            "INSERT OR REPLACE INTO callers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                both.client,
                both.agent,
                both.method,
                both.route,
                *_numbers(both.counted),
                json.dumps(both.addresses),
                json.dumps(both.paths),
            ),
        )


def read_folder(folder: Path, now: Callable[[], float] = time.time) -> Callers:
    """What all machines have counted whose files are in `folder`. Raises StoreUnavailable."""
    at = now()
    began: list[float] = []
    hours: set[int] = set()
    views: dict[tuple[str, ...], Reached] = {}
    callers: dict[tuple[str, ...], Caller] = {}
    files = sorted(folder.glob("*.sqlite3"))
    for path in files:
        with _opened(path, write=False) as database:
            began += [row[0] for row in database.execute("SELECT at FROM began")]
            hours |= {row[0] for row in database.execute("SELECT hour FROM hours")}
            for passage, method, route, name, *numbers in database.execute("SELECT * FROM views"):
                row = Reached(Passage(passage), method, route, name, Counted(*numbers))
                key = (passage, method, route, name)
                known = views.get(key)
                views[key] = (
                    row if known is None else Reached(row.passage, method, route, name, known.counted + row.counted)
                )
            for found in database.execute("SELECT * FROM callers"):
                caller = _caller(found)
                known_caller = callers.get(found[:4])
                callers[found[:4]] = caller if known_caller is None else known_caller + caller
    since = min(began, default=None)
    return Callers(
        at=at,
        since=since,
        silences=() if since is None else tuple(_silences(hours, since, at)),
        machines=tuple(path.stem for path in files),
        views=tuple(views[key] for key in sorted(views)),
        callers=tuple(sorted(callers.values(), key=lambda caller: -caller.counted.requests)),
    )


def _silences(hours: set[int], since: float, until: float) -> Iterator[tuple[float, float]]:
    """The whole hours in which nothing was counted, those beside each other in one."""
    begin: int | None = None
    # The hours of the beginning and of now are not over.
    for hour in range(int(since // _HOUR) + 1, int(until // _HOUR) + 1):
        if hour in hours or hour == int(until // _HOUR):
            if begin is not None:
                yield float(begin * _HOUR), float(hour * _HOUR)
            begin = None
        elif begin is None:
            begin = hour


@contextmanager
def _opened(path: Path, *, write: bool) -> Iterator[sqlite3.Connection]:
    try:
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        else:
            database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=_PATIENCE, uri=True)
        try:
            if write:
                database.executescript(_SCHEMA)
            yield database
        finally:
            database.close()
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(
            f"The counts of callers in {path} cannot be {'written' if write else 'read'}: {error}. Make the folder that"
            ' STRANGLER["CALLERS"] names one that every process of the monolith can write.'
        ) from error


def _caller_at(database: sqlite3.Connection, caller: Caller) -> Caller | None:
    found = database.execute(
        "SELECT * FROM callers WHERE client = ? AND agent = ? AND method = ? AND route = ?",
        (caller.client, caller.agent, caller.method, caller.route),
    ).fetchone()
    return None if found is None else _caller(found)


def _caller(row: tuple[str, str, str, str, int, float, float, str, str]) -> Caller:
    client, agent, method, route, requests, first, last, addresses, paths = row
    counted = Counted(requests, first, last)
    return Caller(client, agent, method, route, counted, tuple(json.loads(addresses)), tuple(json.loads(paths)))


def _numbers(counted: Counted) -> tuple[int, float, float]:
    return counted.requests, counted.first, counted.last
