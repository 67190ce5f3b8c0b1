"""The dry run of SQLAlchemy: what the code under it commits is released to a savepoint, and rolled back at its end.

    sessions = sessionmaker(engine, class_=DryRunSession)
    sessions = async_sessionmaker(engine, sync_session_class=DryRunSession)
    app = ShadowMiddleware(app, release=release_of("orders"), dry_run=lambda: DryRun(engine))

    with engine_for(engine).begin() as connection: ...         # without a session

Outside of a dry run all of these are what they would be without it. Within one, the engine itself is refused: a way to
the database that was forgotten raises EffectStopped and commits nothing.

The code under it has one connection for all it does, so let it do one thing at a time. Until its end a dry run holds
the locks of its writes. What a rollback does not undo: values that sequences and autoincrement gave out, advisory locks
of the session, what triggers and functions do outside of the database, and what goes past SQLAlchemy to the driver. A
statement that would end the transaction, as in MySQL any DDL would, raises EffectStopped.
"""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Final, Self, overload
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool, StaticPool

from strangler.errors import EffectStopped, PolicyError
from strangler.shadow.statements import ends

__all__ = ["DryRun", "DryRunSession", "engine_for"]

_SAVEPOINT: Final = "strangler_dry_run"
# By pool, for engines that differ in their options alone share one.
_STAGES: Final[ContextVar[Mapping[Pool, Engine] | None]] = ContextVar("strangler_dry_runs", default=None)
_GUARDED: Final[WeakSet[Engine]] = WeakSet()
_LOCK: Final = threading.Lock()


class DryRun:
    """A block whose writes are rolled back, whatever it commits and however it ends.

        with DryRun(engine): ...
        async with DryRun(engine): ...          # an AsyncEngine, or an Engine whose sessions work in threads

    It holds in the tasks that the block starts, and in threads that are given its context. Within another one of the
    same engine it is a part of that. A DryRun serves one block. Raises PolicyError for an engine without transactions.
    """

    def __init__(self, engine: Engine | AsyncEngine) -> None:
        self._engine = engine
        self._root: Connection | AsyncConnection | None = None
        self._token: Token[Mapping[Pool, Engine] | None] | None = None

    def __enter__(self) -> Self:
        if isinstance(self._engine, AsyncEngine):
            raise PolicyError("An AsyncEngine is dry-run by `async with DryRun(engine)`.")
        if not self._under_way():
            self._begin(self._open(self._engine))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        if isinstance(self._root, Connection):
            _close(self._root)

    async def __aenter__(self) -> Self:
        if self._under_way():
            return self
        if isinstance(self._engine, Engine):
            self._begin(await asyncio.to_thread(self._open, self._engine))
            return self
        self._root = await self._engine.connect()
        try:
            self._begin(await self._root.run_sync(_stage))
        except BaseException:
            await self._root.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        # Whoever is cancelled here leaves no transaction open.
        if isinstance(self._root, AsyncConnection):
            await asyncio.shield(asyncio.ensure_future(_close_async(self._root)))
        elif self._root is not None:
            await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(_close, self._root)))

    def _open(self, engine: Engine) -> Engine:
        self._root = root = engine.connect()
        try:
            return _stage(root)
        except BaseException:
            root.close()
            raise

    def _under_way(self) -> bool:
        return self._engine.pool in (_STAGES.get() or {})

    def _begin(self, stage: Engine) -> None:
        engine = self._engine.sync_engine if isinstance(self._engine, AsyncEngine) else self._engine
        _refuse_past(engine)
        self._token = _STAGES.set({**(_STAGES.get() or {}), engine.pool: stage})

    def _end(self) -> None:
        if self._token is not None:
            _STAGES.reset(self._token)
            self._token = None


