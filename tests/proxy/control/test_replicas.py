from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.control import ControlPlane
from strangler_proxy.control.replicas import Replicas, replica_name
from strangler_proxy.state import StateDir

from strangler.errors import StoreUnavailable
from strangler.testing import ManualClock
from strangler.testing.memory_documents import MemoryDocumentStore
from strangler.testing.memory_evidence import MemoryEvidenceStore
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Move, Snapshot, Stage
from tests.proxy.control.fakes import FakeWorker, config, until

EXTRACTED = Move(Stage.EXTRACTED, force=True)


@dataclass
class Shop:
    """A replica that says whatever `revisions` of its workers say; `now` is the clock of its machine."""

    documents: MemoryDocumentStore
    clock: ManualClock
    name: str
    revision: int = 1
    revisions: tuple[int | None, ...] = (1, 1)
    config: str = "abc"
    ahead: float = 0.0

    def __post_init__(self) -> None:
        self.replicas = Replicas(
            self.name, self.documents, self.told, clock=lambda: self.clock() + self.ahead, monotonic=self.clock
        )

    def told(self) -> dict[str, Any]:
        workers = [
            {"slot": slot, "pid": revision and 7, "revision": revision, "live": revision == self.revision}
            for slot, revision in enumerate(self.revisions)
        ]
        return {
            "started_at": "2026-03-01T12:30:00+00:00",
            "version": "1",
            "config": self.config,
            "revision": self.revision,
            "workers": workers,
        }

    def beat(self) -> None:
        asyncio.run(self.replicas.beat())

    def states(self) -> dict[str, str]:
        return {row["name"]: row["state"] for row in self.replicas.rows()}


@pytest.fixture
def shops() -> tuple[Shop, Shop]:
    documents, clock = MemoryDocumentStore(), ManualClock()
    return Shop(documents, clock, "a"), Shop(documents, clock, "b", ahead=3600.0)


def test_replicas_hear_of_each_other_whatever_their_clocks_say(shops: tuple[Shop, Shop]) -> None:
    a, b = shops
    a.beat()
    assert a.states() == {"a": "live"}
    for each in (b, a, b, a):
        a.clock.advance(1)
        each.beat()
    assert a.states() == b.states() == {"a": "live", "b": "live"}
    (row,) = [row for row in a.replicas.rows() if row["name"] == "b"]
    assert (row["this"], row["revision"], row["live"], row["heard_seconds"]) == (False, 1, "2/2", 0.0)


def test_one_that_is_behind_or_whose_worker_is_is_stale(shops: tuple[Shop, Shop]) -> None:
    a, b = shops
    a.revision, a.revisions = 2, (2, 2)
    b.beat()
    a.beat()
    assert a.states()["b"] == "stale"
    b.revision, b.revisions = 2, (2, 1)
    b.beat()
    a.beat()
    assert a.states()["b"] == "stale"
    b.revisions = (2, None)
    b.beat()
    a.beat()
    assert a.states()["b"] == "stale"
    b.revisions = (2, 2)
    b.beat()
    a.beat()
    assert a.states()["b"] == "live"


def test_one_that_is_not_heard_of_is_lost_then_dropped_with_a_note_and_comes_back(shops: tuple[Shop, Shop]) -> None:
    a, b = shops
    b.beat()
    a.beat()
    a.clock.advance(7)
    a.beat()
    assert a.states()["b"] == "live"
    a.clock.advance(2)
    a.beat()
    assert a.states()["b"] == "lost"
    a.clock.advance(595)
    a.beat()
    assert a.states() == {"a": "live"}
    assert [name for name, _, _ in a.documents.beats()] == ["a"]
    assert "Replica b has not been heard of for 10 minutes" in a.replicas.notes()[0]
    b.beat()
    a.beat()
    assert a.states()["b"] == "live"
    assert a.replicas.notes() == []


def test_one_that_was_lost_before_we_began_is_lost(shops: tuple[Shop, Shop]) -> None:
    a, b = shops
    b.ahead = 0.0
    b.beat()
    a.clock.advance(60)
    a.beat()
    assert a.states()["b"] == "lost"


def test_while_the_store_does_not_answer_others_are_not_taken_for_lost(shops: tuple[Shop, Shop]) -> None:
    a, b = shops
    b.beat()
    a.beat()
    a.documents.outage = "on strike"
    a.clock.advance(60)
    with pytest.raises(StoreUnavailable):
        a.beat()
    assert a.states()["b"] == "live"


def test_one_that_ends_is_forgotten_at_once_even_if_it_was_just_telling(shops: tuple[Shop, Shop]) -> None:
    a, b = shops
    b.beat()
    asyncio.run(b.replicas.leave())
    b.beat()
    a.beat()
    assert a.states() == {"a": "live"}
    a.documents.outage = "on strike"
    asyncio.run(a.replicas.leave())


