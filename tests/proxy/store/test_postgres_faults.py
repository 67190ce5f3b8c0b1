"""What becomes of the stores while PostgreSQL is gone, cut off, silent, slow, or not ours to use."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from strangler_proxy.config.values import Config
from strangler_proxy.store import open_documents, open_store
from strangler_proxy.store.documents_postgres import PostgresDocumentStore
from strangler_proxy.store.postgres import PostgresToggleStore

from strangler.errors import RevisionConflict, StoreUnavailable
from strangler.toggles import Change, Stage, Toggle
from tests.servers.postgres import Postgres

AT = datetime(2026, 3, 1, tzinfo=UTC)


def change(*toggles: Toggle) -> Change:
    return Change(toggles=toggles, who="ana", why="because", at=AT)


@pytest.fixture
def store(store_url: str) -> Iterator[PostgresToggleStore]:
    store = PostgresToggleStore(store_url, seconds=0.3)
    store.commit(change(Toggle("a")), expected_revision=0)
    yield store
    store.close()


def terminate(url: str) -> None:
    """End every connection of ours to the database, as an administrator may, or a failing network."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_connection_that_was_ended_is_opened_again(store: PostgresToggleStore, store_url: str) -> None:
    terminate(store_url)
    assert store.load().revision == 1
    terminate(store_url)
    assert store.commit(change(Toggle("a", stage=Stage.EXTRACTED)), expected_revision=1).revision == 2
    assert not store.changed(2, seconds=0)
    terminate(store_url)
    assert store.changed(1, seconds=600)


def test_whoever_waits_for_a_move_goes_on_waiting_when_the_connection_is_ended(
    store: PostgresToggleStore, store_url: str
) -> None:
    other = PostgresToggleStore(store_url)
    assert not store.changed(1, seconds=0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.changed, 1, seconds=600)
        terminate(store_url)
        other.commit(change(Toggle("a")), expected_revision=1)
        assert waiting.result()
    other.close()


def test_who_led_leads_no_more_when_the_connection_is_ended(store_url: str) -> None:
    first, second = PostgresDocumentStore(store_url), PostgresDocumentStore(store_url)
    assert (first.lead("rollouts"), second.lead("rollouts")) == (True, False)
    terminate(store_url)
    assert (second.lead("rollouts"), first.lead("rollouts")) == (True, False)
    first.close()
    second.close()


def test_a_transaction_that_is_cut_off_changes_nothing(store: PostgresToggleStore, store_url: str) -> None:
    with psycopg.connect(store_url) as holder:
        holder.execute("SELECT FROM strangler.revision FOR UPDATE")
        with ThreadPoolExecutor(1) as pool:
            moving = pool.submit(store.commit, change(Toggle("a", stage=Stage.EXTRACTED)), expected_revision=1)
            with pytest.raises(StoreUnavailable, match="too busy, or somebody holds a lock"):
                moving.result()
    assert store.load().toggles["a"].stage is Stage.MONOLITH
    assert store.commit(change(Toggle("a", stage=Stage.EXTRACTED)), expected_revision=1).revision == 2


def test_of_two_operators_who_move_at_once_the_second_is_told(store: PostgresToggleStore, store_url: str) -> None:
    slow = PostgresToggleStore(store_url)
    with psycopg.connect(store_url) as first:
        # The first has moved, and its transaction is not over yet.
        first.execute("UPDATE strangler.revision SET revision = 2")
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(slow.commit, change(Toggle("a", stage=Stage.EXTRACTED)), expected_revision=1)
            first.commit()
            with pytest.raises(RevisionConflict) as caught:
                second.result()
    assert (caught.value.expected, caught.value.actual) == (1, 2)
    assert store.load().toggles["a"].stage is Stage.MONOLITH
    slow.close()


def test_a_server_that_is_silent_is_given_up(store: PostgresToggleStore, store_url: str) -> None:
    with store._database.connection() as connection:
        backend = connection.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable, match=r"did not answer for 0.6 s.*strangler history"):
            store.load()
    finally:
        os.kill(backend, signal.SIGCONT)
    assert store.load().revision == 1