class DryRunSession(Session):
    """A session that works on the real database, and in a dry run within that."""

    def get_bind(self, mapper: Any = None, **more: Any) -> Engine | Connection:
        """The engine of the dry run instead of the one that is bound, as long as there is one."""
        bind = super().get_bind(mapper, **more)
        return engine_for(bind) if isinstance(bind, Engine) else bind


@overload
def engine_for(engine: Engine) -> Engine: ...
@overload
def engine_for(engine: AsyncEngine) -> AsyncEngine: ...
def engine_for(engine: Engine | AsyncEngine) -> Engine | AsyncEngine:
    """The engine by which to reach the database: in a dry run another one, else `engine` itself."""
    stage = (_STAGES.get() or {}).get(engine.pool)
    if stage is None:
        return engine
    options = engine.get_execution_options()
    chosen = stage.execution_options(**options) if options else stage
    return AsyncEngine(chosen) if isinstance(engine, AsyncEngine) else chosen


def _stage(root: Connection) -> Engine:
    """An engine whose every connection is that of `root`, and whose commits are released savepoints."""
    root.begin()
    driver: Any = root.connection.driver_connection
    # SQLite's driver begins no transaction before the first write, and a savepoint alone would be one that commits.
    if root.dialect.name == "sqlite" and not driver.in_transaction:
        root.exec_driver_sql("BEGIN")
    try:
        root.exec_driver_sql(f"SAVEPOINT {_SAVEPOINT}")
    except DBAPIError as error:
        raise PolicyError(
            f"This engine has no transactions, so no dry run is possible: is its isolation level AUTOCOMMIT? {error}"
        ) from error
    dialect: Any = copy.copy(root.dialect)
    dialect.do_begin = _nothing
    dialect.do_commit = _release
    dialect.do_rollback = _return
    for name in ("do_begin_twophase", "do_commit_twophase", "do_prepare_twophase", "set_isolation_level"):
        setattr(dialect, name, _refused)
    connection = root.connection.dbapi_connection
    stage = Engine(StaticPool(lambda: connection, dialect=dialect), dialect, root.engine.url)  # type: ignore[arg-type]
    event.listen(stage, "before_cursor_execute", _refuse_end)
    return stage


def _nothing(_: Any) -> None:
    """The transaction of the dry run has begun."""


def _release(connection: Any) -> None:
    _execute(connection, f"RELEASE SAVEPOINT {_SAVEPOINT}", f"SAVEPOINT {_SAVEPOINT}")


def _return(connection: Any) -> None:
    _execute(connection, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")


def _refused(*_: Any, **__: Any) -> None:
    raise EffectStopped("database", "another isolation level or a two-phase commit", " It would end the dry run.")


def _refuse_end(connection: Connection, _: Any, statement: str, *__: Any) -> None:
    if ends(statement, connection.dialect.name):
        raise EffectStopped("database", "a statement", " It would end the transaction that is to be rolled back.")


def _execute(connection: Any, *statements: str) -> None:
    cursor = connection.cursor()
    try:
        for statement in statements:
            cursor.execute(statement)
    finally:
        cursor.close()


def _close(root: Connection) -> None:
    try:
        root.rollback()
    except DBAPIError:
        # The connection is lost, and the database has rolled it back by itself.
        root.invalidate()
    finally:
        root.close()


async def _close_async(root: AsyncConnection) -> None:
    try:
        await root.rollback()
    except DBAPIError:
        await root.invalidate()
    finally:
        await root.close()


def _refuse_past(engine: Engine) -> None:
    """Whoever goes past the dry run to the engine itself is refused from now on, wherever a dry run is under way."""
    with _LOCK:
        if engine in _GUARDED:
            return
        _GUARDED.add(engine)
        event.listen(engine, "engine_connect", _refuse_connection)


def _refuse_connection(connection: Connection) -> None:
    if connection.engine.pool in (_STAGES.get() or {}):
        connection.close()
        remedy = " Use DryRunSession or engine_for, which know of the dry run."
        raise EffectStopped("database", "a connection past the dry run", remedy)
