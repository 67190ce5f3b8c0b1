from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.config.values import Config
from strangler_proxy.store import SQLiteDocumentStore, SQLiteToggleStore, open_documents, open_store, schema, sqlite

from strangler.errors import ConfigError, MissingExtra, StoreUnavailable
from strangler.testing.toggle_store import ToggleStoreConformance
from strangler.toggles import Change, Kind, Side, Snapshot, Stage, Toggle, ToggleStore

AT = datetime(2026, 3, 1, tzinfo=UTC)


def change(*toggles: Toggle) -> Change:
    return Change(toggles=toggles, who="ana", why="because", at=AT)


class TestConformance(ToggleStoreConformance):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], ToggleStore]:
        return lambda: SQLiteToggleStore(tmp_path / "store.db")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store ?#%.db"


@pytest.fixture
def store(path: Path) -> SQLiteToggleStore:
    store = SQLiteToggleStore(path, busy_seconds=0.05)
    store.commit(change(Toggle("a")), expected_revision=0)
    store.settle()
    return store


def test_at_rest_one_file_is_the_whole_store(store: SQLiteToggleStore, path: Path) -> None:
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_somebody_keeps_from_the_disk_is_told_and_done_once_they_are_gone(
    store: SQLiteToggleStore, path: Path
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM toggle").fetchall()
        store.commit(change(Toggle("a")), expected_revision=1)
        with pytest.raises(StoreUnavailable, match=r"not in the store .* yet"):
            store.settle()
        assert store.load().revision == 2
    store.commit(change(Toggle("a")), expected_revision=2)
    store.settle()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET why = 'x'", "DELETE FROM audit", "REPLACE INTO audit SELECT * FROM audit"]
)
def test_the_audit_can_only_be_added_to(store: SQLiteToggleStore, path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA recursive_triggers = ON")
        with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
            connection.execute(statement)


def test_the_revision_can_only_go_up(store: SQLiteToggleStore, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError, match="only goes up"):
        connection.execute("UPDATE revision SET revision = 0")


def test_a_file_that_vanishes_is_reported_and_not_made_anew(store: SQLiteToggleStore, path: Path) -> None:
    kept = path.rename(path.with_suffix(".kept"))
    for call in (store.load, store.history, lambda: store.commit(change(Toggle("a")), expected_revision=1)):
        with pytest.raises(StoreUnavailable, match=r"gone.*strangler adopt snapshot"):
            call()
    assert not path.exists()
    kept.rename(path)
    assert store.load().revision == 1


def test_what_has_not_changed_is_not_read_anew_and_what_has_is(store: SQLiteToggleStore, path: Path) -> None:
    before = store.load()
    assert store.load() is before
    SQLiteToggleStore(path).commit(change(Toggle("a", stage=Stage.EXTRACTED)), expected_revision=1)
    assert store.load().toggles["a"].stage is Stage.EXTRACTED
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE toggle SET state = replace(state, 'extracted', 'monolith')")
    restored = store.load()
    assert (restored.revision, restored.toggles["a"].stage) == (2, Stage.MONOLITH)


def test_adopting_makes_a_new_file_where_the_old_one_vanished(store: SQLiteToggleStore, path: Path) -> None:
    served = store.load()
    path.unlink()
    assert store.adopt(served, who="ana", why="lost", at=AT).revision == 2
    assert store.load().revision == 2


def test_reading_is_no_change_for_whoever_watches(store: SQLiteToggleStore, path: Path) -> None:
    before = store._file.mark()
    store.load()
    store.history()
    assert store._file.mark() == before
    store.commit(change(Toggle("a")), expected_revision=1)
    assert store._file.mark() != before


def test_a_file_that_vanishes_while_it_is_watched_is_reported(store: SQLiteToggleStore, path: Path) -> None:
    assert not store.changed(1, seconds=0.01)
    path.unlink()
    with pytest.raises(StoreUnavailable, match="gone"):
        store.changed(1, seconds=600)


def test_who_watches_reads_only_what_has_changed(
    store: SQLiteToggleStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_LOOK_EVERY", 0.001)
    connects = 0
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def counted(*given: Any, **named: Any) -> sqlite3.Connection:
        nonlocal connects
        connects += 1
        return connect(*given, **named)

    monkeypatch.setattr(sqlite3, "connect", counted)
    assert not store.changed(1, seconds=0.05)
    assert connects == 1


def test_a_damaged_file_is_reported_until_it_is_restored(store: SQLiteToggleStore, path: Path) -> None:
    good = path.read_bytes()
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreUnavailable, match="damaged: restore it"):
        store.load()
    path.write_bytes(good[:6000])
    with pytest.raises(StoreUnavailable):
        store.history()
    path.write_bytes(good)
    assert store.load().revision == 1


@pytest.mark.parametrize("state", ["{", "[]", '{"name": "a"}', "null"])
def test_a_damaged_row_is_reported(store: SQLiteToggleStore, path: Path, state: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE toggle SET state = ?", (state,))
        connection.commit()
    with pytest.raises(StoreUnavailable, match="unreadable"):
        store.load()


def test_a_store_held_by_another_is_reported_after_the_busy_time(store: SQLiteToggleStore, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="Another process holds it"):
            store.commit(change(Toggle("a")), expected_revision=1)
        assert store.load().revision == 1
    assert store.commit(change(Toggle("a", stage=Stage.EXTRACTED)), expected_revision=1).revision == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_reported(store: SQLiteToggleStore, path: Path) -> None:
    path.chmod(0o400)
    with pytest.raises(StoreUnavailable, match="writable"):
        store.commit(change(Toggle("a")), expected_revision=1)


def test_a_disk_that_takes_no_more_is_reported_and_loses_nothing(store: SQLiteToggleStore) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        with pytest.raises(StoreUnavailable, match=r"disk|room"):
            store.commit(change(Toggle("a", stage=Stage.EXTRACTED)), expected_revision=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert store.load().toggles["a"].stage is Stage.MONOLITH
    assert store.commit(change(Toggle("a", stage=Stage.EXTRACTED)), expected_revision=1).revision == 2


def test_a_folder_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="folder exists"):
        SQLiteToggleStore(tmp_path / "nowhere" / "store.db").load()


def test_an_sqlite_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customer (id)")
    with pytest.raises(StoreUnavailable, match="not one of Strangler's"):
        SQLiteToggleStore(path).load()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("customer",)]


def test_an_older_store_is_upgraded_in_place(
    store: SQLiteToggleStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "VERSIONS", (*schema.VERSIONS, ("CREATE TABLE newer (id) ",)))
    assert SQLiteToggleStore(path).load() == store.load()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.VERSIONS),)
        assert connection.execute("SELECT * FROM newer").fetchall() == []