def replaced(url: str, **changes: str) -> str:
    parts = urlsplit(url)
    user = changes.get("user", parts.username)
    password = changes.get("password", parts.password)
    place = changes.get("place", f"{parts.hostname}:{parts.port}")
    return f"postgresql://{user}:{password}@{place}/{changes.get('name', parts.path[1:])}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": "hush"}, r"password authentication failed.*Correct user and password in \[store\] url"),
        ({"user": "nobody", "password": "hush"}, r"Correct user and password in \[store\] url"),
        ({"name": "nowhere", "password": "strangler"}, r"does not exist\. Make the database"),
        ({"place": "127.0.0.1:1", "password": "hush"}, r"Check that PostgreSQL runs there"),
        ({"place": "no.such.host.invalid", "password": "hush"}, r"Check that PostgreSQL runs there"),
        ({"password": "hush/%zz"}, r"cannot be understood\. Correct \[store\] url"),
    ],
)
def test_what_is_wrong_with_the_address_is_said_without_the_password(
    store_url: str, changes: dict[str, str], said: str
) -> None:
    for store in (
        PostgresToggleStore(replaced(store_url, **changes)),
        PostgresDocumentStore(replaced(store_url, **changes)),
    ):
        call: Callable[[], object] = store.load if isinstance(store, PostgresToggleStore) else store.beats
        with pytest.raises(StoreUnavailable, match=said) as caught:
            call()
        assert "hush" not in str(caught.value)


@pytest.fixture
def stranger(store_url: str) -> Iterator[str]:
    """The URL for a user who may connect and nothing else."""
    name = f"stranger_{uuid4().hex[:8]}"
    with psycopg.connect(store_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'".encode())
        try:
            yield replaced(store_url, user=name, password="x")
        finally:
            connection.execute(f"DROP OWNED BY {name} CASCADE".encode())
            connection.execute(f"DROP ROLE {name}".encode())


def test_a_user_without_rights_is_told_which_and_goes_on_once_the_schema_is_given(
    stranger: str, store_url: str
) -> None:
    store = PostgresToggleStore(stranger)
    with pytest.raises(StoreUnavailable, match=r"permission denied.*CREATE SCHEMA strangler AUTHORIZATION"):
        store.load()
    with psycopg.connect(store_url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA strangler AUTHORIZATION {urlsplit(stranger).username}".encode())
    assert store.load().revision == 0
    store.close()


def test_tables_of_somebody_else_are_reported(store: PostgresToggleStore, stranger: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"permission denied.*name that user in \[store\] url"):
        PostgresToggleStore(stranger).load()


def test_the_configuration_names_the_database(store_url: str, tmp_path: Path) -> None:
    config = Config(path=tmp_path / "strangler.toml", upstreams={}, store=store_url)
    store, documents = open_store(config), open_documents(config)
    assert store.load().revision == 0
    assert documents.beats() == []
    store.close()
    documents.close()


@pytest.fixture
def own_server(tmp_path: Path, postgres_server: str) -> Iterator[Postgres]:
    # What was committed must outlive the crash that is played here.
    server = Postgres(Path(os.environ["STRANGLER_TEST_RUN"]) / f"postgres-{uuid4().hex}", durable=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_a_server_that_is_gone_is_reported_and_found_again(own_server: Postgres) -> None:
    url = f"{own_server.start()}/postgres"
    store, documents = PostgresToggleStore(url), PostgresDocumentStore(url)
    store.commit(change(Toggle("a")), expected_revision=0)
    assert documents.lead("rollouts")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.changed, 1, seconds=600)
        own_server.halt()
        calls: list[Callable[[], object]] = [
            waiting.result,
            store.load,
            lambda: store.commit(change(Toggle("a")), expected_revision=1),
            lambda: documents.lead("rollouts"),
            documents.beats,
        ]
        for call in calls:
            with pytest.raises(StoreUnavailable, match="traffic goes on, and moves wait"):
                call()
    own_server.resume()
    assert store.load().revision == 1
    assert documents.lead("rollouts")
    assert store.commit(change(Toggle("a", stage=Stage.EXTRACTED)), expected_revision=1).revision == 2
    assert store.changed(1, seconds=600)
    store.close()
    documents.close()
