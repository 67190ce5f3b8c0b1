from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from strangler_proxy.config.shadow import EvidenceSettings
from strangler_proxy.config.values import Config
from strangler_proxy.store import SQLiteEvidenceStore, SQLiteToggleStore, evidence_schema, open_evidence

from strangler.compare import Answer, Pair, Request, Verdict
from strangler.errors import ConfigError, StoreUnavailable
from strangler.evidence import Batch, EvidenceStore, KeptPair, Scope, Traffic, TrafficKey, total
from strangler.testing import EvidenceStoreConformance, MemoryEvidenceStore

SCOPE = Scope("catalog.list", "1.0", "abc")
AT = 1_800_000_000.0


class TestConformance(EvidenceStoreConformance):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], EvidenceStore]:
        return lambda: SQLiteEvidenceStore(tmp_path / "evidence.db", samples=3)


def batch(count: int = 1) -> Batch:
    made = Batch()
    made.changed(SCOPE, asked=count, changed=0)
    return made


def kept(name: str, *, subject: str = "", body: bytes = b"") -> KeptPair:
    pair = Pair(Request("GET", "/"), Answer(200, (), body), Answer(200))
    return KeptPair(name, AT, SCOPE, "/", "shadow", "monolith", Verdict.DIFFER, pair, subject=subject)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evidence ?#%.db"


@pytest.fixture
def store(path: Path) -> SQLiteEvidenceStore:
    store = SQLiteEvidenceStore(path, busy_seconds=0.05)
    store.add(batch(), at=AT)
    return store


def test_at_rest_one_file_is_the_whole_store(store: SQLiteEvidenceStore, path: Path) -> None:
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_that_vanishes_is_reported_and_not_made_anew(store: SQLiteEvidenceStore, path: Path) -> None:
    aside = path.rename(path.with_suffix(".aside"))
    with pytest.raises(StoreUnavailable, match=r"gone: put it back, or restart"):
        store.add(batch(), at=AT)
    with pytest.raises(StoreUnavailable, match="gone"):
        store.read(SCOPE)
    assert not path.exists()
    aside.rename(path)
    assert store.read(SCOPE).asked == 1


def test_a_damaged_file_is_reported_until_it_is_restored(store: SQLiteEvidenceStore, path: Path) -> None:
    good = path.read_bytes()
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreUnavailable, match="damaged: restore it, or move it away"):
        store.add(batch(), at=AT)
    path.write_bytes(good)
    assert store.read(SCOPE).asked == 1


@pytest.mark.parametrize("document", ["{", "[]", '{"asked": "x"}', '{"pairs": [[1]]}', '{"latency": [["a", "b", 1]]}'])
def test_a_damaged_row_is_reported(store: SQLiteEvidenceStore, path: Path, document: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE counted SET document = ?", (document,))
        connection.commit()
    with pytest.raises(StoreUnavailable, match="unreadable"):
        store.read(SCOPE)
    with pytest.raises(StoreUnavailable, match="unreadable"):
        store.add(batch(), at=AT)


def test_a_store_held_by_another_is_reported_and_the_batch_can_be_sent_again(
    store: SQLiteEvidenceStore, path: Path
) -> None:
    late = batch(5)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="Another process holds it"):
            store.add(late, at=AT)
        assert store.read(SCOPE).asked == 1
    assert store.add(late, at=AT)
    assert store.read(SCOPE).asked == 6


