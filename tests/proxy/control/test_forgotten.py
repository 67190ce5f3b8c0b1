"""Whom one worker forgets, the other workers of the replica are told to forget, and nothing is harmed by a flood."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.control import ControlPlane
from strangler_proxy.link import ControlLink

from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import FakeWorker, plane, running, until

UNTOLD = ("strangler_forgotten_untold_total",)


def digests(count: int, begin: int = 0) -> list[bytes]:
    return [blake2b(str(number).encode(), digest_size=16).digest() for number in range(begin, begin + count)]


def link(path: Path, heard: Callable[[list[bytes]], None] = lambda _: None) -> ControlLink:
    return ControlLink(path, 0, path.parent, lambda _: None, list, on_forgotten=heard)


async def linked(control: ControlPlane, *slots: int) -> None:
    await until(lambda: set(control.workers.linked()) == set(slots))


def test_what_one_worker_forgets_all_others_are_told_and_it_is_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        first, second, third = (FakeWorker(tmp_path, slot) for slot in range(3))
        async with (
            running(plane(tmp_path, MemoryToggleStore(), workers=3)) as control,
            first.linked(),
            second.linked(),
            third.linked(),
        ):
            await linked(control, 0, 1, 2)
            assert first.link.forget(digests(2)) == 0
            await until(lambda: second.forgotten and third.forgotten)
            # Told after it: had the first one been told of its own, it would be by now.
            second.link.forget(digests(1, 5))
            await until(lambda: first.forgotten)
            assert second.forgotten == digests(2)
            assert third.forgotten[:2] == digests(2)
            assert first.forgotten == digests(1, 5)
            assert control.status()["live"] == "3/3"

    asyncio.run(scenario())


def test_what_was_forgotten_without_a_control_plane_is_told_when_it_is_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        first, second = FakeWorker(tmp_path, 0), FakeWorker(tmp_path, 1)
        assert first.link.forget(digests(1)) == 0
        async with running(plane(tmp_path, MemoryToggleStore())) as control, second.linked():
            await linked(control, 1)
            async with first.linked():
                await until(lambda: second.forgotten)
                assert second.forgotten == digests(1)
        assert first.link.forget(digests(1, 1)) == 0

    asyncio.run(scenario())


def test_the_last_that_a_worker_forgets_is_told_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strangler_proxy.link._FORGOTTEN_EVERY", 60.0)

    async def scenario() -> None:
        first, second = FakeWorker(tmp_path, 0), FakeWorker(tmp_path, 1)
        async with running(plane(tmp_path, MemoryToggleStore())) as control, second.linked():
            async with first.linked():
                await linked(control, 0, 1)
                first.link.forget(digests(1))
                await until(lambda: second.forgotten)
                # This one waits for more to come.
                first.link.forget(digests(1, 1))
                await asyncio.sleep(0)
            await until(lambda: second.forgotten == digests(2))

    asyncio.run(scenario())


class Plane:
    """A control plane that only notes what it is told."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.writer: asyncio.StreamWriter | None = None
        self.reading = asyncio.Event()
        self.reading.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        await self.reading.wait()
        while line := await reader.readline():
            self.lines.append(json.loads(line))
        writer.close()

    @property
    def told(self) -> list[list[bytes]]:
        said = [line["digests"] for line in self.lines if line["type"] == "forgotten"]
        return [[bytes.fromhex(digest) for digest in each] for each in said]

    @property
    def all_told(self) -> list[bytes]:
        return [digest for each in self.told for digest in each]


def test_many_at_once_make_few_lines_and_each_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A machine that stands still for a moment has not let that "little" pass.
    monkeypatch.setattr("strangler_proxy.link._FORGOTTEN_EVERY", 2.0)

    async def scenario() -> None:
        noting = Plane()
        path = tmp_path / "control.sock"
        async with await asyncio.start_unix_server(noting.serve, path, limit=2**24):
            of = link(path)
            task = asyncio.create_task(of.run())
            await until(lambda: noting.lines)
            for digest in digests(500):
                assert of.forget([digest, digest]) == 0
            await until(lambda: len(noting.all_told) == 500)
            assert len(noting.told) == 1
            # What comes just after that waits a little, for more to come.
            of.forget(digests(1, 500))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            of.forget(digests(1, 501))
            await until(lambda: len(noting.all_told) == 502)
            assert noting.told[1:] == [digests(2, 500)]
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())


def test_a_flood_fills_no_memory_and_is_counted(tmp_path: Path) -> None:
    async def scenario() -> None:
        of = link(tmp_path / "control.sock")
        refused = sum(of.forget([digest]) for digest in digests(5000))
        assert len(of._forgotten) == 2048
        assert refused == 5000 - 2048
        # Those that wait find no room a second time and need none.
        assert of.forget(digests(10)) == 0

    asyncio.run(scenario())


def test_a_control_plane_that_reads_no_more_gets_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strangler_proxy.link._FORGOTTEN_BACKLOG", 0)
    monkeypatch.setattr("strangler_proxy.link._FORGOTTEN_EVERY", 0.001)

    async def scenario() -> None:
        noting = Plane()
        noting.reading.clear()
        path = tmp_path / "control.sock"
        async with await asyncio.start_unix_server(noting.serve, path, limit=2**18):
            of = link(path)
            task = asyncio.create_task(of.run())
            await until(lambda: noting.writer)
            sent = 0
            # Until the socket is full, and then until there is no room here either.
            while not of.forget(digests(100, sent)):
                sent += 100
                assert sent < 1_000_000
                await asyncio.sleep(0.001)
            assert len(of._forgotten) == 2048
            noting.reading.set()
            await until(lambda: len(noting.all_told) >= sent)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())


def test_a_worker_that_reads_no_more_misses_what_others_forget_and_keeps_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strangler_proxy.control.workers._RELAY_BACKLOG", 0)

    async def scenario() -> None:
        first, third = FakeWorker(tmp_path, 0), FakeWorker(tmp_path, 2)
        async with (
            running(plane(tmp_path, MemoryToggleStore(), workers=3)) as control,
            first.linked(),
            third.linked(),
        ):
            _, writer = await asyncio.open_unix_connection(str(tmp_path / ".strangler" / "control.sock"))
            writer.write(b'{"type":"hello","slot":1,"pid":1,"revision":0}\n')
            await linked(control, 0, 1, 2)
            told = 0
            while not control.workers.measured.counters[UNTOLD]:
                first.link.forget(digests(1000, told))
                told += 1000
                assert told < 1_000_000
                await until(lambda: len(third.forgotten) == told)  # noqa: B023 - awaited here
            assert 1 in control.workers.linked()
            writer.close()
            await writer.wait_closed()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"forgotten"}\n',
        b'{"type":"forgotten","digests":7}\n',
        b'{"type":"forgotten","digests":[7]}\n',
        b'{"type":"forgotten","digests":["no digest"]}\n',
    ],
)
def test_nonsense_harms_no_link(tmp_path: Path, line: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        noting = Plane()
        path = tmp_path / "control.sock"
        heard: list[bytes] = []
        async with await asyncio.start_unix_server(noting.serve, path, limit=2**24):
            task = asyncio.create_task(link(path, heard.extend).run())
            await until(lambda: noting.writer)
            assert noting.writer is not None
            noting.writer.write(line + b'{"type":"forgotten","digests":["00"]}\n')
            await until(lambda: heard)
            assert heard == [b"\0"]
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())
    assert "cannot be read" in caplog.text
