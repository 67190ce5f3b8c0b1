"""The dry run of SQLAlchemy, on SQLite and PostgreSQL, sync and async."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, create_engine, event, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

from extracted.catalog.store.engine import open_engine
from strangler.errors import EffectStopped, PolicyError
from strangler.shadow.sqlalchemy import DryRun, DryRunSession, engine_for

METADATA = MetaData()
ORDERS = Table("orders", METADATA, Column("number", Integer, primary_key=True))


@pytest.fixture(params=["sqlite", "sqlite-by-hand", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url").replace("postgresql:", "postgresql+psycopg:")
        made = create_engine(url)
    elif request.param == "sqlite":
        made = create_engine(f"sqlite:///{tmp_path / 'orders.db'}")
    else:
        # The catalogue's engine begins its transactions itself.
        made = open_engine(f"sqlite:///{tmp_path / 'orders.db'}")
    METADATA.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[DryRunSession]:
    return sessionmaker(engine, class_=DryRunSession)


def numbers(engine: Engine) -> list[int]:
    with engine_for(engine).connect() as connection:
        return list(connection.scalars(select(ORDERS.c.number).order_by(ORDERS.c.number)))


def put(number: int) -> Any:
    return insert(ORDERS).values(number=number)


def test_what_sessions_commit_is_seen_within_and_gone_after(
    engine: Engine, sessions: sessionmaker[DryRunSession]
) -> None:
    with DryRun(engine):
        with sessions.begin() as session:
            session.execute(put(1))
        with sessions() as session:
            session.execute(put(2))
            session.rollback()
            session.execute(put(3))
            session.commit()
            session.execute(put(4))
        assert numbers(engine) == [1, 3]
    assert numbers(engine) == []


def test_without_a_dry_run_a_session_is_one_like_any_other(
    engine: Engine, sessions: sessionmaker[DryRunSession]
) -> None:
    with sessions.begin() as session:
        session.execute(put(1))
    assert engine_for(engine) is engine
    with DryRun(engine), sessions.begin() as session:
        session.execute(put(2))
    with sessions.begin() as session:
        session.execute(put(3))
    assert numbers(engine) == [1, 3]


def test_savepoints_failures_and_connections_of_the_code_work_as_ever(
    engine: Engine, sessions: sessionmaker[DryRunSession]
) -> None:
    with DryRun(engine):
        with sessions() as session:
            session.execute(put(1))
            with pytest.raises(IntegrityError), session.begin_nested():
                session.execute(put(1))
            session.commit()
        with pytest.raises(IntegrityError), sessions.begin() as session:
            session.execute(insert(ORDERS), [{"number": 2}, {"number": 1}])
        with engine_for(engine).begin() as connection:
            connection.execute(put(3))
        with engine_for(engine).connect() as connection:
            connection.execute(put(4))
        assert numbers(engine) == [1, 3]
    assert numbers(engine) == []


def test_a_block_that_raises_is_rolled_back_too(engine: Engine, sessions: sessionmaker[DryRunSession]) -> None:
    def fail() -> None:
        with sessions.begin() as session:
            session.execute(put(1))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), DryRun(engine):
        fail()
    assert numbers(engine) == []


def test_a_dry_run_within_another_is_a_part_of_it(engine: Engine, sessions: sessionmaker[DryRunSession]) -> None:
    with DryRun(engine):
        with DryRun(engine), sessions.begin() as session:
            session.execute(put(1))
        assert numbers(engine) == [1]
    assert numbers(engine) == []


def test_who_goes_past_the_dry_run_is_refused(engine: Engine) -> None:
    with DryRun(engine):
        with pytest.raises(EffectStopped, match="DryRunSession or engine_for"), Session(engine) as session:
            session.execute(put(1))
        with pytest.raises(EffectStopped), engine.execution_options(logging_token="x").begin() as connection:
            connection.execute(put(1))
    with Session(engine) as session, session.begin():
        session.execute(put(2))
    assert numbers(engine) == [2]


def test_an_engine_with_options_of_its_own_is_within_the_dry_run(engine: Engine) -> None:
    other = engine.execution_options(logging_token="reports")
    with DryRun(engine), engine_for(other).begin() as connection:
        assert connection.get_execution_options()["logging_token"] == "reports"
        connection.execute(put(1))
    assert numbers(engine) == []


def test_what_would_end_the_transaction_is_refused(engine: Engine) -> None:
    with DryRun(engine), engine_for(engine).connect() as connection:
        with pytest.raises(EffectStopped, match="isolation level"):
            connection.execution_options(isolation_level="SERIALIZABLE")
        if engine.dialect.name == "postgresql":
            with pytest.raises(EffectStopped, match="two-phase"):
                connection.begin_twophase()
        connection.execute(put(1))
        for statement in ("COMMIT", "rollback", "SELECT 1; END"):
            with pytest.raises(EffectStopped, match="end the transaction"):
                connection.exec_driver_sql(statement)
    assert numbers(engine) == []


def test_threads_that_are_given_the_context_are_within_it(
    engine: Engine, sessions: sessionmaker[DryRunSession]
) -> None:
    def work() -> None:
        with sessions.begin() as session:
            session.execute(put(1))

    with DryRun(engine):
        thread = threading.Thread(target=copy_context().run, args=(work,))
        thread.start()
        thread.join()
        assert numbers(engine) == [1]
    assert numbers(engine) == []


def test_a_sync_engine_is_dry_run_by_an_async_application(
    engine: Engine, sessions: sessionmaker[DryRunSession]
) -> None:
    def work() -> None:
        with sessions.begin() as session:
            session.execute(put(1))

    async def serve(ended: Callable[[], None]) -> None:
        async with DryRun(engine):
            await asyncio.to_thread(work)
            async with DryRun(engine):
                await asyncio.create_task(asyncio.to_thread(work_two))
            assert numbers(engine) == [1, 2]
            ended()

    def work_two() -> None:
        with sessions.begin() as session:
            session.execute(put(2))

    def fail() -> None:
        raise ZeroDivisionError

    asyncio.run(serve(lambda: None))
    assert numbers(engine) == []
    with pytest.raises(ZeroDivisionError):
        asyncio.run(serve(fail))
    assert numbers(engine) == []


def test_no_connection_is_left_behind(engine: Engine, sessions: sessionmaker[DryRunSession]) -> None:
    out = 0

    @event.listens_for(engine, "checkout")
    def counts(*_: Any) -> None:
        nonlocal out
        out += 1

    @event.listens_for(engine, "checkin")
    def counts_back(*_: Any) -> None:
        nonlocal out
        out -= 1

    for _ in range(3):
        with DryRun(engine), sessions.begin() as session:
            session.execute(put(1))
    assert out == 0


def test_sqlite_lets_a_read_in_a_dry_run_lock_nobody_out(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'orders.db'}", connect_args={"timeout": 0})
    METADATA.create_all(engine)
    other = create_engine(engine.url, connect_args={"timeout": 0})
    with other.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    with DryRun(engine):
        assert numbers(engine) == []
        with other.begin() as connection:
            connection.execute(put(1))
    engine.dispose()
    assert numbers(other) == [1]
    other.dispose()


def test_an_engine_that_commits_each_statement_is_refused(postgres_url: str) -> None:
    url = postgres_url.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with pytest.raises(PolicyError, match="AUTOCOMMIT"), DryRun(engine):
        raise AssertionError("entered")
    engine.dispose()


def test_a_connection_that_is_lost_ends_the_dry_run_all_the_same(postgres_url: str) -> None:
    engine = create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    METADATA.create_all(engine)
    other = create_engine(engine.url)
    with DryRun(engine):
        with engine_for(engine).begin() as connection:
            connection.execute(put(1))
            mine = connection.scalar(text("SELECT pg_backend_pid()"))
        with other.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
    assert numbers(engine) == []
    engine.dispose()
    other.dispose()


# Async.


def dry_run_async(postgres_url: str, work: Callable[[AsyncEngine, async_sessionmaker[AsyncSession]], Any]) -> list[int]:
    async def run() -> list[int]:
        engine = create_async_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
        try:
            async with engine.begin() as connection:
                await connection.run_sync(METADATA.create_all)
            await work(engine, async_sessionmaker(engine, sync_session_class=DryRunSession))
            async with engine.connect() as connection:
                return list(await connection.scalars(select(ORDERS.c.number)))
        finally:
            await engine.dispose()

    return asyncio.run(run())


def test_async_sessions_and_connections_are_rolled_back(postgres_url: str) -> None:
    seen: list[int] = []

    async def work(engine: AsyncEngine, sessions: async_sessionmaker[AsyncSession]) -> None:
        async with DryRun(engine):
            async with sessions.begin() as session:
                await session.execute(put(1))
            async with sessions() as session:
                await session.execute(put(2))
                await session.rollback()
            async with engine_for(engine).begin() as connection:
                await connection.execute(put(3))
            async with engine_for(engine).connect() as connection:
                seen.extend(await connection.scalars(select(ORDERS.c.number)))
            with pytest.raises(EffectStopped):
                async with engine.begin() as connection:
                    await connection.execute(put(4))
            async with DryRun(engine), sessions.begin() as session:
                await session.execute(put(5))

    assert dry_run_async(postgres_url, work) == []
    assert seen == [1, 3]


def test_a_cancelled_dry_run_is_rolled_back(postgres_url: str) -> None:
    async def work(engine: AsyncEngine, sessions: async_sessionmaker[AsyncSession]) -> None:
        written = asyncio.Event()

        async def serve() -> None:
            async with DryRun(engine):
                async with sessions.begin() as session:
                    await session.execute(put(1))
                written.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(serve())
        await written.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # Locks are gone: the same key can be written at once.
        async with sessions.begin() as session:
            await session.execute(text("SET LOCAL lock_timeout = '5s'"))
            await session.execute(put(1))

    assert dry_run_async(postgres_url, work) == [1]


def test_an_async_engine_is_no_matter_of_a_sync_block(postgres_url: str) -> None:
    engine = create_async_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    with pytest.raises(PolicyError, match="async with"), DryRun(engine):
        raise AssertionError("entered")
