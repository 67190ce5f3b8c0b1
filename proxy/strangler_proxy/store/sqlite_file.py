"""One SQLite file with our tables: opened for each use, upgraded in place, and every fault said with its remedy."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final, Literal, Protocol
from urllib.parse import quote

from strangler.errors import SnapshotError, StoreUnavailable

__all__ = ["SQLiteFile", "Schema"]


class Schema(Protocol):
    """The tables of a file: `VERSIONS` has the statements that lead from one version to the next, `APPLICATION_ID`
    tells the file from any other, and `GONE` and `DAMAGED` say what to do about a file that is."""

    @property
    def VERSIONS(self) -> tuple[tuple[str, ...], ...]: ...  # noqa: N802 - a module's constant
    @property
    def APPLICATION_ID(self) -> int: ...  # noqa: N802
    @property
    def GONE(self) -> str: ...  # noqa: N802
    @property
    def DAMAGED(self) -> str: ...  # noqa: N802


class SQLiteFile:
    """The SQLite file `path` with the tables of `schema` (write-ahead log).

    The first use creates the file, or upgrades it to this version's tables. A file that vanishes later is not made
    anew but reported, until it is back. `busy_seconds` is how long another process's transaction is waited for, and
    `synchronous` how far a commit is waited for: FULL outlives a power cut, NORMAL the end of any process. At rest the
    file is the whole store: the log is folded into it after each transaction. With `fold_later` a thread of its own
    does that, and `settle` waits until what was committed is there and outlives a power cut. Safe to share between
    threads, which take turns.
    """

    def __init__(
        self,
        path: Path,
        schema: Schema,
        *,
        busy_seconds: float,
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        fold_later: bool = False,
    ) -> None:
        self._path = path
        self._schema = schema
        self._busy_seconds = busy_seconds
        self._synchronous = synchronous
        self._fold_later = fold_later
        self._fault: StoreUnavailable | None = None
        self._lock = threading.Lock()
        self._seen = False

    @contextmanager
    def connection(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection in autocommit mode, for one use. `create`: make a new file where it vanished. Raises
        StoreUnavailable, also for what its user cannot read (ValueError, TypeError, SnapshotError)."""
        with self._lock, self._told(), closing(self._opened(create=create)) as connection:
            yield connection

    @contextmanager
    def transaction(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction that writes, committed at the end unless there is an error. Raises as
        `connection` does."""
        with ExitStack() as at_the_end, self._told():
            at_the_end.enter_context(self._lock)
            connection = at_the_end.enter_context(closing(self._opened(create=create)))
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
            if self._fold_later:
                # Folding takes several waits for the disk, for which only who wants the file next need wait.
                turn = at_the_end.pop_all()
                try:
                    threading.Thread(target=self._fold, args=(connection, turn), name="folding").start()
                except RuntimeError:
                    # No more threads.
                    self._fold(connection, turn)

    def settle(self) -> None:
        """Wait until the log is folded into the file. Raises StoreUnavailable where that could not be done."""
        with self._lock:
            fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def _fold(self, connection: sqlite3.Connection, turn: ExitStack) -> None:
        with turn:
            try:
                with self._told():
                    connection.execute("PRAGMA synchronous = FULL")
                    (busy, *_) = connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
                if busy:
                    raise StoreUnavailable(
                        f"What was committed is not in the store {self._path} yet, for somebody keeps it open."
                        f" {_REMEDIES[sqlite3.SQLITE_BUSY]}"
                    )
            except StoreUnavailable as error:
                self._fault = error

    def _opened(self, *, create: bool) -> sqlite3.Connection:
        # A new connection each time sees the file as it is now: one kept open goes on in its cache, or in a deleted
        # file, as if nothing had happened. And when the last connection closes the log is folded into the file, so
        # that at rest one file is the whole store: it can be copied, and a backup put in its place.
        connection = self._open("rwc" if create or not self._seen else "rw")
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._seen = True
        return connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Every fault within as StoreUnavailable, with its remedy."""
        try:
            yield
        except sqlite3.Error as error:
            raise StoreUnavailable(f"The store {self._path} does not answer: {error}. {self._remedy(error)}") from error
        except (SnapshotError, TypeError, ValueError) as error:
            raise StoreUnavailable(
                f"The store {self._path} holds something unreadable: {error}. {self._schema.DAMAGED}"
            ) from error

    def mark(self) -> tuple[int, ...]:
        """What a commit of any process changes: which file it is, and when it and its log were written to last, how
        long they are. Cheap to ask for, and reading changes nothing of it."""
        mark: list[int] = []
        for path in (self._path, self._path.with_name(f"{self._path.name}-wal")):
            try:
                seen = path.stat()
            except OSError:
                # Whoever opens it is told why.
                continue
            if seen.st_size:
                # An empty log comes and goes with whoever reads.
                mark += (seen.st_ino, seen.st_mtime_ns, seen.st_size)
        return tuple(mark)

    def _open(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self._path.absolute()))}?mode={mode}",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute("PRAGMA foreign_keys = ON")
            # What is deleted, a person's data at that, is gone from the file too.
            connection.execute("PRAGMA secure_delete = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _remedy(self, error: sqlite3.Error) -> str:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            return self._schema.DAMAGED
        # The low byte is the kind of error, the rest its finer detail.
        kind = code & 0xFF
        if kind == sqlite3.SQLITE_CANTOPEN and self._seen and not self._path.exists():
            return self._schema.GONE
        return _REMEDIES.get(kind, self._schema.DAMAGED)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if self._version(connection) == len(self._schema.VERSIONS):
            return
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Asked again inside the transaction: another process may just have done it.
            for statements in self._schema.VERSIONS[self._version(connection) :]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(self._schema.VERSIONS)}")
            connection.execute(f"PRAGMA application_id = {self._schema.APPLICATION_ID}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _version(self, connection: sqlite3.Connection) -> int:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        # Asked last: another process may make its tables just now, and its mark comes with them.
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        if application != self._schema.APPLICATION_ID and (application or version or tables):
            raise StoreUnavailable(
                f"{self._path} is an SQLite file, but not one of Strangler's. Name another file as the store."
            )
        if version > len(self._schema.VERSIONS):
            raise StoreUnavailable(
                f"The store {self._path} has tables of version {version}, and this Strangler knows up to"
                f" {len(self._schema.VERSIONS)}. Use the newer Strangler that wrote it."
            )
        return int(version)


_REMEDIES: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_BUSY: "Another process holds it; find out which (`lsof`), then try again.",
    sqlite3.SQLITE_LOCKED: "Another process holds it; find out which (`lsof`), then try again.",
    sqlite3.SQLITE_FULL: "Make room on that disk, then try again.",
    sqlite3.SQLITE_READONLY: "Make the file and its folder writable for this user.",
    sqlite3.SQLITE_PERM: "Make the file and its folder accessible for this user.",
    sqlite3.SQLITE_CANTOPEN: "Check that its folder exists and that this user may write there.",
    sqlite3.SQLITE_IOERR: "Check the disk.",
}
