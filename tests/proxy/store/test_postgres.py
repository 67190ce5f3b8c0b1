from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
from strangler_proxy.store import postgres, postgres_schema
from strangler_proxy.store.documents_postgres import PostgresDocumentStore
from strangler_proxy.store.postgres import PostgresToggleStore

from strangler.documents import CallCount, DocumentStore, Event
from strangler.errors import StoreUnavailable
from strangler.testing import DocumentStoreConformance, ToggleStoreConformance
from strangler.toggles import Change, Stage, Toggle, ToggleStore

AT = datetime(2026, 3, 1, tzinfo=UTC)


def change(*toggles: Toggle) -> Change:
    return Change(toggles=toggles, who="ana", why="because", at=AT)


class TestToggles(ToggleStoreConformance):
    @pytest.fixture
    def open_store(self, store_url: str) -> Callable[[], ToggleStore]:
        return lambda: PostgresToggleStore(store_url)


class TestDocuments(DocumentStoreConformance):
    @pytest.fixture
    def open_store(self, store_url: str) -> Callable[[], DocumentStore]:
        return lambda: PostgresDocumentStore(store_url)


@pytest.fixture
def store(store_url: str) -> Iterator[PostgresToggleStore]:
    store = PostgresToggleStore(store_url)
    store.commit(change(Toggle("a")), expected_revision=0)
    yield store
    store.close()


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def version_of(url: str) -> object:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT part, version FROM strangler.version").fetchall()