def test_a_store_that_is_held_does_not_hold_up_a_toggle(store: SQLiteEvidenceStore, path: Path) -> None:
    toggles = SQLiteToggleStore(path.parent / "store.db", busy_seconds=0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert toggles.load().revision == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_reported(store: SQLiteEvidenceStore, path: Path) -> None:
    path.chmod(0o400)
    with pytest.raises(StoreUnavailable, match="writable"):
        store.add(batch(), at=AT)


def test_a_disk_that_takes_no_more_is_reported_and_nothing_is_half_added(store: SQLiteEvidenceStore) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    full = batch(5)
    full.keep(kept("a", body=b"x" * 100_000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        with pytest.raises(StoreUnavailable, match=r"disk|room"):
            store.add(full, at=AT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert store.read(SCOPE).asked == 1
    assert store.kept() == []
    assert store.add(full, at=AT)
    assert store.read(SCOPE).asked == 6


def test_a_folder_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="folder exists"):
        SQLiteEvidenceStore(tmp_path / "nowhere" / "evidence.db").scopes()


def test_the_toggles_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    SQLiteToggleStore(path).load()
    with pytest.raises(StoreUnavailable, match="Name another file"):
        SQLiteEvidenceStore(path).scopes()


def test_an_older_store_is_upgraded_in_place(
    store: SQLiteEvidenceStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_schema, "VERSIONS", (*evidence_schema.VERSIONS, ("CREATE TABLE newer (id) ",)))
    assert SQLiteEvidenceStore(path).read(SCOPE).asked == 1
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM newer").fetchall() == []


def test_the_file_of_a_version_without_traffic_is_upgraded_in_place(tmp_path: Path) -> None:
    path = Path(shutil.copy(Path(__file__).with_name("evidence_version_1.db"), tmp_path))
    old = SQLiteEvidenceStore(path, samples=3)
    (tally,) = old.read(SCOPE).pairs.values()
    assert (tally.count, old.read(SCOPE).asked, old.missed("catalog.list")) == (7, 5, {"skip": 2})
    assert [each.id for each in old.kept(field="$.price")] == ["kept-1"]
    again = batch()
    again.id = "told-before"
    assert not old.add(again, at=AT)
    key = TrafficKey("catalog.list", "candidate", "canary", "1.0")
    assert old.add_traffic({key: Traffic(3)}, at=AT, opened={"catalog": 1})
    assert total(SQLiteEvidenceStore(path).traffic("catalog.list", since=AT - 5)).requests == 3
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(evidence_schema.VERSIONS),)


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_of_too_many_windows_the_oldest_are_joined_sooner_and_the_longest_forgotten(tmp_path: Path, kind: str) -> None:
    store: EvidenceStore = MemoryEvidenceStore(windows=10)
    if kind == "file":
        store = SQLiteEvidenceStore(tmp_path / "evidence.db", windows=10)
    key = TrafficKey("catalog.list", "candidate", "canary", "1.0")
    for number in range(30):
        store.add_traffic({key: Traffic(1)}, at=AT + 5 * number)
    store.prune(now=AT + 200, keep_seconds=1e9, most_bytes=10**9)
    windows = store.traffic(since=0)
    assert [each.seconds for each in windows] == [60, 60, *[5] * 10]
    assert total(windows).requests == 30
    for number in range(30):
        store.add_traffic({key: Traffic(1)}, at=AT - 2e7 + 3600 * number)
    store.prune(now=AT + 200, keep_seconds=1e9, most_bytes=10**9)
    assert [each.seconds for each in store.traffic(since=0)].count(3600) == 10


def test_a_store_of_a_newer_version_is_refused(
    store: SQLiteEvidenceStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_schema, "VERSIONS", ())
    with pytest.raises(StoreUnavailable, match="newer Strangler"):
        SQLiteEvidenceStore(path).scopes()


def test_what_is_erased_is_not_left_in_the_file(store: SQLiteEvidenceStore, path: Path) -> None:
    secret = b"what nobody may read any more"
    full = batch()
    full.keep(kept("a", subject="s1", body=secret))
    store.add(full, at=AT)
    assert secret in path.read_bytes()
    assert store.erase("s1") == 1
    assert secret not in path.read_bytes()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


ADDING = """
import sys
from pathlib import Path
from strangler.evidence import Batch, Scope
from strangler_proxy.store import SQLiteEvidenceStore

store = SQLiteEvidenceStore(Path(sys.argv[1]))
while True:
    batch = Batch()
    batch.changed(Scope("catalog.list", "1.0", "abc"), asked=1, changed=1)
    batch.missed("catalog.list", "skip")
    store.add(batch, at=1_800_000_000.0)
    print("added", flush=True)
"""


@pytest.mark.slow
def test_what_was_added_survives_kill_9_and_nothing_is_added_by_halves(tmp_path: Path) -> None:
    path = tmp_path / "evidence.db"
    with subprocess.Popen([sys.executable, "-c", ADDING, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(20):
            assert process.stdout.readline() == "added\n"
        process.send_signal(signal.SIGKILL)
        said = 20 + process.stdout.read().count("added\n")
    store = SQLiteEvidenceStore(path)
    evidence = store.read(SCOPE)
    # The last one may have been added and not said.
    assert evidence.asked in (said, said + 1)
    assert evidence.changed == evidence.asked == store.missed("catalog.list")["skip"]
    assert store.add(batch(), at=AT)


def test_the_store_lies_in_the_state_folder_unless_it_is_said_where(tmp_path: Path) -> None:
    (tmp_path / ".strangler").mkdir()
    config = Config(path=tmp_path / "strangler.toml", upstreams={})
    open_evidence(config).scopes()
    assert (tmp_path / ".strangler" / "evidence.db").exists()
    elsewhere = Config(
        path=tmp_path / "strangler.toml", upstreams={}, evidence=EvidenceSettings(url="sqlite:///seen.db", samples=2)
    )
    open_evidence(elsewhere).scopes()
    assert (tmp_path / "seen.db").exists()


@pytest.mark.parametrize("url", ["mysql://shop:hush@db/shop", "evidence.db", "sqlite:///"])
def test_a_store_of_another_kind_is_a_configuration_error_which_tells_no_password(tmp_path: Path, url: str) -> None:
    config = Config(path=tmp_path / "strangler.toml", upstreams={}, evidence=EvidenceSettings(url=url))
    with pytest.raises(ConfigError, match=r"(?s)evidence\.url.*not a store that this version knows") as caught:
        open_evidence(config)
    assert "hush" not in str(caught.value)
