"""What is to be recorded comes to the desk, and neither kind of telling holds up the other."""

from __future__ import annotations

import asyncio
from pathlib import Path

from strangler_proxy.comparer.backlog import Backlog
from strangler_proxy.comparer.desk import Desk
from strangler_proxy.comparer.intake import Intake
from strangler_proxy.shadow.frame import longest_frame, pack, pack_passed
from strangler_proxy.unix import connect_unix

from tests.proxy.comparer.exchanges import exchange
from tests.proxy.control.fakes import until
from tests.proxy.recording.exchanges import passed


def test_a_full_desk_holds_up_who_tells_of_recordings_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        backlog = Backlog(100, 1 << 30)
        desk = Desk(None, 10_000, lambda: intake.read_on(), telling=lambda: intake.records, tell=lambda: None)
        intake = Intake(backlog, longest_frame(100_000), desk)
        await intake.listen(tmp_path / "comparer.sock")
        loop = asyncio.get_running_loop()
        with connect_unix(tmp_path / "comparer.sock") as one, connect_unix(tmp_path / "comparer.sock") as other:
            for _ in range(3):
                await loop.sock_sendall(one, pack_passed(passed()))
            await until(lambda: desk.full)
            waiting = len(desk._waiting)
            await loop.sock_sendall(one, pack_passed(passed()))
            await loop.sock_sendall(other, pack(exchange()))
            assert (await backlog.next()).route == "catalog.detail"
            assert len(desk._waiting) == waiting
            # Whoever takes from the desk lets it be read on.
            desk.heed({"type": "record", "order": None})
            work = asyncio.create_task(desk.run())
            await until(lambda: not desk._waiting)
            await loop.sock_sendall(one, pack_passed(passed()))
            await until(lambda: not desk._waiting)
            work.cancel()
        intake.close()

    asyncio.run(scenario())


def test_who_has_told_of_nothing_yet_may_tell_of_recordings(tmp_path: Path) -> None:
    async def scenario() -> None:
        intake = Intake(Backlog(100, 1 << 30), longest_frame(1000))
        await intake.listen(tmp_path / "comparer.sock")
        assert not intake.records
        loop = asyncio.get_running_loop()
        with connect_unix(tmp_path / "comparer.sock") as connection:
            await until(lambda: intake.records)
            await loop.sock_sendall(connection, pack(exchange()))
            await until(lambda: not intake.records)
        intake.close()

    asyncio.run(scenario())
