from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from strangler.errors import IllegalMove, MoveRefused
from strangler.testing import FixedMoveGuard
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Move, Refusal, Stage, Toggle
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


class SlowCheck:
    """A check that does not answer before it is `let`; `asked` is set once it is being asked."""

    def __init__(self) -> None:
        self.let, self.asked = threading.Event(), threading.Event()
        self.befores: list[Stage] = []

    def may_move(self, before: Toggle, after: Toggle) -> Refusal | None:
        self.befores.append(before.stage)
        self.asked.set()
        assert self.let.wait(30)
        return None


@pytest.mark.parametrize("back", [["catalog.detail"], ["catalog.list"]], ids=["another", "the same"])
def test_nobody_who_goes_back_waits_for_the_slow_check_of_somebody_who_goes_forward(
    tmp_path: Path, back: list[str]
) -> None:
    async def scenario() -> None:
        async with running(plane(tmp_path, MemoryToggleStore())) as control:
            shadow, canary = Move(Stage.SHADOW), Move(Stage.CANARY, share=5_000)
            await control.flip(["catalog.detail", "catalog.list"], shadow, who="ana", why="x", wait_seconds=0)
            check = SlowCheck()
            control.checks.append(check)
            forward = asyncio.create_task(control.flip(["catalog.list"], canary, who="ana", why="x", wait_seconds=0))
            await asyncio.to_thread(check.asked.wait, 30)
            went = await control.back(back, who="bo", why="fire", wait_seconds=0)
            assert [(after.name, after.stage) for _, after in went.moved] == [(back[0], Stage.MONOLITH)]
            check.let.set()
            if back == ["catalog.list"]:
                # What was judged is no longer so: it is planned anew, and from there it would skip a stage.
                with pytest.raises(IllegalMove, match="skip"):
                    await forward
                assert control.snapshot["catalog.list"].stage is Stage.MONOLITH
            else:
                assert [after.share for _, after in (await forward).moved] == [5_000]
                assert check.befores == [Stage.SHADOW]

    asyncio.run(scenario())
