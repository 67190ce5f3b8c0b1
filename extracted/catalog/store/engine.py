from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

__all__ = ["FOR_WRITING", "READERS", "open_engine"]

FOR_WRITING = "catalog_for_writing"
"""Execution option of a connection that is going to write."""

READERS = 8
"""Connections kept open, and so the requests that can be answered at the same moment."""

_BUSY_MILLISECONDS = 5_000


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`. Opens no connection yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url, in_memory=parsed.database in {None, "", ":memory:"})
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_size=READERS,
        max_overflow=2,
        pool_timeout=5,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 3, "options": "-c statement_timeout=10000 -c timezone=UTC"},
    )


def _sqlite(url: str, *, in_memory: bool) -> Engine:
    # One connection for all is the only way to share a database in memory.
    pool: dict[str, Any] = (
        {"poolclass": StaticPool} if in_memory else {"pool_size": READERS, "max_overflow": 2, "pool_timeout": 5}
    )
    engine = create_engine(url, connect_args={"check_same_thread": False}, **pool)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        # The driver's own transactions begin too late to give a consistent view; ours are begun by hand, below.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA cache_size = -16000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(FOR_WRITING, False)
        # IMMEDIATE takes the lock at once: a writer that begins as a reader cannot wait for another, it fails.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