def test_a_file_that_version_1_wrote_is_upgraded_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    shutil.copy(Path(__file__).with_name("version_1.db"), path)
    store = SQLiteToggleStore(path)
    canary = Toggle("catalog.list", stage=Stage.CANARY, share=5000, overrides={"ana": Side.CANDIDATE}, revision=2)
    facts = Toggle("catalog.facts", kind=Kind.SEAM, revision=1)
    assert (store.load().revision, store.load().toggles) == (2, {"catalog.list": canary, "catalog.facts": facts})
    assert [(entry.who, entry.why, entry.forced, entry.evidence) for entry in store.history("catalog.list")] == [
        ("ana", "schön 🎉", True, None),
        ("strangler", "declared in strangler.toml", False, None),
    ]
    evidence = {"catalog.list": {"agreement": 1.0}}
    store.commit(Change([canary], "ana", "because", AT, evidence=evidence), expected_revision=2)
    assert store.history(limit=1)[0].evidence == {"agreement": 1.0}
    documents = SQLiteDocumentStore(path)
    assert documents.write("plan", "shop", {}, expected=0, at=AT) is not None
    assert documents.calls() == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (4,)


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(
    store: SQLiteToggleStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.load()
    monkeypatch.setattr(schema, "VERSIONS", (*schema.VERSIONS, ("CREATE TABLE newer (id) ", "nonsense")))
    with pytest.raises(StoreUnavailable, match="nonsense"):
        SQLiteToggleStore(path).load()
    monkeypatch.undo()
    assert SQLiteToggleStore(path).load() == before


def test_a_store_of_a_newer_version_is_refused(
    store: SQLiteToggleStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "VERSIONS", ())
    with pytest.raises(StoreUnavailable, match="newer Strangler"):
        SQLiteToggleStore(path).load()


def test_the_store_lies_beside_the_configuration(tmp_path: Path) -> None:
    store = open_store(Config(path=tmp_path / "strangler.toml", upstreams={}, store="sqlite:///toggles.db"))
    assert store.load() == Snapshot()
    assert (tmp_path / "toggles.db").exists()


@pytest.mark.parametrize("url", ["mysql://shop:hush@db/shop", "store.db", "sqlite://", "sqlite:///", "mysql:///x"])
def test_a_store_of_another_kind_is_a_configuration_error_which_tells_no_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="not a store that this version knows") as caught:
        open_store(Config(path=tmp_path / "strangler.toml", upstreams={}, store=url))
    assert "hush" not in str(caught.value)


def test_a_database_without_its_driver_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    config = Config(path=tmp_path / "strangler.toml", upstreams={}, store="postgresql://db/shop")
    for opened in (open_store, open_documents):
        with pytest.raises(MissingExtra, match=r"pip install 'strangler\[postgres\]'"):
            opened(config)
