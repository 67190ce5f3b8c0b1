"""Toggles and their audit in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from strangler.errors import RevisionConflict, SnapshotError, StoreUnavailable
from strangler.toggles import AuditEntry, Change, Snapshot, Toggle
from strangler_proxy.store import schema
from strangler_proxy.store.ids import NEWEST
from strangler_proxy.store.json_text import text_of
from strangler_proxy.store.sqlite_file import SQLiteFile

__all__ = ["SQLiteToggleStore"]

# The revision with its time, and each toggle's state, as they are in the tables.
_Rows = tuple[tuple[Any, ...] | None, list[tuple[Any, ...]]]

_COLUMNS: Final = "id, revision, at, who, why, name, before, after, forced, evidence"
# Two calls of the system each time; a move by another process is known after so many seconds at most.
_LOOK_EVERY: Final = 0.1


class SQLiteToggleStore:
    """A toggle store in the SQLite file `path` (write-ahead log, every commit synced).

    The first use creates the file, or upgrades it to this version's tables. A file that vanishes later is not made
    anew but reported, until it is back; only `adopt` makes a new one. `busy_seconds` is how long another process's
    transaction is waited for (default 5). Safe to share between threads.
    """

    def __init__(self, path: Path, *, busy_seconds: float = 5.0) -> None:
        self._file = SQLiteFile(path, schema, busy_seconds=busy_seconds, synchronous="NORMAL", fold_later=True)
        # Whoever looks once a second reads the same thousand toggles again and again: they are parsed when they change.
        self._rows: _Rows | None = None
        self._loaded = Snapshot()
        self._closed = threading.Event()

    def load(self) -> Snapshot:
        """The present snapshot, the same object as long as the file says the same. Raises StoreUnavailable."""
        with self._file.connection() as connection:
            connection.execute("BEGIN")
            rows = _rows(connection)
            if rows != self._rows:
                self._loaded = _parsed(rows)
                self._rows = rows
            return self._loaded

    def commit(self, change: Change, *, expected_revision: int) -> Snapshot:
        """Put `change` in under `expected_revision` + 1. Raises RevisionConflict or StoreUnavailable."""
        evidence = {name: text_of(each) for name, each in change.evidence.items()}
        with self._file.transaction() as connection:
            present = _snapshot(connection)
            if present.revision != expected_revision:
                raise RevisionConflict(expected_revision, present.revision)
            after = present.moved(change.toggles, revision=expected_revision + 1, at=change.at)
            _write(connection, present.toggles, after, change, evidence)
            return after

    def settle(self) -> None:
        """Wait until what was committed is in the one file, and on the disk. Raises StoreUnavailable."""
        self._file.settle()

    def adopt(self, snapshot: Snapshot, *, who: str, why: str, at: datetime) -> Snapshot:
        """Hold exactly the toggles of `snapshot`, in a new file if need be. Raises StoreUnavailable."""
        with self._file.transaction(create=True) as connection:
            present = _snapshot(connection)
            revision = max(snapshot.revision, present.revision) + 1
            changed = [
                toggle for name, toggle in snapshot.toggles.items() if not toggle.says_as(present.toggles.get(name))
            ]
            kept = {name: present.toggles.get(name, toggle) for name, toggle in snapshot.toggles.items()}
            after = Snapshot(toggles=kept).moved(changed, revision=revision, at=at)
            connection.executemany(
                "DELETE FROM toggle WHERE name = ?", [(name,) for name in present.toggles if name not in kept]
            )
            _write(connection, present.toggles, after, Change(toggles=changed, who=who, why=why, at=at), {})
            return after

    def history(self, name: str | None = None, *, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """The audit, newest first. Raises StoreUnavailable."""
        found: list[AuditEntry] = []
        if limit <= 0:
            return found
        with self._file.connection() as connection:
            below = NEWEST if before is None else before
            if name is None or any(letter in name for letter in "*?["):
                rows = connection.execute(
                    f"SELECT {_COLUMNS} FROM audit WHERE id < ? ORDER BY id DESC",  # noqa: S608 - constant
                    (below,),
                )
            else:
                rows = connection.execute(
                    f"SELECT {_COLUMNS} FROM audit WHERE name = ? AND id < ? ORDER BY id DESC",  # noqa: S608 - constant
                    (name, below),
                )
            for row in rows:
                if name is None or fnmatchcase(row[5], name):
                    found.append(_entry(row))
                    if len(found) == limit:
                        break
        return found

    def changed(self, revision: int, *, seconds: float) -> bool:
        """Wait until the revision is another one than `revision`. Raises StoreUnavailable."""
        end = time.monotonic() + seconds
        seen: tuple[int, ...] | None = None
        while True:
            mark = self._file.mark()
            if mark != seen:
                seen = mark
                with self._file.connection() as connection:
                    found = connection.execute("SELECT revision FROM revision").fetchone()
                if found is not None and found[0] != revision:
                    return True
            left = end - time.monotonic()
            if left <= 0 or self._closed.wait(min(left, _LOOK_EVERY)):
                return False

    def close(self) -> None:
        """Let whoever waits for a change go, and wait until all is in the one file."""
        self._closed.set()
        with suppress(StoreUnavailable):
            self._file.settle()


def _snapshot(connection: sqlite3.Connection) -> Snapshot:
    return _parsed(_rows(connection))


def _rows(connection: sqlite3.Connection) -> _Rows:
    revision = connection.execute("SELECT revision, at FROM revision").fetchone()
    return revision, connection.execute("SELECT state FROM toggle").fetchall()


def _parsed(rows: _Rows) -> Snapshot:
    revision, states = rows
    if revision is None:
        raise SnapshotError("its revision is missing")
    toggles = [_toggle(state) for (state,) in states]
    number, at = revision
    return Snapshot(revision=number, toggles={toggle.name: toggle for toggle in toggles}, at=datetime.fromisoformat(at))


def _write(
    connection: sqlite3.Connection,
    before: Mapping[str, Toggle],
    after: Snapshot,
    change: Change,
    evidence: Mapping[str, str],
) -> None:
    connection.execute("UPDATE revision SET revision = ?, at = ?", (after.revision, after.at.isoformat()))
    for toggle in change.toggles:
        state = _state(after.toggles[toggle.name])
        connection.execute("INSERT OR REPLACE INTO toggle VALUES (?, ?)", (toggle.name, state))
        past = before.get(toggle.name)
        connection.execute(
            "INSERT INTO audit (revision, at, who, why, name, before, after, forced, evidence)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                after.revision,
                change.at.isoformat(),
                change.who,
                change.why,
                toggle.name,
                None if past is None else _state(past),
                state,
                int(change.forced),
                evidence.get(toggle.name),
            ),
        )


def _state(toggle: Toggle) -> str:
    return json.dumps(toggle.to_json(), ensure_ascii=False, separators=(",", ":"))


def _toggle(state: str) -> Toggle:
    try:
        return Toggle.from_json(json.loads(state))
    except json.JSONDecodeError as error:
        raise SnapshotError(f"not a toggle: {error}") from error


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    number, revision, at, who, why, name, before, after, forced, evidence = row
    return AuditEntry(
        id=number,
        revision=revision,
        at=datetime.fromisoformat(at),
        who=who,
        why=why,
        name=name,
        before=None if before is None else _toggle(before),
        after=_toggle(after),
        forced=bool(forced),
        evidence=None if evidence is None else json.loads(evidence),
    )
