"""The store gone, made anew or restored, the disk full or garbled: what is in force stays so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from strangler.errors import IllegalMove, StoreUnavailable
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Stage
from tests.proxy.control.fakes import plane, running, until
from tests.proxy.control.linked import EXTRACTED, elsewhere, on_disk, proxy


def test_without_a_store_reads_go_on_and_moves_are_refused_until_it_is_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = MemoryToggleStore()
        async with proxy(tmp_path, store) as (control, _):
            store.outage = "The disk is on holiday."
            with pytest.raises(StoreUnavailable, match="holiday"):
                await control.flip(["catalog.list"], EXTRACTED, who="ana", why="x")
            assert control.status()["store"] == {"ok": False, "error": store.outage, "url": control.config.store}
            assert control.status()["live"] == "2/2"
            with pytest.raises(StoreUnavailable):
                await control.history(None, 10)
            store.outage = None
            assert (await control.flip(["catalog.list"], EXTRACTED, who="ana", why="x")).missing == ()
            assert control.status()["store"]["ok"]

    asyncio.run(scenario())


def test_a_start_without_the_store_serves_what_is_on_disk(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = MemoryToggleStore()
        async with running(plane(tmp_path, store)) as control:
            await control.flip(["catalog.list"], EXTRACTED, who="ana", why="x", wait_seconds=0)
        store.outage = "gone"
        async with proxy(tmp_path, store) as (control, workers):
            assert control.snapshot.revision == 2
            assert workers[0].seen[-1].toggles["catalog.list"].stage is Stage.EXTRACTED
            assert control.status()["store"]["ok"] is False

    asyncio.run(scenario())


def test_a_death_between_commit_and_push_is_healed_at_the_next_start(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = MemoryToggleStore()
        async with running(plane(tmp_path, store)):
            pass
        elsewhere(store, 1)
        async with running(plane(tmp_path, store)) as control:
            assert control.snapshot == store.load() == on_disk(tmp_path)
            assert control.snapshot.revision == 2

    asyncio.run(scenario())


def test_a_store_made_anew_moves_nobody_until_it_adopts_the_snapshot(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(plane(tmp_path, MemoryToggleStore())) as control:
            await control.flip(["catalog.list"], EXTRACTED, who="ana", why="x", wait_seconds=0)
        async with proxy(tmp_path, new := MemoryToggleStore()) as (control, workers):
            assert workers[0].seen[-1].toggles["catalog.list"].stage is Stage.EXTRACTED
            assert "made anew, or restored" in control.status()["store"]["error"]
            with pytest.raises(StoreUnavailable, match="strangler adopt snapshot"):
                await control.back(None, who="ana", why="x")
            assert new.load().revision == 0
            outcome = await control.adopt("snapshot", who="ana", why="the disk was replaced")
            assert (outcome.revision, outcome.acknowledged) == (3, ("0", "1"))
            assert control.status()["store"]["ok"]
            assert control.snapshot.toggles["catalog.list"].stage is Stage.EXTRACTED
            assert control.snapshot == new.load() == on_disk(tmp_path)
            with pytest.raises(IllegalMove, match="nothing to adopt"):
                await control.adopt("snapshot", who="ana", why="again")

    asyncio.run(scenario())


def test_a_restored_store_can_be_put_into_force_and_the_audit_shows_what_moved(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(plane(tmp_path, old := MemoryToggleStore())) as control:
            await control.flip(["catalog.list"], EXTRACTED, who="ana", why="x", wait_seconds=0)
            await control.flip(["catalog.detail"], EXTRACTED, who="ana", why="x", wait_seconds=0)
        restored = MemoryToggleStore()
        async with running(plane(tmp_path / "other", restored)) as control:
            await control.flip(["catalog.detail"], EXTRACTED, who="ana", why="x", wait_seconds=0)
        assert old.load().revision > restored.load().revision
        async with proxy(tmp_path, restored) as (control, workers):
            outcome = await control.adopt("store", who="ana", why="the backup is right")
            assert outcome.missing == ()
            assert [after.name for _, after in outcome.moved] == ["catalog.list"]
            stages = {name: toggle.stage for name, toggle in workers[1].seen[-1].toggles.items()}
            assert stages["catalog.detail"] is Stage.EXTRACTED
            assert stages["catalog.list"] is Stage.MONOLITH
            entry = restored.history("catalog.list", limit=1)[0]
            assert (entry.who, entry.why) == ("ana", "the backup is right")
            assert entry.before is not None
            assert entry.before.stage is Stage.EXTRACTED

    asyncio.run(scenario())


def test_a_garbled_snapshot_on_disk_gives_way_to_the_store(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = MemoryToggleStore()
        async with running(plane(tmp_path, store)):
            pass
        (tmp_path / ".strangler" / "toggles.json").write_text("{")
        async with running(plane(tmp_path, store)) as control:
            assert control.snapshot == store.load() == on_disk(tmp_path)

    asyncio.run(scenario())


def test_a_disk_that_cannot_be_written_is_told_and_the_workers_move_all_the_same(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with proxy(tmp_path, MemoryToggleStore()) as (control, _):
            path = tmp_path / ".strangler" / "toggles.json"
            path.unlink()
            path.mkdir()
            (path / "x").touch()
            outcome = await control.flip(["catalog.list"], EXTRACTED, who="ana", why="x")
            assert outcome.missing == ()
            assert "cannot be written" in control.status()["disk"]["error"]
            (path / "x").unlink()
            path.rmdir()
            watching = asyncio.create_task(control.watch())
            await until(lambda: control.status()["disk"]["ok"])
            watching.cancel()
            assert on_disk(tmp_path) == control.snapshot

    asyncio.run(scenario())
