from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from extracted.catalog.errors import StoreGone
from extracted.catalog.store import SqlStore
from extracted.catalog.store.migrate import is_current, migrate
from extracted.catalog.store.tables import metadata
from tests.extracted.catalog.store.conformance import StoreConformance, fill, found
from tests.extracted.catalog.store.things import a_category, a_product


class TestSqlite(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqlStore]:
        yield from ready(f"sqlite:///{tmp_path / 'catalog.db'}")


class TestPostgresql(StoreConformance):
    @pytest.fixture
    def store(self, postgres_url: str) -> Iterator[SqlStore]:
        yield from ready(postgres_url)


def ready(url: str) -> Iterator[SqlStore]:
    store = SqlStore(url)
    migrate(store)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        postgres_url: str = request.getfixturevalue("postgres_url")
        return postgres_url
    return f"sqlite:///{tmp_path / 'catalog.db'}"


def test_the_migrations_make_what_the_tables_say(url: str) -> None:
    store = SqlStore(url)
    assert not is_current(store)
    migrate(store)
    migrate(store)
    assert is_current(store)
    with store.connection() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()


def test_sqlite_folds_ascii_letters_only_as_the_monolith_does_there(tmp_path: Path) -> None:
    for store in ready(f"sqlite:///{tmp_path / 'catalog.db'}"):
        fill(store, a_category(1), a_product(1, name="ÜBER"), a_product(2, name="über"))
        assert found(store, terms=("Ü",)) == [1]


def test_postgresql_folds_all_letters_as_the_monolith_does_there(postgres_url: str) -> None:
    for store in ready(postgres_url):
        fill(store, a_category(1), a_product(1, name="ÜBER"), a_product(2, name="über"))
        assert found(store, terms=("Ü",)) == [1, 2]


def test_a_database_that_is_away_is_named(tmp_path: Path) -> None:
    for address in ("postgresql://nobody@127.0.0.1:1/none", f"sqlite:///{tmp_path}/none/catalog.db"):
        store = SqlStore(address)
        with pytest.raises(StoreGone, match="CATALOG_DATABASE_URL"), store.reading():
            pass
        store.close()


def test_tables_that_were_never_made_are_a_store_that_is_gone(url: str) -> None:
    store = SqlStore(url)
    with pytest.raises(StoreGone), store.reading() as reading:
        reading.position()
    store.close()


def test_a_file_that_is_no_database_is_a_store_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"this is no database" * 1000)
    store = SqlStore(f"sqlite:///{tmp_path / 'catalog.db'}")
    with pytest.raises(StoreGone, match="not a database"), store.reading():
        pass
    store.close()


def test_connections_that_the_server_has_cut_are_replaced(postgres_url: str) -> None:
    for store in ready(postgres_url):
        fill(store, a_category(1), a_product(1))
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert found(store) == [1]
