from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from strangler_proxy.config.shadow import EvidenceSettings
from strangler_proxy.config.values import Config
from strangler_proxy.store import evidence_postgres_schema, open_evidence
from strangler_proxy.store.evidence_postgres import PostgresEvidenceStore

from strangler.compare import Answer, Difference, DifferenceKind, Pair, Request, Verdict
from strangler.errors import StoreUnavailable
from strangler.evidence import Batch, EvidenceStore, KeptPair, Scope, Traffic, TrafficKey, total
from strangler.testing import EvidenceStoreConformance

SCOPE = Scope("catalog.list", "1.0", "abc")
CANDIDATE = TrafficKey("catalog.list", "candidate", "canary", "1.0")
AT = 1_800_000_000.0


def run(server: str, *statements: str) -> None:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture
def url(store_url: str) -> str:
    return store_url


class TestConformance(EvidenceStoreConformance):
    @pytest.fixture
    def open_store(self, url: str) -> Iterator[Callable[[], EvidenceStore]]:
        opened: list[PostgresEvidenceStore] = []

        def open_one() -> EvidenceStore:
            opened.append(PostgresEvidenceStore(url, samples=3))
            return opened[-1]

        yield open_one
        for store in opened:
            store.close()


@pytest.fixture
def store(url: str) -> Iterator[PostgresEvidenceStore]:
    with closing(PostgresEvidenceStore(url, windows=10)) as store:
        store.add(batch(), at=AT)
        yield store


def batch(count: int = 1, *kept: KeptPair, scope: Scope = SCOPE) -> Batch:
    made = Batch()
    made.changed(scope, asked=count, changed=0)
    for each in kept:
        made.keep(each)
    return made


def kept(name: str, *, field: str = "$.price", template: str = "/", subject: str = "") -> KeptPair:
    pair = Pair(Request("GET", "/\ud800"), Answer(200, (), b"\0"), Answer(200))
    differences = (Difference(field, DifferenceKind.VALUE, "1\0", "2"),)
    return KeptPair(
        name, AT, SCOPE, template, "shadow", "monolith", Verdict.DIFFER, pair, differences=differences, subject=subject
    )


@contextmanager
def held(url: str, statement: str) -> Iterator[psycopg.Connection]:
    """Somebody else, in a transaction after that statement."""
    with psycopg.connect(url) as other:
        other.execute(statement.encode())
        yield other
        other.rollback()


def test_names_that_the_database_cannot_hold_keep_nobody_from_being_counted(store: PostgresEvidenceStore) -> None:
    odd, long = "$.a\0b\ud800", "$." + "long" * 2000
    assert store.add(batch(1, kept("a\0", field=odd, template="/\0"), kept("b", field=long, template=long)), at=AT)
    strange = SCOPE._replace(release="\0" * 9000)
    missed = Batch()
    missed.missed("x" * 9000, "\0" * 9000, 2)
    missed.changed(strange, asked=3, changed=0)
    assert store.add(missed, at=AT)
    assert {each.id for each in store.kept()} == {"a\0", "b"}
    assert [each.id for each in store.kept(field=long)] == ["b"]
    assert [each.id for each in store.kept(field=odd)] == ["a\0"]
    assert store.kept_pair("a\0") is not None
    assert store.kept(route="\0", cause="\0", subject="\0", kind="\0") == []
    assert store.read(strange).asked == 3
    assert sum(store.missed("x" * 9000).values()) == 2
    key = TrafficKey("\0", "candidate", "\ud800" * 300, "r" * 9000)
    assert store.add_traffic({key: Traffic(1)}, at=AT, opened={"\0": 1})
    assert total(store.traffic("\0", since=0)).requests == 1
    assert [each.count for each in store.opened("\0", since=0)] == [1]


def test_a_connection_that_was_killed_is_made_anew(store: PostgresEvidenceStore, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'strangler'"
            " AND datname = current_database()"
        )
    assert store.read(SCOPE).asked == 1


