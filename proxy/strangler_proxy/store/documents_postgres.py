"""Documents, their audit, leases, heartbeats and who leads, in a PostgreSQL database that replicas share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, Final

from psycopg.rows import TupleRow

from strangler.documents import CallCount, Document, Event
from strangler.errors import DocumentConflict
from strangler_proxy.store import postgres_schema
from strangler_proxy.store.json_text import text_of
from strangler_proxy.store.newest_first import newest_first
from strangler_proxy.store.postgres_connection import Connection, PostgresConnection
from strangler_proxy.store.postgres_leader import PostgresLeader

__all__ = ["PostgresDocumentStore"]

_EVENTS: Final = "SELECT id, at, who, action, name, why, detail FROM strangler.event"
_CALLS: Final = "SELECT id, at, last, who, token, address, verb, status, count FROM strangler.call"
_COUNT: Final = (
    "INSERT INTO strangler.call AS had (minute, at, last, who, token, address, verb, status, count)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (minute, who, token, address, verb, status)"
    " DO UPDATE SET count = had.count + excluded.count, at = least(had.at, excluded.at),"
    " last = greatest(had.last, excluded.last)"
)


class PostgresDocumentStore:
    """A document store in the PostgreSQL database `url`, in its schema `strangler`; as PostgresToggleStore."""

    def __init__(self, url: str, *, seconds: float = 5.0) -> None:
        self._database = PostgresConnection(url, postgres_schema, seconds=seconds)
        self._leader = PostgresLeader(self._database)

    def read(self, kind: str, name: str) -> Document | None:
        """The document of that kind and name. Raises StoreUnavailable, as every method here does."""
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT version, content, at FROM strangler.document"
                " WHERE kind = %s AND name = %s AND content IS NOT NULL",
                (kind, name),
            ).fetchone()
            return None if row is None else Document(kind, name, *row)

    def listed(self, kind: str) -> list[Document]:
        """All documents of a kind, by name."""
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT name, version, content, at FROM strangler.document"
                ' WHERE kind = %s AND content IS NOT NULL ORDER BY name COLLATE "C"',
                (kind,),
            )
            return [Document(kind, *row) for row in rows]

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
        with self._database.transaction() as connection:
            # There is a row to meet at, also for those who make the same document at once.
            connection.execute(
                "INSERT INTO strangler.document VALUES (%s, %s, 0, NULL, %s) ON CONFLICT (kind, name) DO NOTHING",
                (kind, name, at),
            )
            version, deleted = _one(
                connection,
                "SELECT version, content IS NULL FROM strangler.document WHERE kind = %s AND name = %s FOR UPDATE",
                (kind, name),
            )
            actual = 0 if deleted else version
            if actual != expected:
                raise DocumentConflict(kind, name, expected, actual)
            if entry is not None:
                _record(connection, entry)
            if text is None and deleted:
                return None
            row = _one(
                connection,
                "UPDATE strangler.document SET version = version + 1, content = %s, at = %s"
                " WHERE kind = %s AND name = %s RETURNING version, content, at",
                (text, at, kind, name),
            )
            return None if text is None else Document(kind, name, *row)

    def record(self, event: Event) -> None:
        """Add to the audit."""
        entry = _columns(event)
        with self._database.connection() as connection:
            _record(connection, entry)

    def events(
        self, *, name: str | None = None, action: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[Event]:
        """The audit, newest first."""
        found: list[Event] = []
        if limit <= 0:
            return found
        with self._database.aside() as connection:
            for row in newest_first(connection, _EVENTS, name, before):
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
        with self._database.transaction() as connection:
            return _prune(connection, "event", before, most)

    def add_calls(self, counts: Iterable[CallCount]) -> None:
        """Count calls."""
        # In one order with all replicas: two that count the same calls at once would wait for each other.
        rows = sorted(_counted(each) for each in counts)
        with self._database.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(_COUNT, rows)

    def calls(self, *, limit: int = 100, before: int | None = None) -> list[CallCount]:
        """The counted calls, newest entry first."""
        with self._database.aside() as connection:
            rows = islice(newest_first(connection, _CALLS, None, before), max(limit, 0))
            return [_call(row) for row in rows]

    def prune_calls(self, *, before: datetime, most: int) -> int:
        """Drop the oldest of the counted calls."""
        with self._database.transaction() as connection:
            return _prune(connection, "call", before, most)

    def lease(self, name: str, holder: str, *, seconds: float, now: float) -> str:
        """Take or renew the lease, or say who has it."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO strangler.lease AS had VALUES (%s, %s, %s) ON CONFLICT (name) DO UPDATE"
                " SET holder = excluded.holder, until = excluded.until"
                " WHERE had.holder = excluded.holder OR had.until <= %s",
                (name, holder, now + seconds, now),
            )
            (present,) = _one(connection, "SELECT holder FROM strangler.lease WHERE name = %s", (name,))
            return str(present)

    def holder(self, name: str, *, now: float) -> str:
        """Who has the lease."""
        with self._database.connection() as connection:
            query = "SELECT holder FROM strangler.lease WHERE name = %s AND until > %s"
            row = connection.execute(query, (name, now)).fetchone()
            return "" if row is None else str(row[0])

    def release(self, name: str, holder: str) -> None:
        """Give the lease up."""
        with self._database.connection() as connection:
            connection.execute("DELETE FROM strangler.lease WHERE name = %s AND holder = %s", (name, holder))

    def lead(self, name: str) -> bool:
        """Whether this opening leads, from now on if nobody did; it stops with its connection."""
        return self._leader.lead(name)

    def resign(self, name: str) -> None:
        """Lead no more."""
        self._leader.resign(name)

    def beat(self, replica: str, content: Mapping[str, Any], *, at: float) -> None:
        """Keep what a replica says of itself."""
        text = text_of(content)
        with self._database.connection() as connection:
            connection.execute(
                "INSERT INTO strangler.replica VALUES (%s, %s, %s)"
                " ON CONFLICT (name) DO UPDATE SET content = excluded.content, at = excluded.at",
                (replica, text, at),
            )

    def beats(self) -> list[tuple[str, Mapping[str, Any], float]]:
        """What every replica said last and when, by name."""
        with self._database.connection() as connection:
            rows = connection.execute('SELECT name, content, at FROM strangler.replica ORDER BY name COLLATE "C"')
            return [(name, content, at) for name, content, at in rows]

    def forget(self, replica: str) -> None:
        """Drop what a replica said."""
        with self._database.connection() as connection:
            connection.execute("DELETE FROM strangler.replica WHERE name = %s", (replica,))

    def close(self) -> None:
        """Close the connections, and lead no more."""
        self._leader.close()
        self._database.close()


