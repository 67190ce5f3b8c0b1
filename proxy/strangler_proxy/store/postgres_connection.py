"""One PostgreSQL database with our tables: upgraded in place, never waited for without end, and every fault said with
its remedy."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Final, Protocol

import psycopg
from psycopg.abc import Query
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from strangler.errors import SnapshotError, StoreUnavailable
from strangler_proxy.config.store_url import without_password
from strangler_proxy.store.postgres_faults import remedy_of, wrong_of

__all__ = ["ADVISORY", "Connection", "PostgresConnection", "PostgresSchema"]

Connection = psycopg.Connection[TupleRow]

ADVISORY: Final = 0x53545247
"""The first number of every advisory lock of ours: "STRG"."""

_UPGRADE_SECONDS: Final = 600.0
_DEFAULTS: Final = {
    "application_name": "strangler",
    "client_encoding": "utf8",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}


class PostgresSchema(Protocol):
    """The tables of one part of us in the schema `strangler`: `VERSIONS` has the statements that lead from one version
    to the next, `PART` tells its version from that of other parts, and `GONE` says what to do when they are."""

    @property
    def VERSIONS(self) -> tuple[tuple[str, ...], ...]: ...  # noqa: N802 - a module's constant
    @property
    def PART(self) -> str: ...  # noqa: N802
    @property
    def GONE(self) -> str: ...  # noqa: N802


class PostgresConnection:
    """A connection to the database `url` with the tables of `schema`, opened at its first use and again when it broke.

    The first use makes the tables, or upgrades them to this version; tables that vanish later are reported. A statement
    may take `seconds` (default 5), and a use twice as long, however silent the server is. `key` says where the address
    stands. Safe to share between threads, which take turns.
    """

    def __init__(self, url: str, schema: PostgresSchema, *, key: str = "[store] url", seconds: float = 5.0) -> None:
        self.name = without_password(url)
        self._url = url
        self._schema = schema
        self._key = key
        self._seconds = seconds
        self._lock = threading.Lock()
        self._kept: Connection | None = None
        self._seen = False

    @contextmanager
    def connection(self, *, create: bool = False) -> Iterator[Connection]:
        """The connection in autocommit mode, for one use. `create`: make the tables anew where they vanished. Raises
        StoreUnavailable, also for what its user cannot read (ValueError, TypeError, SnapshotError)."""
        with self._lock, self.faults():
            connection = self._kept
            if create or connection is None or not _lives(connection, self._seconds):
                self._drop()
                connection = self._kept = self._open(create=create)
            try:
                with _bounded(connection, self._seconds * 2):
                    yield connection
            finally:
                if connection.closed or connection.info.transaction_status is not TransactionStatus.IDLE:
                    self._drop()

    @contextmanager
    def transaction(self, *, create: bool = False) -> Iterator[Connection]:
        """The connection in a transaction, committed at the end unless there is an error. Raises as `connection`."""
        with self.connection(create=create) as connection, connection.transaction():
            yield connection

    @contextmanager
    def aside(self) -> Iterator[Connection]:
        """A connection of its own for one use that may take long, so that nobody waits for its end. Raises as
        `connection`."""
        with self.faults():
            connection = self._open(create=False)
            try:
                with _bounded(connection, self._seconds * 2):
                    yield connection
            finally:
                connection.close()

    def alone(self) -> Connection:
        """A connection of its own in autocommit mode, for its user to close. Raises StoreUnavailable."""
        with self.faults():
            return self._open(create=False)

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Say whatever goes wrong in it as StoreUnavailable."""
        try:
            yield
        except _Silent as error:
            raise StoreUnavailable(
                f"The store {self.name} did not answer for {self._seconds * 2:g} s. What was under way may have been"
                " done all the same: `strangler history` shows it once the store is back."
            ) from error
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
            raise StoreUnavailable(
                f"The tables of the store {self.name} are gone: {wrong_of(error)}. {self._schema.GONE}"
            ) from error
        except psycopg.Error as error:
            raise StoreUnavailable(
                f"The store {self.name} does not answer: {wrong_of(error)}. {remedy_of(error, self._key)}"
            ) from error
        except (SnapshotError, TypeError, ValueError) as error:
            raise StoreUnavailable(
                f"The store {self.name} holds something unreadable: {error}. {self._schema.GONE}"
            ) from error

    def bounded(self, connection: Connection) -> AbstractContextManager[None]:
        """Cut a connection of `alone` when this use of it takes twice as long as a statement may."""
        return _bounded(connection, self._seconds * 2)

    def close(self) -> None:
        """Close the connection; the next use opens one again."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        connection, self._kept = self._kept, None
        if connection is not None:
            connection.close()

    def _open(self, *, create: bool) -> Connection:
        try:
            given: dict[str, Any] = conninfo_to_dict(self._url)
        except psycopg.ProgrammingError:
            # What it says may quote the password.
            raise StoreUnavailable(
                f"The address {self.name} cannot be understood. Correct {self._key}; in a password, write each of"
                " @ : / ? # % & as %XX."
            ) from None
        patience: dict[str, Any] = {"connect_timeout": max(2, round(self._seconds))}
        # Without prepared statements an upgrade by a newer replica breaks nobody's plans.
        connection = psycopg.connect(
            make_conninfo("", **_DEFAULTS | patience | given), autocommit=True, prepare_threshold=None
        )
        try:
            with _bounded(connection, self._seconds * 2):
                self._configure(connection)
                prepared = self._version(connection) == len(self._schema.VERSIONS)
            if not prepared:
                with _bounded(connection, _UPGRADE_SECONDS):
                    connection.execute("SET statement_timeout = 0; SET lock_timeout = 0")
                    # Not within the transaction: one that began before another replica's was over does not see all of
                    # what that made.
                    connection.execute("SELECT pg_advisory_lock(%s, hashtext('upgrade'))", (ADVISORY,))
                    self._upgrade(connection, create=create)
                    connection.execute("SELECT pg_advisory_unlock(%s, hashtext('upgrade'))", (ADVISORY,))
                    self._configure(connection)
            self._seen = True
        except BaseException:
            connection.close()
            raise
        return connection

    def _configure(self, connection: Connection) -> None:
        limit = f"{round(self._seconds * 1000)}ms"
        connection.execute(
            "SELECT set_config('statement_timeout', %(limit)s, false), set_config('lock_timeout', %(limit)s, false),"
            " set_config('idle_in_transaction_session_timeout', %(limit)s, false),"
            " set_config('timezone', 'UTC', false),"
            # A replica's machine that is gone is to lose what it leads.
            " set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),"
            " set_config('tcp_keepalives_count', '3', false)",
            {"limit": limit},
        )

    def _version(self, connection: Connection) -> int | None:
        """The version of our tables; None where there are none. Raises StoreUnavailable for a newer one."""
        # Not by to_regclass, which asks the session's cache: whoever waited for the lock would not see what is new.
        (present,) = _one(
            connection,
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = 'strangler' AND tablename = 'version')",
        )
        if not present:
            return None
        row = connection.execute(
            "SELECT version FROM strangler.version WHERE part = %s", (self._schema.PART,)
        ).fetchone()
        if row is None:
            return None
        if row[0] > len(self._schema.VERSIONS):
            raise StoreUnavailable(
                f"The store {self.name} has tables of version {row[0]}, and this Strangler knows up to"
                f" {len(self._schema.VERSIONS)}. Use the newer Strangler that wrote them."
            )
        return int(row[0])

    def _upgrade(self, connection: Connection, *, create: bool) -> None:
        with connection.transaction():
            # Asked again behind the lock: another replica may just have done it.
            version = self._version(connection)
            if version is None and self._seen and not create:
                raise StoreUnavailable(f"The tables of the store {self.name} are gone. {self._schema.GONE}")
            (present,) = _one(
                connection, "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'strangler')"
            )
            if not present:
                # Asked for only where it is not there: the right to make one is needed even if it is.
                connection.execute("CREATE SCHEMA strangler")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS strangler.version (part text PRIMARY KEY, version integer NOT NULL)"
            )
            for statements in self._schema.VERSIONS[version or 0 :]:
                for statement in statements:
                    connection.execute(statement.encode())
            connection.execute(
                "INSERT INTO strangler.version VALUES (%s, %s)"
                " ON CONFLICT (part) DO UPDATE SET version = excluded.version",
                (self._schema.PART, len(self._schema.VERSIONS)),
            )


class _Silent(Exception):
    """The server has not answered in time, and the connection was cut."""


def _one(connection: Connection, query: Query) -> TupleRow:
    row = connection.execute(query).fetchone()
    return () if row is None else row


def _lives(connection: Connection, seconds: float) -> bool:
    if connection.closed:
        return False
    arrived = select.poll()
    arrived.register(connection.fileno(), select.POLLIN)
    if not arrived.poll(0):
        return True
    # Whatever arrives unasked, a server's farewell most of all, is told apart by asking.
    try:
        with _bounded(connection, seconds):
            connection.execute("SELECT 1")
    except (psycopg.Error, _Silent):
        return False
    return True


@contextmanager
def _bounded(connection: Connection, seconds: float) -> Iterator[None]:
    """Cut the connection when its use takes longer. The server bounds each statement itself, unless it is silent."""
    expired = threading.Event()
    with socket.socket(fileno=os.dup(connection.fileno())) as line:

        def cut() -> None:
            expired.set()
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except psycopg.Error as error:
            if expired.is_set():
                raise _Silent from error
            raise
        finally:
            timer.cancel()