def test_a_connection_killed_amid_a_batch_leaves_nothing_of_it_and_the_batch_can_be_sent_again(
    store: PostgresEvidenceStore, url: str
) -> None:
    late = batch(5, kept("a"))
    lock = "SELECT 1 FROM strangler.evidence_scope FOR UPDATE"
    with ThreadPoolExecutor(1) as pool, held(url, lock) as other, psycopg.connect(url, autocommit=True) as killer:
        adding = pool.submit(store.add, late, at=AT)
        waiting = f"SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid <> {other.info.backend_pid}"
        while not (waits := killer.execute(waiting.encode()).fetchall()):
            assert not adding.done()
        killer.execute("SELECT pg_terminate_backend(%s)", waits[0])
        with pytest.raises(StoreUnavailable, match="does not answer"):
            adding.result()
    assert store.read(SCOPE).asked == 1
    assert store.kept() == []
    assert store.add(late, at=AT)
    assert store.read(SCOPE).asked == 6


def test_a_database_that_is_gone_is_reported_with_a_remedy_until_it_is_back(
    store: PostgresEvidenceStore, url: str, postgres_server: str
) -> None:
    name = url.rpartition("/")[2]
    run(
        postgres_server,
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    late = batch(5)
    try:
        with pytest.raises(StoreUnavailable, match=r"does not answer: .*\. \w") as caught:
            store.add(late, at=AT)
        with pytest.raises(StoreUnavailable):
            store.traffic(since=0)
    finally:
        run(postgres_server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert "strangler:strangler" not in str(caught.value)
    assert store.add(late, at=AT)
    assert store.read(SCOPE).asked == 6


def test_a_server_that_is_not_there_is_reported_with_the_key_to_correct() -> None:
    with closing(PostgresEvidenceStore("postgresql://somebody:hush@127.0.0.1:1/shop")) as store:
        with pytest.raises(StoreUnavailable, match="Check that PostgreSQL runs there") as caught:
            store.scopes()
        assert "hush" not in str(caught.value)


def test_tables_that_vanish_are_reported_and_not_made_anew(store: PostgresEvidenceStore, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("DROP SCHEMA strangler CASCADE")
    with pytest.raises(StoreUnavailable):
        store.add(batch(), at=AT)
    store.close()
    with pytest.raises(StoreUnavailable, match=r"tables .* are gone\. Restore it, or"):
        store.add(batch(), at=AT)


@pytest.mark.parametrize("document", ["{", "[]", '{"asked": "x"}', '{"pairs": [[1]]}'])
def test_a_damaged_row_is_reported(store: PostgresEvidenceStore, url: str, document: str) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("UPDATE strangler.evidence_counted SET document = %s", (document,))
    with pytest.raises(StoreUnavailable, match="unreadable"):
        store.read(SCOPE)
    with pytest.raises(StoreUnavailable, match="unreadable"):
        store.add(batch(), at=AT)


def test_a_scope_that_somebody_holds_is_reported_and_the_batch_can_be_sent_again(url: str) -> None:
    with closing(PostgresEvidenceStore(url, seconds=0.2)) as store:
        store.add(batch(), at=AT)
        late = batch(5)
        with held(url, "SELECT 1 FROM strangler.evidence_scope FOR UPDATE"):
            with pytest.raises(StoreUnavailable, match=r"lock|busy"):
                store.add(late, at=AT)
            assert store.read(SCOPE).asked == 1
            other = batch(1, scope=Scope("orders.list"))
            assert store.add(other, at=AT)
        assert store.add(late, at=AT)
        assert store.read(SCOPE).asked == 6


def test_an_older_store_is_upgraded_in_place(
    store: PostgresEvidenceStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = (*evidence_postgres_schema.VERSIONS, ("CREATE TABLE strangler.newer (id integer)",))
    monkeypatch.setattr(evidence_postgres_schema, "VERSIONS", newer)
    with closing(PostgresEvidenceStore(url)) as again, psycopg.connect(url) as other:
        assert again.read(SCOPE).asked == 1
        assert other.execute("SELECT * FROM strangler.newer").fetchall() == []


def test_a_store_of_a_newer_version_is_refused(
    store: PostgresEvidenceStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_postgres_schema, "VERSIONS", ())
    with closing(PostgresEvidenceStore(url)) as older, pytest.raises(StoreUnavailable, match="newer Strangler"):
        older.scopes()


def test_of_too_many_windows_the_oldest_are_joined_sooner_and_the_longest_forgotten(
    store: PostgresEvidenceStore,
) -> None:
    for number in range(30):
        store.add_traffic({CANDIDATE: Traffic(1)}, at=AT + 5 * number)
    store.prune(now=AT + 200, keep_seconds=1e9, most_bytes=10**9)
    windows = store.traffic(since=0)
    assert [each.seconds for each in windows] == [60, 60, *[5] * 10]
    assert total(windows).requests == 30
    for number in range(30):
        store.add_traffic({CANDIDATE: Traffic(1)}, at=AT - 2e7 + 3600 * number)
    store.prune(now=AT + 200, keep_seconds=1e9, most_bytes=10**9)
    assert [each.seconds for each in store.traffic(since=0)].count(3600) == 10


def test_a_store_is_pruned_by_several_while_others_add(url: str) -> None:
    key, turns = CANDIDATE, 30
    stores = [PostgresEvidenceStore(url) for _ in range(4)]
    started = threading.Barrier(4)

    def add(store: PostgresEvidenceStore, number: int) -> None:
        started.wait()
        for turn in range(turns):
            assert store.add_traffic({key: Traffic(1), key._replace(release=f"{turn}"): Traffic(1)}, at=AT + turn)
            assert store.add(batch(1, kept(f"{number}.{turn}", field=f"$.{turn % 3}")), at=AT)

    def prune(store: PostgresEvidenceStore) -> None:
        started.wait()
        for turn in range(turns // 3):
            # What was added just now is old already: it is joined while it is added to.
            store.prune(now=AT + 3600 + 5 * turn, keep_seconds=1e9, most_bytes=2000)

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(add, stores[number], number) for number in range(2)]
        work += [pool.submit(prune, each) for each in stores[2:]]
        for each in work:
            each.result()
    assert total(stores[0].traffic(since=0)).requests == 2 * 2 * turns
    assert stores[0].read(SCOPE).asked == 2 * turns
    for store in stores:
        store.close()


ADDING = """
import sys
from strangler.evidence import Batch, Scope, Traffic, TrafficKey
from strangler_proxy.store.evidence_postgres import PostgresEvidenceStore

store = PostgresEvidenceStore(sys.argv[1])
while True:
    batch = Batch()
    batch.changed(Scope("catalog.list", "1.0", "abc"), asked=1, changed=1)
    batch.missed("catalog.list", "skip")
    store.add(batch, at=1_800_000_000.0)
    store.add_traffic({TrafficKey("catalog.list", "candidate", "canary", "1.0"): Traffic(1, 1)}, at=1_800_000_000.0)
    print("added", flush=True)
"""


def test_what_several_processes_add_survives_the_kill_9_of_each_and_nothing_is_added_by_halves(url: str) -> None:
    command = [sys.executable, "-c", ADDING, url]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = 0
    for process in processes:
        assert process.stdout is not None
        for _ in range(5):
            assert process.stdout.readline() == "added\n"
        process.send_signal(signal.SIGKILL)
        said += 5 + process.stdout.read().count("added\n")
        process.stdout.close()
        process.wait()
    with closing(PostgresEvidenceStore(url)) as store:
        # The last ones may have been added and not said, and are waited for: their servers may not have heard yet.
        assert store.add(batch(0), at=AT)
        evidence = store.read(SCOPE)
        assert said <= evidence.asked <= said + 3
        assert evidence.changed == evidence.asked == store.missed("catalog.list")["skip"]
        counted = total(store.traffic("catalog.list", since=0))
        assert said <= counted.requests == counted.errors <= said + 3


def test_evidence_is_where_the_configuration_says(url: str, tmp_path: Path) -> None:
    def opened(**more: object) -> EvidenceStore:
        return open_evidence(Config(path=tmp_path / "strangler.toml", upstreams={}, **more))  # type: ignore[arg-type]

    with closing(opened(evidence=EvidenceSettings(url=url, samples=2), store="sqlite:///s.db")) as said:
        said.add(batch(), at=AT)
    with closing(opened(store=url)) as beside:
        assert beside.read(SCOPE).asked == 1
    assert list(tmp_path.iterdir()) == []