def _one(connection: Connection, query: str, values: tuple[Any, ...]) -> TupleRow:
    row = connection.execute(query.encode(), values).fetchone()
    if row is None:
        raise ValueError("a row is gone that was just there")
    return row


def _columns(event: Event) -> tuple[Any, ...]:
    return event.at, event.who, event.action, event.name, event.why, text_of(event.detail)


def _record(connection: Connection, columns: tuple[Any, ...]) -> None:
    connection.execute(
        "INSERT INTO strangler.event (at, who, action, name, why, detail) VALUES (%s, %s, %s, %s, %s, %s)", columns
    )


def _counted(call: CallCount) -> tuple[Any, ...]:
    minute, at, last = call.minute, call.at, call.last
    return minute, at, last, call.who, call.token, call.address, call.verb, call.status, call.count


def _prune(connection: Connection, table: str, before: datetime, most: int) -> int:
    (floor,) = _one(
        connection,
        "SELECT greatest("  # noqa: S608 - our tables
        f"coalesce((SELECT id FROM strangler.{table} WHERE at >= %s ORDER BY id LIMIT 1),"
        f" (SELECT max(id) + 1 FROM strangler.{table}), 0),"
        f" coalesce((SELECT id + 1 FROM strangler.{table} ORDER BY id DESC LIMIT 1 OFFSET %s), 0))",
        (before, max(most, 0)),
    )
    raised = f"UPDATE strangler.{table}_floor SET below = %s WHERE below < %s"  # noqa: S608 - our tables
    connection.execute(raised.encode(), (floor, floor))
    gone = f"DELETE FROM strangler.{table} WHERE id < %s"  # noqa: S608 - our tables
    return connection.execute(gone.encode(), (floor,)).rowcount


def _call(row: TupleRow) -> CallCount:
    number, at, last, who, token, address, verb, status, count = row
    return CallCount(at, last, who, token, address, verb, status, count, number)


def _event(row: TupleRow) -> Event:
    number, at, who, action, name, why, detail = row
    return Event(at, who, action, name, why, detail, number)