@pytest.mark.parametrize("table", ["audit", "event"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET why = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_audit_can_only_be_added_to(store: PostgresToggleStore, store_url: str, table: str, statement: str) -> None:
    columns = "(at, who, action, name, why, detail) VALUES (now(), 'ana', 'x', 'x', '', '{}')"
    execute(store_url, f"INSERT INTO strangler.event {columns}")
    with pytest.raises(psycopg.Error, match="only ever added to"):
        execute(store_url, statement.format(f"strangler.{table}"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET count = count - 1",
        "UPDATE {} SET count = count + 1, who = 'ben'",
        "UPDATE {} SET count = count + 1, last = '2020-01-01'",
        "DELETE FROM {}",
        "TRUNCATE {}",
    ],
)
def test_calls_can_only_be_counted(store_url: str, statement: str) -> None:
    documents = PostgresDocumentStore(store_url)
    documents.add_calls([CallCount(AT, AT, "ana (ci)", "ci", "192.0.2.1", "GET /metrics", 403, 5)])
    documents.close()
    with pytest.raises(psycopg.Error, match="only ever counted"):
        execute(store_url, statement.format("strangler.call"))


def test_tables_that_version_2_made_are_upgraded_beneath_a_replica_of_that_version(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = postgres_schema.VERSIONS
    monkeypatch.setattr(postgres_schema, "VERSIONS", whole[:2])
    older = PostgresDocumentStore(store_url)
    older.record(Event(AT, "ana", "plan.approve", "shop"))
    monkeypatch.setattr(postgres_schema, "VERSIONS", whole)
    newer = PostgresDocumentStore(store_url)
    assert newer.calls() == []
    older.record(Event(AT, "ana", "plan.approve", "shop"))
    assert len(newer.events()) == 2
    for each in (older, newer):
        each.close()


def test_the_revision_can_only_go_up(store: PostgresToggleStore, store_url: str) -> None:
    with pytest.raises(psycopg.Error, match="only goes up"):
        execute(store_url, "UPDATE strangler.revision SET revision = 1")


def test_what_has_not_changed_is_not_read_anew_and_what_has_is(store: PostgresToggleStore, store_url: str) -> None:
    before = store.load()
    assert store.load() is before
    execute(store_url, "UPDATE strangler.toggle SET state = replace(state::text, 'monolith', 'extracted')::json")
    restored = store.load()
    assert (restored.revision, restored.toggles["a"].stage) == (1, Stage.EXTRACTED)


def test_a_move_is_heard_and_not_only_seen(
    store: PostgresToggleStore, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_LOOK_EVERY", 600.0)
    assert not store.changed(1, seconds=0.01)
    other = PostgresToggleStore(store_url)
    with ThreadPoolExecutor(1) as pool:
        for revision in (1, 2, 3):
            waiting = pool.submit(store.changed, revision, seconds=600)
            other.commit(change(Toggle("a")), expected_revision=revision)
            assert waiting.result()
    other.close()


def test_a_move_whose_notice_was_lost_is_seen(store: PostgresToggleStore, store_url: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.changed, 1, seconds=600)
        execute(store_url, "UPDATE strangler.revision SET revision = 2")
        assert waiting.result()


def test_replicas_that_begin_together_make_the_tables_once(store_url: str) -> None:
    stores = [PostgresToggleStore(store_url) for _ in range(4)]
    start = threading.Barrier(4)

    def load(store: PostgresToggleStore) -> int:
        start.wait()
        return store.load().revision

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(load, stores)) == [0] * 4
    for store in stores:
        store.close()


def test_tables_of_an_older_version_are_upgraded_in_place(
    store: PostgresToggleStore, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = (*postgres_schema.VERSIONS, ("CREATE TABLE strangler.newer (id integer)",))
    monkeypatch.setattr(postgres_schema, "VERSIONS", newer)
    upgraded = PostgresToggleStore(store_url)
    assert upgraded.load() == store.load()
    assert version_of(store_url) == [("control", len(newer))]
    execute(store_url, "SELECT id FROM strangler.newer")
    upgraded.close()


def test_an_upgrade_that_fails_leaves_the_tables_as_they_were(
    store: PostgresToggleStore, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = version_of(store_url)
    newer = (*postgres_schema.VERSIONS, ("CREATE TABLE strangler.newer (id integer)", "nonsense"))
    monkeypatch.setattr(postgres_schema, "VERSIONS", newer)
    with pytest.raises(StoreUnavailable, match="nonsense"):
        PostgresToggleStore(store_url).load()
    monkeypatch.undo()
    assert version_of(store_url) == before
    with pytest.raises(psycopg.errors.UndefinedTable):
        execute(store_url, "SELECT id FROM strangler.newer")
    assert store.load().revision == 1


def test_tables_of_a_newer_version_are_refused(
    store: PostgresToggleStore, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_schema, "VERSIONS", ())
    with pytest.raises(StoreUnavailable, match="newer Strangler"):
        PostgresToggleStore(store_url).load()


def test_tables_that_vanish_are_reported_and_made_anew_only_by_adopting(
    store: PostgresToggleStore, store_url: str
) -> None:
    served = store.load()
    execute(store_url, "DROP SCHEMA strangler CASCADE")
    with pytest.raises(StoreUnavailable, match=r"are gone.*strangler adopt snapshot"):
        store.load()
    store.close()
    with pytest.raises(StoreUnavailable, match=r"are gone.*strangler adopt snapshot"):
        store.load()
    assert store.adopt(served, who="ana", why="lost", at=AT).revision == 2
    assert store.load().revision == 2


@pytest.mark.parametrize("state", ["[]", '{"name": "a"}', "null"])
def test_a_damaged_row_is_reported(store: PostgresToggleStore, store_url: str, state: str) -> None:
    execute(store_url, f"UPDATE strangler.toggle SET state = '{state}'")
    with pytest.raises(StoreUnavailable, match="unreadable"):
        store.load()


def test_documents_live_beside_the_toggles_in_the_same_tables(store: PostgresToggleStore, store_url: str) -> None:
    documents = PostgresDocumentStore(store_url)
    documents.write("plan", "shop", {"step": 1}, expected=0, at=AT)
    assert version_of(store_url) == [("control", len(postgres_schema.VERSIONS))]
    assert store.load().revision == 1
    documents.close()
