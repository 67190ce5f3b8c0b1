from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from strangler.errors import MoveRefused
from strangler.testing import FixedMoveGuard
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Move, Stage
from tests.proxy.control.fakes import plane, running
from tests.proxy.control.server import serving

EXTRACTED = Move(Stage.EXTRACTED, force=True)
WRITTEN = "12 products were written by the candidate alone."


def test_a_way_back_that_would_lose_writes_is_refused_and_nothing_of_it_moves(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(plane(tmp_path, MemoryToggleStore())) as control:
            control.guards.append(FixedMoveGuard({"catalog.detail": WRITTEN}))
            await control.flip(["catalog.*"], EXTRACTED, who="ana", why="x", wait_seconds=0)
            with pytest.raises(MoveRefused, match="12 products") as refused:
                await control.back(["catalog.detail"], who="ana", why="fire", wait_seconds=0)
            assert refused.value.wrong == WRITTEN
            with pytest.raises(MoveRefused, match=r"Nothing was moved: 12 products"):
                await control.flip(["catalog.*"], Move(Stage.MONOLITH), who="ana", why="fire", wait_seconds=0)
            assert {each.stage for each in control.snapshot.toggles.values()} == {Stage.EXTRACTED}

    asyncio.run(scenario())


def test_the_kill_switch_moves_all_that_may_move_and_tells_what_was_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(plane(tmp_path, MemoryToggleStore())) as control:
            control.guards.append(FixedMoveGuard({"catalog.detail": WRITTEN}))
            await control.flip(["catalog.*"], EXTRACTED, who="ana", why="x", wait_seconds=0)
            outcome = await control.back(None, who="ana", why="fire", wait_seconds=0)
            assert [after.name for _, after in outcome.moved] == ["catalog.facts", "catalog.list"]
            assert [(each.name, each.wrong) for each in outcome.refused] == [("catalog.detail", WRITTEN)]
            assert control.snapshot["catalog.detail"].stage is Stage.EXTRACTED

    asyncio.run(scenario())


def test_a_refused_move_is_told_by_the_api(tmp_path: Path) -> None:
    control = plane(tmp_path, MemoryToggleStore())
    control.guards.append(FixedMoveGuard({"catalog.list": WRITTEN}, stages=[Stage.SHADOW]))
    with serving(control) as client:
        body = {"names": ["catalog.list"], "stage": "shadow", "why": "x"}
        refused = client.post("/api/v1/flip", json=body)
        assert refused.status_code == 409
        assert refused.json()["error"]["code"] == "move_refused"
        assert refused.json()["error"]["message"] == WRITTEN
        assert client.post("/api/v1/back", json={"all": True, "why": "x", "wait_seconds": 0}).json()["refused"] == []
