"""Documents, their audit, leases and heartbeats in one SQLite file, beside the toggles; who leads, in locked files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from strangler.documents import CallCount, Document, Event
from strangler.errors import DocumentConflict
from strangler_proxy.store import schema
from strangler_proxy.store.file_leader import FileLeader
from strangler_proxy.store.ids import NEWEST
from strangler_proxy.store.json_text import text_of
from strangler_proxy.store.sqlite_file import SQLiteFile

__all__ = ["SQLiteDocumentStore"]

_EVENT: Final = "id, at, who, action, name, why, detail"
_COUNT: Final = (
    "INSERT INTO call (minute, at, last, who, token, address, verb, status, count) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (minute, who, token, address, verb, status) DO UPDATE SET count = count + excluded.count,"
    " at = min(at, excluded.at), last = max(last, excluded.last)"
)


class SQLiteDocumentStore:
    """A document store in the SQLite file `path`, which may hold the toggles too. As for SQLiteToggleStore, the first
    use creates or upgrades it, a file that vanishes later is reported, and `busy_seconds` is the longest wait for
    others. Safe to share between threads.
    """

    def __init__(self, path: Path, *, busy_seconds: float = 5.0) -> None:
        self._file = SQLiteFile(path, schema, busy_seconds=busy_seconds)
        self._leader = FileLeader(path)

    def read(self, kind: str, name: str) -> Document | None:
        """The document of that kind and name. Raises StoreUnavailable, as every method here does."""
        with self._file.connection() as connection:
            row = connection.execute(
                "SELECT version, content, at FROM document WHERE kind = ? AND name = ? AND content IS NOT NULL",
                (kind, name),
            ).fetchone()
            return None if row is None else _document(kind, name, *row)

    def listed(self, kind: str) -> list[Document]:
        """All documents of a kind, by name."""
        with self._file.connection() as connection:
            rows = connection.execute(
                "SELECT name, version, content, at FROM document WHERE kind = ? AND content IS NOT NULL ORDER BY name",
                (kind,),
            )
            return [_document(kind, *row) for row in rows]

    def write(
        self,
        kind: str,
        name: str,
        content: Mapping[str, Any] | None,
        *,
        expected: int,
        at: datetime,
        event: Event | None = None,
    ) -> Document | None:
        """Put `content` in the place of version `expected`. Raises DocumentConflict or StoreUnavailable."""
        text = None if content is None else text_of(content)
        entry = None if event is None else _columns(event)
        with self._file.transaction() as connection:
            row = connection.execute(
                "SELECT version, content FROM document WHERE kind = ? AND name = ?", (kind, name)
            ).fetchone()
            version, past = row or (0, None)
            actual = 0 if past is None else version
            if actual != expected:
                raise DocumentConflict(kind, name, expected, actual)
            if past is not None or text is not None:
                connection.execute(
                    "INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?)",
                    (kind, name, version + 1, text, at.isoformat()),
                )
            if entry is not None:
                _record(connection, entry)
            return None if text is None else Document(kind, name, version + 1, json.loads(text), at)

    def record(self, event: Event) -> None:
        """Add to the audit."""
        entry = _columns(event)
        with self._file.transaction() as connection:
            _record(connection, entry)

    def events(
        self, *, name: str | None = None, action: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[Event]:
        """The audit, newest first."""
        found: list[Event] = []
        if limit <= 0:
            return found
        with self._file.connection() as connection:
            for row in _events(connection, name, NEWEST if before is None else before):
                event = _event(row)
                if (name is None or fnmatchcase(event.name, name)) and (
                    action is None or fnmatchcase(event.action, action)
                ):
                    found.append(event)
                    if len(found) == limit:
                        break
        return found

    def prune(self, *, before: datetime, most: int) -> int:
        """Drop the oldest of the audit."""
        with self._file.transaction() as connection:
            return _prune(connection, "event", before, most)

    def add_calls(self, counts: Iterable[CallCount]) -> None:
        """Count calls."""
        rows = [_counted(each) for each in counts]
        with self._file.transaction() as connection:
            connection.executemany(_COUNT, rows)

    def calls(self, *, limit: int = 100, before: int | None = None) -> list[CallCount]:
        """The counted calls, newest entry first."""
        with self._file.connection() as connection:
            rows = connection.execute(
                "SELECT at, last, who, token, address, verb, status, count, id FROM call"
                " WHERE id < ? ORDER BY id DESC LIMIT ?",
                (NEWEST if before is None else before, max(limit, 0)),
            )
            return [
                CallCount(datetime.fromisoformat(at), datetime.fromisoformat(last), *others)
                for at, last, *others in rows
            ]

    def prune_calls(self, *, before: datetime, most: int) -> int:
        """Drop the oldest of the counted calls."""
        with self._file.transaction() as connection:
            return _prune(connection, "call", before, most)

    def lease(self, name: str, holder: str, *, seconds: float, now: float) -> str:
        """Take or renew the lease, or say who has it."""
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT INTO lease VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
                " SET holder = excluded.holder, until = excluded.until"
                " WHERE lease.holder = excluded.holder OR lease.until <= ?",
                (name, holder, now + seconds, now),
            )
            (present,) = connection.execute("SELECT holder FROM lease WHERE name = ?", (name,)).fetchone()
            return str(present)

    def holder(self, name: str, *, now: float) -> str:
        """Who has the lease."""
        with self._file.connection() as connection:
            row = connection.execute("SELECT holder FROM lease WHERE name = ? AND until > ?", (name, now)).fetchone()
            return "" if row is None else str(row[0])

    def release(self, name: str, holder: str) -> None:
        """Give the lease up."""
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM lease WHERE name = ? AND holder = ?", (name, holder))

    def lead(self, name: str) -> bool:
        """Whether this opening leads, from now on if nobody did."""
        return self._leader.lead(name)

    def resign(self, name: str) -> None:
        """Lead no more."""
        self._leader.resign(name)

    def beat(self, replica: str, content: Mapping[str, Any], *, at: float) -> None:
        """Keep what a replica says of itself."""
        text = text_of(content)
        with self._file.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO replica VALUES (?, ?, ?)", (replica, text, at))

    def beats(self) -> list[tuple[str, Mapping[str, Any], float]]:
        """What every replica said last and when, by name."""
        with self._file.connection() as connection:
            rows = connection.execute("SELECT name, content, at FROM replica ORDER BY name")
            return [(name, json.loads(content), at) for name, content, at in rows]

    def forget(self, replica: str) -> None:
        """Drop what a replica said."""
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM replica WHERE name = ?", (replica,))

    def close(self) -> None:
        """Lead no more; nothing else stays open between two calls."""
        self._leader.close()


def _document(kind: str, name: str, version: int, content: str, at: str) -> Document:
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError(f"the {kind} {name!r} is no JSON object")
    return Document(kind, name, version, document, datetime.fromisoformat(at))


def _columns(event: Event) -> tuple[str, ...]:
    return event.at.isoformat(), event.who, event.action, event.name, event.why, text_of(event.detail)


def _record(connection: sqlite3.Connection, columns: tuple[str, ...]) -> None:
    connection.execute("INSERT INTO event (at, who, action, name, why, detail) VALUES (?, ?, ?, ?, ?, ?)", columns)


def _counted(call: CallCount) -> tuple[str | int, ...]:
    return (
        call.minute.isoformat(),
        call.at.isoformat(),
        call.last.isoformat(),
        call.who,
        call.token,
        call.address,
        call.verb,
        call.status,
        call.count,
    )


def _prune(connection: sqlite3.Connection, table: str, before: datetime, most: int) -> int:
    (floor,) = connection.execute(
        "SELECT max(coalesce("  # noqa: S608 - our tables
        f"(SELECT id FROM {table} WHERE at >= ? ORDER BY id LIMIT 1), (SELECT max(id) + 1 FROM {table}), 0),"
        f" coalesce((SELECT id + 1 FROM {table} ORDER BY id DESC LIMIT 1 OFFSET ?), 0))",
        (before.isoformat(), max(most, 0)),
    ).fetchone()
    connection.execute(f"UPDATE {table}_floor SET below = ? WHERE below < ?", (floor, floor))  # noqa: S608
    return connection.execute(f"DELETE FROM {table} WHERE id < ?", (floor,)).rowcount  # noqa: S608


def _events(connection: sqlite3.Connection, name: str | None, below: int) -> Iterator[tuple[Any, ...]]:
    if name is None or any(letter in name for letter in "*?["):
        return connection.execute(f"SELECT {_EVENT} FROM event WHERE id < ? ORDER BY id DESC", (below,))  # noqa: S608
    select = f"SELECT {_EVENT} FROM event WHERE name = ? AND id < ? ORDER BY id DESC"  # noqa: S608 - constant
    return connection.execute(select, (name, below))


def _event(row: tuple[Any, ...]) -> Event:
    number, at, who, action, name, why, detail = row
    return Event(datetime.fromisoformat(at), who, action, name, why, json.loads(detail), number)
