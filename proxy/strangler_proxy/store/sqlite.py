"""Toggles and their audit in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import quote

from strangler.errors import RevisionConflict, SnapshotError, StoreUnavailable
from strangler.toggles import AuditEntry, Change, Snapshot, Toggle
from strangler_proxy.store import schema

__all__ = ["SQLiteToggleStore"]

# The revision with its time, and each toggle's state, as they are in the tables.
_Rows = tuple[tuple[Any, ...] | None, list[tuple[Any, ...]]]

_COLUMNS = "id, revision, at, who, why, name, before, after, forced"


class SQLiteToggleStore:
    """A toggle store in the SQLite file `path` (write-ahead log, every commit synced).

    The first use creates the file, or upgrades it to this version's tables. A file that vanishes later is not made
    anew but reported, until it is back; only `adopt` makes a new one. `busy_seconds` is how long another process's
    transaction is waited for (default 5). Safe to share between threads.
    """

    def __init__(self, path: Path, *, busy_seconds: float = 5.0) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._lock = threading.Lock()
        self._seen = False
        # Whoever looks once a second reads the same thousand toggles again and again: they are parsed when they change.
        self._rows: _Rows | None = None
        self._loaded = Snapshot()

    def load(self) -> Snapshot:
        """The present snapshot, the same object as long as the file says the same. Raises StoreUnavailable."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            rows = _rows(connection)
            if rows != self._rows:
                self._loaded = _parsed(rows)
                self._rows = rows
            return self._loaded

    def commit(self, change: Change, *, expected_revision: int) -> Snapshot:
        """Put `change` in under `expected_revision` + 1. Raises RevisionConflict or StoreUnavailable."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            present = _snapshot(connection)
            if present.revision != expected_revision:
                raise RevisionConflict(expected_revision, present.revision)
            after = present.moved(change.toggles, revision=expected_revision + 1, at=change.at)
            _write(connection, present.toggles, after, change)
            connection.execute("COMMIT")
            return after

    def adopt(self, snapshot: Snapshot, *, who: str, why: str, at: datetime) -> Snapshot:
        """Hold exactly the toggles of `snapshot`, in a new file if need be. Raises StoreUnavailable."""
        with self._connection(create=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
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
            _write(connection, present.toggles, after, Change(toggles=changed, who=who, why=why, at=at))
            connection.execute("COMMIT")
            return after

    def history(self, name: str | None = None, *, limit: int = 100) -> list[AuditEntry]:
        """The audit, newest first. Raises StoreUnavailable."""
        found: list[AuditEntry] = []
        if limit <= 0:
            return found
        with self._connection() as connection:
            if name is None or any(letter in name for letter in "*?["):
                rows = connection.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY id DESC")  # noqa: S608 - constant
            else:
                rows = connection.execute(
                    f"SELECT {_COLUMNS} FROM audit WHERE name = ? ORDER BY id DESC",  # noqa: S608 - constant
                    (name,),
                )
            for row in rows:
                if name is None or fnmatchcase(row[5], name):
                    found.append(_entry(row))
                    if len(found) == limit:
                        break
        return found

    def close(self) -> None:
        """Nothing stays open between two calls, so there is nothing to let go of."""

    @contextmanager
    def _connection(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        # A new connection each time sees the file as it is now: one kept open goes on in its cache, or in a deleted
        # file, as if nothing had happened. And when the last connection closes the log is folded into the file, so
        # that at rest one file is the whole store: it can be copied, and a backup put in its place.
        with self._lock:
            try:
                with closing(self._open("rwc" if create or not self._seen else "rw")) as connection:
                    _prepare(connection, self._path)
                    self._seen = True
                    yield connection
            except sqlite3.Error as error:
                raise StoreUnavailable(
                    f"The store {self._path} does not answer: {error}. {self._remedy(error)}"
                ) from error
            except (SnapshotError, TypeError, ValueError) as error:
                raise StoreUnavailable(
                    f"The store {self._path} holds something unreadable: {error}. {_DAMAGED}"
                ) from error

    def _open(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self._path.absolute()))}?mode={mode}",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _remedy(self, error: sqlite3.Error) -> str:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            return _DAMAGED
        # The low byte is the kind of error, the rest its finer detail.
        kind = code & 0xFF
        if kind == sqlite3.SQLITE_CANTOPEN and self._seen and not self._path.exists():
            return _GONE
        return _REMEDIES.get(kind, _DAMAGED)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == len(schema.VERSIONS):
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Asked again inside the transaction: another process may just have done it.
        for statements in schema.VERSIONS[_version(connection, path) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(schema.VERSIONS)}")
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != schema.APPLICATION_ID and (application or version or tables):
        raise StoreUnavailable(f"{path} is an SQLite file, but not one of Strangler's. Name another file as the store.")
    if version > len(schema.VERSIONS):
        raise StoreUnavailable(
            f"The store {path} has tables of version {version}, and this Strangler knows up to {len(schema.VERSIONS)}."
            " Use the newer Strangler that wrote it."
        )
    return int(version)


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


def _write(connection: sqlite3.Connection, before: Mapping[str, Toggle], after: Snapshot, change: Change) -> None:
    connection.execute("UPDATE revision SET revision = ?, at = ?", (after.revision, after.at.isoformat()))
    for toggle in change.toggles:
        state = _state(after.toggles[toggle.name])
        connection.execute("INSERT OR REPLACE INTO toggle VALUES (?, ?)", (toggle.name, state))
        past = before.get(toggle.name)
        connection.execute(
            "INSERT INTO audit (revision, at, who, why, name, before, after, forced) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                after.revision,
                change.at.isoformat(),
                change.who,
                change.why,
                toggle.name,
                None if past is None else _state(past),
                state,
                int(change.forced),
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
    number, revision, at, who, why, name, before, after, forced = row
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
    )


_REMEDIES = {
    sqlite3.SQLITE_BUSY: "Another process holds it; find out which (`lsof`), then try again.",
    sqlite3.SQLITE_LOCKED: "Another process holds it; find out which (`lsof`), then try again.",
    sqlite3.SQLITE_FULL: "Make room on that disk, then try again.",
    sqlite3.SQLITE_READONLY: "Make the file and its folder writable for this user.",
    sqlite3.SQLITE_PERM: "Make the file and its folder accessible for this user.",
    sqlite3.SQLITE_CANTOPEN: "Check that its folder exists and that this user may write there.",
    sqlite3.SQLITE_IOERR: "Check the disk.",
}
_GONE = (
    "The file is gone: put it back, or let a new one take over what is being served:"
    " `strangler adopt snapshot --why ...`."
)
_DAMAGED = (
    "The file is damaged: restore it, or move it away and let a new one take over what is being served:"
    " `strangler adopt snapshot --why ...`."
)