def test_two_of_the_same_name_and_two_of_other_configurations_are_noted(shops: tuple[Shop, Shop]) -> None:
    a, b = shops
    twin = replace(a)
    b.config = "def"
    for each in (a, twin, b, a):
        each.beat()
    assert a.replicas.notes() == [
        "Another replica calls itself a, too: give each its own name (proxy.replica).",
        "Replica b serves by another strangler.toml than this one.",
    ]
    a.beat()
    assert "Another" not in a.replicas.notes()[0]


def test_what_changes_while_it_is_being_told_is_told_at_once_too(
    shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strangler_proxy.control.replicas._BEAT_SECONDS", 3600.0)
    a, b = shops
    b.beat()
    a.beat()

    async def scenario() -> None:
        told = a.told

        def told_and_moved() -> dict[str, Any]:
            said = told()
            if a.revision == 1:
                a.revision, a.revisions = 2, (2, 2)
                a.replicas.tell()
            return said

        a.replicas._tell_of_us = told_and_moved
        running = asyncio.create_task(a.replicas.run())
        await until(lambda: [said["revision"] for name, said, _ in a.documents.beats() if name == "a"] == [2])
        running.cancel()

    asyncio.run(scenario())


def test_the_note_on_a_dropped_replica_goes_after_an_hour(shops: tuple[Shop, Shop]) -> None:
    a, b = shops
    b.beat()
    for seconds, notes in ((0, 0), (601, 1), (3599, 1), (1, 0)):
        a.clock.advance(seconds)
        a.beat()
        assert len(a.replicas.notes()) == notes
    assert a.replicas._dropped == {}, "machines have new names all the time"


def test_a_replica_that_is_started_again_is_no_other_one(shops: tuple[Shop, Shop]) -> None:
    a, _ = shops
    a.beat()
    again = replace(a)
    again.beat()
    again.beat()
    assert again.replicas.notes() == []
    assert again.states() == {"a": "live"}


def test_who_waits_is_told_who_has_not_acknowledged_and_does_not_wait_for_who_is_lost(shops: tuple[Shop, Shop]) -> None:
    a, b = shops
    c = Shop(a.documents, a.clock, "c")
    c.beat()
    a.beat()
    a.clock.advance(60)
    b.revision, b.revisions = 2, (2, 1)
    b.beat()
    a.beat()
    reached = asyncio.run(a.replicas.acknowledged(2, wait_seconds=0.05))
    assert (reached.acknowledged, reached.missing, reached.lost) == (("b/0",), ("b/1",), ("c",))
    b.revisions = (2, 3)

    async def scenario() -> None:
        waiting = asyncio.create_task(a.replicas.acknowledged(2, wait_seconds=60))
        await b.replicas.beat()
        assert (await waiting).missing == ()

    asyncio.run(scenario())


def test_a_replica_is_called_as_configured_else_by_its_machine_and_folder(tmp_path: Path) -> None:
    one, other = config(tmp_path / "a"), config(tmp_path / "b")
    assert replica_name(one) == replica_name(one) != replica_name(other)
    assert replica_name(replace(one, replica="eu-1")) == "eu-1"


@asynccontextmanager
async def replica(
    folder: Path, store: MemoryToggleStore, documents: MemoryDocumentStore
) -> AsyncIterator[ControlPlane]:
    configured = replace(config(folder, workers=1), replica=folder.name)
    control = ControlPlane(
        configured, store, StateDir.of(configured), MemoryEvidenceStore(), MemoryDocumentStore(beside=documents)
    )
    await control.start()
    watching = asyncio.create_task(control.watch())
    try:
        yield control
    finally:
        watching.cancel()
        await control.stop()


def test_a_flip_on_one_replica_is_acknowledged_by_the_workers_of_another(tmp_path: Path) -> None:
    async def scenario() -> None:
        store, documents = MemoryToggleStore(), MemoryDocumentStore()
        async with (
            replica(tmp_path / "a", store, documents) as a,
            replica(tmp_path / "b", store, documents) as b,
            FakeWorker(tmp_path / "a").linked(),
            FakeWorker(tmp_path / "b").linked() as worker,
        ):
            await until(lambda: [each["live"] for each in b.status()["replicas"]] == ["1/1"] * 2)
            await until(lambda: [each["live"] for each in a.status()["replicas"]] == ["1/1"] * 2)
            outcome = await a.flip(["catalog.list"], EXTRACTED, who="ana", why="x", wait_seconds=60)
            assert (outcome.acknowledged, outcome.missing) == (("0", "b/0"), ())
            assert worker.seen[-1].toggles["catalog.list"].stage is Stage.EXTRACTED
            assert {each["name"]: each["state"] for each in a.status()["replicas"]} == {"a": "live", "b": "live"}

            def fail(_: Snapshot) -> None:
                raise ValueError("cannot")

            worker.on_snapshot = fail
            outcome = await a.back(None, who="ana", why="x", wait_seconds=0.1)
            assert (outcome.acknowledged, outcome.missing) == (("0",), ("b/0",))

    asyncio.run(scenario())
