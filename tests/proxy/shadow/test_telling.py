"""A worker tells the control plane what was observed, each batch until it is confirmed, and nothing twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from strangler_proxy.link import ControlLink, pause_for

from strangler.evidence import Batch


class Plane:
    """The control plane's end: it keeps what it is told, and confirms evidence while it `confirms`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[dict[str, Any]] = []
        self.confirms = True
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    @property
    def batches(self) -> list[Batch]:
        return [Batch.from_json(each["batch"]) for each in self.told if each["type"] == "evidence"]

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        while line := await reader.readline():
            message = json.loads(line)
            self.told.append(message)
            if message["type"] == "evidence" and self.confirms:
                writer.write(json.dumps({"type": "taken", "id": message["batch"]["id"]}).encode() + b"\n")
        writer.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - it is another task's doing, in a list
            await asyncio.sleep(0.01)


def batch(route: str) -> Batch:
    made = Batch()
    made.missed(route, "rate")
    return made


@asynccontextmanager
async def linked(plane: Plane, waiting: list[Batch]) -> AsyncIterator[None]:
    link = ControlLink(
        plane.path,
        0,
        plane.path.parent,
        lambda _: None,
        list,
        take_evidence=lambda: waiting.pop(0) if waiting else Batch(),
        take_measures=lambda: ([], [["strangler_shadow_queue", [], 3]]),
    )
    running = asyncio.create_task(link.run())
    yield
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_each_batch_is_told_once_when_it_is_confirmed(tmp_path: Path) -> None:
    async def scenario() -> None:
        plane, waiting = Plane(tmp_path / "c.sock"), [batch("a"), batch("b")]
        await plane.start()
        async with linked(plane, waiting):
            await until(lambda: len(plane.batches) == 2)
            await until(lambda: any(message.get("gauges") for message in plane.told))
        assert [list(each.never_paired) for each in plane.batches] == [[("a", "rate")], [("b", "rate")]]
        await plane.stop()

    asyncio.run(scenario())


def test_one_that_is_not_confirmed_is_told_again_by_itself_and_the_next_one_waits(tmp_path: Path) -> None:
    async def scenario() -> None:
        plane, waiting = Plane(tmp_path / "c.sock"), [batch("a"), batch("b")]
        plane.confirms = False
        await plane.start()
        async with linked(plane, waiting):
            await until(lambda: len(plane.batches) == 1)
            await plane.stop()
            plane.confirms = True
            await plane.start()
            await until(lambda: len(plane.batches) == 3)
        first, again, second = plane.batches
        assert first.id == again.id != second.id
        assert list(second.never_paired) == [("b", "rate")]
        await plane.stop()

    asyncio.run(scenario())


def test_while_nobody_is_there_what_was_observed_stays_where_it_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        plane, waiting = Plane(tmp_path / "c.sock"), [batch("a")]
        async with linked(plane, waiting):
            await asyncio.sleep(0)
            assert waiting
            await plane.start()
            await until(lambda: plane.batches)
        await plane.stop()

    asyncio.run(scenario())


def test_the_last_words_hold_everything(tmp_path: Path) -> None:
    async def scenario() -> None:
        plane, waiting = Plane(tmp_path / "c.sock"), [batch("a"), batch("b"), batch("c")]
        plane.confirms = False
        await plane.start()
        async with linked(plane, waiting):
            await until(lambda: len(plane.batches) == 1)
        await until(lambda: len(plane.batches) == 3)
        assert len({each.id for each in plane.batches}) == 3
        await plane.stop()

    asyncio.run(scenario())


def test_where_many_batches_wait_each_of_them_is_told_the_sooner() -> None:
    assert [pause_for(untold) for untold in (0, 1, 2, 4, 64)] == [0.125, 0.125, 0.0625, 0.03125, 0.03125]
