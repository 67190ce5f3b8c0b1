from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from socket import socket

import pytest
from strangler_proxy.control.declare import estrangement
from strangler_proxy.state import StateDir
from strangler_proxy.unix import connect_unix

from strangler.errors import IllegalMove, RevisionConflict, StoreUnavailable, UnknownToggle
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Move, Snapshot, Stage, Toggle, write_snapshot
from tests.proxy.control.fakes import FakeWorker, config, plane, running, until
from tests.proxy.control.linked import EXTRACTED, elsewhere, on_disk, proxy


def test_the_first_start_declares_every_route_and_seam_and_tells_disk_and_workers(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = MemoryToggleStore()
        async with proxy(tmp_path, store) as (control, workers):
            assert sorted(control.snapshot.toggles) == ["catalog.detail", "catalog.facts", "catalog.list"]
            assert {toggle.stage for toggle in control.snapshot.toggles.values()} == {Stage.MONOLITH}
            assert store.load() == control.snapshot == on_disk(tmp_path)
            assert [worker.seen[-1] for worker in workers] == [control.snapshot] * 2
            assert {entry.why for entry in store.history()} == {"declared in strangler.toml"}
            assert control.status()["live"] == "2/2"

    asyncio.run(scenario())


def test_a_flip_is_in_the_store_on_disk_and_acknowledged_by_every_worker(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = MemoryToggleStore()
        async with proxy(tmp_path, store) as (control, workers):
            outcome = await control.flip(["catalog.[ld]*"], EXTRACTED, who="ana", why="ready")
            assert outcome.revision == 2
            assert (outcome.acknowledged, outcome.missing) == (("0", "1"), ())
            assert [(before.stage, after.stage) for before, after in outcome.moved] == [
                (Stage.MONOLITH, Stage.EXTRACTED)
            ] * 2
            assert store.load() == on_disk(tmp_path) == workers[0].seen[-1] == workers[1].seen[-1]
            entry = store.history("catalog.list", limit=1)[0]
            assert (entry.who, entry.why, entry.forced) == ("ana", "ready", True)

    asyncio.run(scenario())


def test_the_evidence_of_a_move_is_in_the_audit(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = MemoryToggleStore()
        async with running(plane(tmp_path, store)) as control:
            evidence = {"catalog.list": {"agreement": 0.999}}
            await control.flip(["catalog.list"], EXTRACTED, who="a", why="x", wait_seconds=0, evidence=evidence)
            await control.back(None, who="a", why="x", wait_seconds=0, evidence={"catalog.list": {"errors": 0.5}})
            assert [entry.to_json()["evidence"] for entry in await control.history("catalog.list", 2)] == [
                {"errors": 0.5},
                {"agreement": 0.999},
            ]

    asyncio.run(scenario())


def test_a_flip_to_where_it_stands_changes_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = MemoryToggleStore()
        async with proxy(tmp_path, store) as (control, _):
            outcome = await control.flip(["catalog.list"], Move(Stage.MONOLITH), who="ana", why="again")
            assert (outcome.revision, outcome.moved, outcome.acknowledged) == (1, (), ("0", "1"))
            assert len(store.history()) == 3

    asyncio.run(scenario())


def test_a_worker_that_is_not_there_or_does_not_acknowledge_is_missing(tmp_path: Path) -> None:
    async def scenario() -> None:
        def fail(_: Snapshot) -> None:
            raise ValueError("cannot")

        async with proxy(tmp_path, MemoryToggleStore()) as (control, workers):
            workers[1].on_snapshot = fail
            outcome = await control.flip(["catalog.list"], EXTRACTED, who="ana", why="x", wait_seconds=0.05)
            assert (outcome.acknowledged, outcome.missing) == (("0",), ("1",))
            assert control.status()["live"] == "1/2"
        async with running(plane(tmp_path / "alone", MemoryToggleStore())) as control:
            outcome = await control.flip(["catalog.list"], EXTRACTED, who="ana", why="x", wait_seconds=0)
            assert (outcome.acknowledged, outcome.missing) == ((), ("0", "1"))
            assert [worker["live"] for worker in control.status()["workers"]] == [False, False]

    asyncio.run(scenario())


def test_what_the_stages_do_not_allow_is_refused_whole(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(plane(tmp_path, MemoryToggleStore())) as control:
            with pytest.raises(IllegalMove):
                await control.flip(["catalog.*"], Move(Stage.RETIRED), who="ana", why="x")
            with pytest.raises(UnknownToggle):
                await control.flip(["orders"], EXTRACTED, who="ana", why="x")
            assert control.snapshot.revision == 1

    asyncio.run(scenario())


def test_of_two_flips_that_expect_the_same_revision_one_wins(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with proxy(tmp_path, MemoryToggleStore()) as (control, _):
            flips = [
                control.flip(["catalog.list"], Move(stage, 5, force=True), who="ana", why="x", expected_revision=1)
                for stage in (Stage.CANARY, Stage.CANARY)
            ]
            outcomes = await asyncio.gather(*flips, return_exceptions=True)
            assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Outcome", "RevisionConflict"]
            assert control.snapshot.revision == 2

    asyncio.run(scenario())


class Swappable(MemoryToggleStore):
    """A store in whose place `other` can be put; counts how often it was looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.other: Snapshot | None = None
        self.looks = 0

    def load(self) -> Snapshot:
        self.looks += 1
        return super().load() if self.other is None else self.other


def test_a_move_made_elsewhere_is_kept_by_the_next_flip(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = MemoryToggleStore()
        async with proxy(tmp_path, store) as (control, workers):
            elsewhere(store, 1)
            outcome = await control.flip(["catalog.list"], EXTRACTED, who="ana", why="x")
            assert outcome.revision == 3
            assert workers[0].seen[-1].toggles["catalog.detail"].stage is Stage.EXTRACTED
            elsewhere(store, 3)
            with pytest.raises(RevisionConflict):
                await control.flip(["catalog.list"], Move(Stage.MONOLITH), who="a", why="x", expected_revision=3)
            assert control.snapshot.revision == 4

    asyncio.run(scenario())


def test_a_move_made_elsewhere_is_noticed_before_the_next_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr("strangler_proxy.control.in_force._LOOK_EVERY", 3600.0)
        store = MemoryToggleStore()
        async with proxy(tmp_path, store) as (control, workers):
            watching = asyncio.create_task(control.watch())
            elsewhere(store, 1)
            await until(lambda: workers[0].seen[-1].revision == 2)
            watching.cancel()

    asyncio.run(scenario())


def test_a_store_that_says_the_same_is_not_compared_again_and_one_put_in_its_place_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []

    def counting(stored: Snapshot, served: Snapshot) -> str | None:
        compared.append(stored.revision)
        return estrangement(stored, served)

    async def scenario() -> None:
        monkeypatch.setattr("strangler_proxy.control.in_force.estrangement", counting)
        monkeypatch.setattr("strangler_proxy.control.in_force._LOOK_EVERY", 0.02)
        store = Swappable()
        async with proxy(tmp_path, store) as (control, _):
            watching = asyncio.create_task(control.watch())
            looks = store.looks
            await until(lambda: store.looks > looks + 2)
            # At the first look, and once more with what the first look itself declared.
            assert len(compared) <= 2
            store.other = Snapshot(revision=control.snapshot.revision)
            await until(lambda: not control.status()["store"]["ok"])
            assert "another store" in control.status()["store"]["error"]
            store.other = None
            await until(lambda: control.status()["store"]["ok"])
            watching.cancel()

    asyncio.run(scenario())


def test_a_store_whose_last_move_cannot_be_read_is_not_asked_in_a_tight_circle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Garbled(MemoryToggleStore):
        looks = 0

        def load(self) -> Snapshot:
            self.looks += 1
            if self.looks > 1:
                raise StoreUnavailable("It holds something unreadable.")
            return super().load()

        def changed(self, revision: int, *, seconds: float) -> bool:
            return True

    async def scenario() -> None:
        monkeypatch.setattr("strangler_proxy.control.in_force._LOOK_EVERY", 3600.0)
        async with running(plane(tmp_path, store := Garbled())) as control:
            watching = asyncio.create_task(control.watch())
            await until(lambda: not control.status()["store"]["ok"])
            looks = store.looks
            for _ in range(100):
                await asyncio.sleep(0)
            assert store.looks == looks
            watching.cancel()

    asyncio.run(scenario())


def test_back_takes_everything_home_but_what_is_retired(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with proxy(tmp_path, MemoryToggleStore()) as (control, _):
            await control.flip(["catalog.*"], EXTRACTED, who="ana", why="x")
            retired = Move(Stage.RETIRED, confirm="catalog.detail")
            await control.flip(["catalog.detail"], retired, who="ana", why="x")
            outcome = await control.back(None, who="ana", why="fire")
            assert (outcome.revision, len(outcome.moved), outcome.missing) == (4, 2, ())
            stages = {name: toggle.stage for name, toggle in control.snapshot.toggles.items()}
            assert stages == {
                "catalog.detail": Stage.RETIRED,
                "catalog.facts": Stage.MONOLITH,
                "catalog.list": Stage.MONOLITH,
            }

    asyncio.run(scenario())


def test_who_waits_for_news_is_told_at_once_and_let_go_at_the_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(plane(tmp_path, MemoryToggleStore())) as control:
            waiting = asyncio.create_task(control.newer(1, 60))
            await asyncio.sleep(0)
            await control.flip(["catalog.list"], EXTRACTED, who="ana", why="x", wait_seconds=0)
            assert (await waiting).revision == 2
            assert (await control.newer(2, 0.01)).revision == 2
            waiting = asyncio.create_task(control.newer(2, 60))
            await asyncio.sleep(0)
            await control.close_waits()
            assert (await waiting).revision == 2

    asyncio.run(scenario())


def test_toggles_that_are_no_longer_configured_are_shown_as_such(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = MemoryToggleStore()
        async with running(plane(tmp_path, store, names=("catalog.list", "catalog.old"))):
            pass
        async with running(plane(tmp_path, store, names=("catalog.list",))) as control:
            configured = {toggle["name"]: toggle["configured"] for toggle in control.status()["toggles"]}
            assert configured == {"catalog.facts": True, "catalog.list": True, "catalog.old": False}

    asyncio.run(scenario())


def test_what_workers_count_is_added_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with proxy(tmp_path, MemoryToggleStore()) as (control, workers):
            row = {"route": "catalog.list", "side": "candidate", "upstream": "catalog"}
            for worker in workers:
                worker.counted = [
                    {**row, "status_class": "2xx", "count": 3, "fallbacks": 1},
                    {**row, "status_class": "5xx", "count": 2, "fallbacks": 0},
                ]
            await until(lambda: sum(worker["requests"] for worker in control.status()["workers"]) == 10)
            assert control.status()["traffic"] == [{**row, "count": 10, "fallbacks": 2, "errors_5xx": 4}]

    asyncio.run(scenario())


def test_what_workers_measure_of_upstreams_stands_in_the_status_and_its_changes_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with running(plane(tmp_path, MemoryToggleStore(), workers=1)) as control:
            worker = FakeWorker(tmp_path)
            address = ["catalog", "127.0.0.1:2"]
            gauges = [["strangler_breaker_state", ["catalog", "open"], 1], ["strangler_endpoint_healthy", address, 1]]
            failed = [["strangler_upstream_failures_total", ["catalog", "refused"], 5]]
            worker.link._take_measures = lambda: ([failed.pop()] if failed else [], gauges)
            async with worker.linked():
                await until(lambda: control.status()["upstreams"][1]["failures"] == {"refused": 5})
                monolith, catalog = control.status()["upstreams"]
                assert (monolith["ok"], catalog["troubles"]) == (True, ["the breaker is open"])

    asyncio.run(scenario())
    logged = [record.getMessage() for record in caplog.records if record.name == "strangler.upstreams"]
    assert logged == ["upstream catalog: the breaker is open", "upstream catalog: 5 requests failed (refused)"]


def test_a_snapshot_older_than_the_one_in_force_is_ignored_by_a_worker(tmp_path: Path) -> None:
    async def scenario() -> None:
        state = StateDir.of(config(tmp_path))
        state.create()
        write_snapshot(state.snapshot, Snapshot(revision=9, toggles={"catalog.list": Toggle("catalog.list")}))
        worker = FakeWorker(tmp_path)
        assert worker.link.load_snapshot().revision == 9
        state.snapshot.unlink()
        async with running(plane(tmp_path, MemoryToggleStore())) as control, worker.linked():
            await until(lambda: 0 in control.workers.linked())
            acknowledged, _ = await control.workers.acknowledged(10, wait_seconds=0.05)
            assert acknowledged == []
            assert worker.link.revision == 9
            assert [snapshot.revision for snapshot in worker.seen] == [9]

    asyncio.run(scenario())


def test_a_worker_finds_its_way_back_to_a_control_plane_that_was_started_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = MemoryToggleStore()
        worker = FakeWorker(tmp_path)
        async with worker.linked():
            async with running(plane(tmp_path, store)) as control:
                await until(lambda: control.workers.linked())
            elsewhere(store, 1)
            async with running(plane(tmp_path, store)):
                await until(lambda: worker.link.revision == 2)

    asyncio.run(scenario())


@pytest.mark.parametrize(("patience", "warnings"), [(60.0, 0), (0.0, 1)])
def test_a_worker_that_is_there_before_its_control_plane_says_so_only_after_a_while(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, patience: float, warnings: int
) -> None:
    monkeypatch.setattr("strangler_proxy.link._PATIENCE", patience)
    tried: list[Path] = []

    def connecting(path: Path) -> socket:
        tried.append(path)
        return connect_unix(path)

    monkeypatch.setattr("strangler_proxy.link.connect_unix", connecting)

    async def scenario() -> None:
        worker = FakeWorker(tmp_path)
        async with worker.linked():
            await until(lambda: len(tried) > 2)
            async with running(plane(tmp_path, MemoryToggleStore())) as control:
                await until(lambda: control.workers.linked())
                # Before the end, at which the worker may notice that nobody is there any more.
                said.extend(record.message for record in caplog.records if "no control plane" in record.message)

    said: list[str] = []
    with caplog.at_level(logging.WARNING, "strangler.link"):
        asyncio.run(scenario())
    assert said == ["no control plane: revision 0 goes on deciding"] * warnings


def test_a_worker_starts_without_a_snapshot_or_with_a_garbled_one(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path)
    assert worker.link.load_snapshot() == Snapshot()
    (tmp_path / ".strangler").mkdir()
    (tmp_path / ".strangler" / "toggles.json").write_text("garbage")
    assert worker.link.load_snapshot() == Snapshot()
    assert worker.seen == []


def test_a_state_folder_with_a_very_long_path_works(tmp_path: Path) -> None:
    async def scenario() -> None:
        folder = tmp_path / ("x" * 120)
        folder.mkdir()
        async with proxy(folder, MemoryToggleStore()) as (control, _):
            assert control.status()["live"] == "2/2"

    asyncio.run(scenario())


def test_a_worker_that_talks_nonsense_loses_its_link_and_harms_nobody(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with proxy(tmp_path, MemoryToggleStore()) as (control, _):
            for line in (b"nonsense\n", b"[]\n", b'{"type":"hello"}\n', b'{"type":"counts"}\n{"type":"dance"}\n'):
                reader, writer = await asyncio.open_unix_connection(str(tmp_path / ".strangler" / "control.sock"))
                writer.write(line)
                writer.write_eof()
                assert await reader.read() == b""
                writer.close()
                await writer.wait_closed()
            assert control.status()["live"] == "2/2"

    asyncio.run(scenario())
