from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from strangler_proxy.config.values import Config
from strangler_proxy.store import SQLiteDocumentStore, open_documents, open_store

from strangler.documents import CallCount, DocumentStore, Event
from strangler.errors import StoreUnavailable
from strangler.testing import DocumentStoreConformance
from strangler.toggles import Change, Toggle

AT = datetime(2026, 3, 1, tzinfo=UTC)


class TestConformance(DocumentStoreConformance):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Callable[[], DocumentStore]:
        return lambda: SQLiteDocumentStore(tmp_path / "store.db")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store ?#%.db"


def test_documents_and_toggles_share_one_file(tmp_path: Path) -> None:
    config = Config(path=tmp_path / "strangler.toml", upstreams={}, store="sqlite:///store.db")
    open_documents(config).write("plan", "shop", {}, expected=0, at=AT)
    toggles = open_store(config)
    toggles.commit(Change([Toggle("a")], "ana", "x", AT), expected_revision=0)
    toggles.close()
    assert [each.name for each in tmp_path.iterdir()] == ["store.db"]
    assert len(open_documents(config).listed("plan")) == 1


@pytest.mark.parametrize("statement", ["UPDATE event SET why = 'x'", "DELETE FROM event"])
def test_the_audit_can_only_be_added_to(path: Path, statement: str) -> None:
    SQLiteDocumentStore(path).record(Event(AT, "ana", "plan.approve", "shop"))
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError, match="only ever added"):
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE call SET count = count - 1",
        "UPDATE call SET count = count + 1, who = 'ben'",
        "UPDATE call SET count = count + 1, status = 200",
        "UPDATE call SET count = count + 1, last = '2026'",
        "DELETE FROM call",
    ],
)
def test_calls_can_only_be_counted(path: Path, statement: str) -> None:
    SQLiteDocumentStore(path).add_calls([CallCount(AT, AT, "ana (ci)", "ci", "192.0.2.1", "GET /metrics", 403, 5)])
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError, match="only ever counted"):
        connection.execute(statement)


def test_a_file_that_vanishes_is_reported_and_not_made_anew(path: Path) -> None:
    store = SQLiteDocumentStore(path)
    store.beat("a", {}, at=0.0)
    path.unlink()
    calls: list[Callable[[], object]] = [
        store.beats,
        lambda: store.beat("a", {}, at=1.0),
        lambda: store.read("plan", "shop"),
        lambda: store.record(Event(AT, "ana", "plan.approve", "shop")),
        lambda: store.add_calls([]),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable, match="gone"):
            call()
    assert not path.exists()


@pytest.mark.parametrize("content", ["{", "null"])
def test_a_damaged_document_is_reported(path: Path, content: str) -> None:
    store = SQLiteDocumentStore(path)
    store.write("plan", "shop", {}, expected=0, at=AT)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE document SET content = ?", (content,))
    with pytest.raises(StoreUnavailable, match="unreadable"):
        store.read("plan", "shop")


def test_who_leads_stops_with_its_process(path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from strangler_proxy.store.file_leader import FileLeader\n"
        "leader = FileLeader(Path(sys.argv[1]))\n"
        "print(leader.lead('rollouts'), flush=True)\n"
        "sys.stdin.read()\n"
    )
    store = SQLiteDocumentStore(path)
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        assert not store.lead("rollouts")
        other.kill()
        other.wait()
        assert store.lead("rollouts")


def test_who_led_by_a_file_that_was_taken_away_leads_no_more(path: Path) -> None:
    first, second = SQLiteDocumentStore(path), SQLiteDocumentStore(path)
    assert first.lead("rollouts")
    path.with_name(f"{path.name}.rollouts.lock").unlink()
    assert second.lead("rollouts")
    assert not first.lead("rollouts")


def test_a_folder_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="folder exists"):
        SQLiteDocumentStore(tmp_path / "nowhere" / "store.db").lead("rollouts")
