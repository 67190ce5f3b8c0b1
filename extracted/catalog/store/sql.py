from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from extracted.catalog.errors import StoreGone
from extracted.catalog.store.engine import FOR_WRITING, open_engine
from extracted.catalog.store.port import Reading, Writing
from extracted.catalog.store.reading import SqlReading
from extracted.catalog.store.writing import SqlWriting

__all__ = ["SqlStore"]

_NO_SUCH_TABLE = "42P01"


class SqlStore:
    """The store in SQLite or PostgreSQL, by SQLAlchemy URL. Its tables must exist: see `migrate`."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = open_engine(url)
        # Both readings of one request must see the same moment: PostgreSQL gives that from REPEATABLE READ on.
        is_postgresql = self._engine.dialect.name == "postgresql"
        self._reader = self._engine.execution_options(
            **({"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if is_postgresql else {})
        )
        self._writer = self._engine.execution_options(**{FOR_WRITING: True})

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        with _named_when_gone(), self._reader.begin() as connection:
            yield SqlReading(connection)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        with _named_when_gone(), self._writer.begin() as connection:
            yield SqlWriting(connection)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A bare connection in a transaction for writing: for migrations."""
        with _named_when_gone(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()


@contextmanager
def _named_when_gone() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise StoreGone(_gone(error)) from error
    except DBAPIError as error:
        # Of the bare kind: a file that is no database, or is damaged. Its subclasses are defects of ours.
        is_damaged = type(error) is DatabaseError
        if not is_damaged and not error.connection_invalidated and _sqlstate(error) != _NO_SUCH_TABLE:
            raise
        raise StoreGone(_gone(error)) from error


def _sqlstate(error: DBAPIError) -> object:
    return getattr(error.orig, "sqlstate", None)


def _gone(error: Exception) -> str:
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    first = cause[0] if cause else type(error).__name__
    return (
        f"The catalogue's database does not answer: {first}. "
        "Look at CATALOG_DATABASE_URL and at the server; a new database wants `migrate` first."
    )
