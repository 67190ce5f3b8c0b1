"""Toggles and their audit in a PostgreSQL database, which any number of replicas share."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final

from psycopg.rows import TupleRow

from strangler.errors import RevisionConflict, SnapshotError, StoreUnavailable
from strangler.toggles import AuditEntry, Change, Snapshot, Toggle
from strangler_proxy.store import postgres_schema
from strangler_proxy.store.json_text import text_of
from strangler_proxy.store.newest_first import newest_first
from strangler_proxy.store.postgres_connection import Connection, PostgresConnection

__all__ = ["PostgresToggleStore"]

_SNAPSHOT: Final = (
    "SELECT revision.revision, revision.at, toggle.state::text"
    " FROM strangler.revision LEFT JOIN strangler.toggle ON true ORDER BY toggle.name"
)
_AUDIT: Final = "SELECT id, revision, at, who, why, name, before, after, forced, evidence FROM strangler.audit"
# In this time at most `close` is noticed; a move is told at once.
_SLICE: Final = 0.2
# What is not told, for a proxy between us drops it or the line was cut, is found by looking.
_LOOK_EVERY: Final = 1.0


class PostgresToggleStore:
    """A toggle store in the PostgreSQL database `url`, in its schema `strangler`.

    The first use makes the tables or upgrades them. A connection that breaks is opened again by the next use; a
    statement may take `seconds` (default 5). Safe to share between threads.
    """

    def __init__(self, url: str, *, seconds: float = 5.0) -> None:
        self._database = PostgresConnection(url, postgres_schema, seconds=seconds)
        # Whoever looks once a second reads the same thousand toggles again and again: they are parsed when they change.
        self._rows: list[TupleRow] | None = None
        self._loaded = Snapshot()
        self._listening = threading.Lock()
        self._listener: Connection | None = None
        self._closed = False

    def load(self) -> Snapshot:
        """The present snapshot, the same object as long as the database says the same. Raises StoreUnavailable."""
        with self._database.connection() as connection:
            # One statement sees one state of the database.
            rows = connection.execute(_SNAPSHOT).fetchall()
            if rows != self._rows:
                self._loaded = _parsed(rows)
                self._rows = rows
            return self._loaded

    def commit(self, change: Change, *, expected_revision: int) -> Snapshot:
        """Put `change` in under `expected_revision` + 1. Raises RevisionConflict or StoreUnavailable."""
        evidence = {name: text_of(each) for name, each in change.evidence.items()}
        with self._database.transaction() as connection:
            # Two who move at once meet at this row: the second waits here, and then sees the first one's revision.
            won = connection.execute(
                "UPDATE strangler.revision SET revision = %s, at = %s WHERE revision = %s",
                (expected_revision + 1, change.at, expected_revision),
            ).rowcount
            present = _parsed(connection.execute(_SNAPSHOT).fetchall())
            if not won:
                raise RevisionConflict(expected_revision, present.revision)
            after = present.moved(change.toggles, revision=expected_revision + 1, at=change.at)
            _write(connection, present.toggles, after, change, evidence)
            return after

    def settle(self) -> None:
        """A commit waits for the database's disk, as far as the database is set up to: nothing is left to wait for."""

    def adopt(self, snapshot: Snapshot, *, who: str, why: str, at: datetime) -> Snapshot:
        """Hold exactly the toggles of `snapshot`, in new tables if need be. Raises StoreUnavailable."""
        with self._database.transaction(create=True) as connection:
            connection.execute("SELECT FROM strangler.revision FOR UPDATE")
            present = _parsed(connection.execute(_SNAPSHOT).fetchall())
            revision = max(snapshot.revision, present.revision) + 1
            changed = [
                toggle for name, toggle in snapshot.toggles.items() if not toggle.says_as(present.toggles.get(name))
            ]
            kept = {name: present.toggles.get(name, toggle) for name, toggle in snapshot.toggles.items()}
            after = Snapshot(toggles=kept).moved(changed, revision=revision, at=at)
            connection.execute("UPDATE strangler.revision SET revision = %s, at = %s", (revision, at))
            connection.execute("DELETE FROM strangler.toggle WHERE NOT name = ANY(%s)", (list(kept),))
            _write(connection, present.toggles, after, Change(toggles=changed, who=who, why=why, at=at), {})
            return after

    def history(self, name: str | None = None, *, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """The audit, newest first. Raises StoreUnavailable."""
        found: list[AuditEntry] = []
        if limit <= 0:
            return found
        with self._database.aside() as connection:
            for row in newest_first(connection, _AUDIT, name, before):
                if name is None or fnmatchcase(row[5], name):
                    found.append(_entry(row))
                    if len(found) == limit:
                        break
        return found

    def changed(self, revision: int, *, seconds: float) -> bool:
        """Wait until the revision is another one than `revision`. Raises StoreUnavailable."""
        end = time.monotonic() + seconds
        with self._listening:
            try:
                while not self._closed:
                    kept = self._listener is not None
                    try:
                        # Listened first and looked then, so that nothing falls between.
                        if self._revision(self._listen()) != revision:
                            return True
                        left = end - time.monotonic()
                        if left <= 0:
                            return False
                        self._hear(self._listen(), min(left, _LOOK_EVERY))
                    except StoreUnavailable:
                        # One that was kept may have been cut, and the database be there all the same.
                        self._end_listening()
                        if not kept and not self._closed:
                            raise
                return False
            finally:
                if self._closed:
                    self._end_listening()

    def close(self) -> None:
        """Close the connections, and let whoever waits for a change go."""
        self._closed = True
        # Who waits notices within a moment, and closes what it listened on.
        if self._listening.acquire(blocking=False):
            self._end_listening()
            self._listening.release()
        self._database.close()

    def _listen(self) -> Connection:
        if self._listener is None:
            listener = self._listener = self._database.alone()
            with self._database.faults(), self._database.bounded(listener):
                listener.execute(f"LISTEN {postgres_schema.MOVES}".encode())
        return self._listener

    def _revision(self, listener: Connection) -> int:
        with self._database.faults(), self._database.bounded(listener):
            row = listener.execute("SELECT revision FROM strangler.revision").fetchone()
            if row is None:
                raise SnapshotError("its revision is missing")
            return int(row[0])

    def _hear(self, listener: Connection, seconds: float) -> None:
        end = time.monotonic() + seconds
        with self._database.faults():
            while not self._closed and (left := end - time.monotonic()) > 0:
                for _ in listener.notifies(timeout=min(left, _SLICE), stop_after=1):
                    return

    def _end_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()


def _parsed(rows: list[TupleRow]) -> Snapshot:
    if not rows:
        raise SnapshotError("its revision is missing")
    number, at, _ = rows[0]
    toggles = [_toggle(json.loads(state)) for _, _, state in rows if state is not None]
    return Snapshot(revision=number, toggles={toggle.name: toggle for toggle in toggles}, at=at)


def _write(
    connection: Connection, before: Mapping[str, Toggle], after: Snapshot, change: Change, evidence: Mapping[str, str]
) -> None:
    def rows() -> Iterator[tuple[Any, ...]]:
        for toggle in change.toggles:
            past = before.get(toggle.name)
            yield (
                after.revision,
                change.at,
                change.who,
                change.why,
                toggle.name,
                None if past is None else _state(past),
                _state(after.toggles[toggle.name]),
                change.forced,
                evidence.get(toggle.name),
            )

    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO strangler.audit (revision, at, who, why, name, before, after, forced, evidence)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            list(rows()),
        )
        cursor.executemany(
            "INSERT INTO strangler.toggle VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET state = excluded.state",
            [(toggle.name, _state(after.toggles[toggle.name])) for toggle in change.toggles],
        )
        cursor.execute("SELECT pg_notify(%s, %s)", (postgres_schema.MOVES, str(after.revision)))


def _state(toggle: Toggle) -> str:
    return text_of(toggle.to_json())


def _toggle(state: Any) -> Toggle:
    return Toggle.from_json(state)


def _entry(row: TupleRow) -> AuditEntry:
    number, revision, at, who, why, name, before, after, forced, evidence = row
    return AuditEntry(
        id=number,
        revision=revision,
        at=at,
        who=who,
        why=why,
        name=name,
        before=None if before is None else _toggle(before),
        after=_toggle(after),
        forced=forced,
        evidence=evidence,
    )
