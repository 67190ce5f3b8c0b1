"""A comparer's link to the control plane: told once, kept while nobody is there, and nothing that is told breaks it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from strangler_proxy.comparer import link as module
from strangler_proxy.comparer.link import EvidenceLink
from strangler_proxy.unix import listen_unix

from strangler.compare import Verdict
from strangler.evidence import Batch, Scope
from strangler.testing.memory_evidence import MemoryEvidenceStore
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane, running, until

SCOPE = Scope("catalog.detail", "1.4", "abc")


class Found:
    """What a comparer finds, one batch after the other."""

    def __init__(self) -> None:
        self.batch = Batch()
        self.counters: list[Any] = []

    def pair(self, count: int = 1) -> None:
        self.batch.pair(
            SCOPE,
            template="/p/",
            method="GET",
            status=200,
            stage="shadow",
            answering="monolith",
            verdict=Verdict.AGREE,
            at=1.0,
            count=count,
        )

    def take(self) -> Batch:
        taken, self.batch = self.batch, Batch()
        return taken

    def measures(self) -> tuple[list[Any], list[Any]]:
        counters, self.counters = self.counters, []
        return counters, [["strangler_comparer_backlog", [], 7]]

    def link(self, folder: Path, number: int = 0) -> EvidenceLink:
        return EvidenceLink(folder / ".strangler" / "control.sock", number, self.take, self.measures, config="cafe")


@asynccontextmanager
async def linked(link: EvidenceLink) -> AsyncIterator[None]:
    task = asyncio.create_task(link.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def counted(store: MemoryEvidenceStore) -> int:
    return sum(tally.count for tally in store.read(SCOPE).pairs.values())


def test_what_is_found_comes_to_the_store_and_the_comparer_is_told_of(tmp_path: Path) -> None:
    async def scenario() -> None:
        found = Found()
        control = plane(tmp_path, MemoryToggleStore())
        store = control.evidence.store
        assert isinstance(store, MemoryEvidenceStore)
        async with running(control), linked(found.link(tmp_path)):
            found.pair()
            found.counters = [["strangler_shadow_pairs_total", ["catalog.detail", "agree", ""], 3]]
            await until(lambda: counted(store) == 1)
            await until(lambda: control.status()["comparers"][0]["backlog"] == 7)
            [row] = control.status()["comparers"]
            assert (row["number"], row["live"], row["config"], row["links"]) == (0, True, "cafe", 1)
            measured = control.workers.measured.counters
            await until(lambda: measured["strangler_shadow_pairs_total", "catalog.detail", "agree", ""] == 3)

    asyncio.run(scenario())


def test_a_comparer_that_is_gone_or_hangs_is_not_live(tmp_path: Path) -> None:
    async def scenario() -> None:
        control = plane(tmp_path, MemoryToggleStore())
        async with running(control):
            assert not control.status()["comparers"][0]["live"]
            async with linked(Found().link(tmp_path)):
                await until(lambda: control.status()["comparers"][0]["live"])
                for _ in range(5):
                    control.workers.comparers.look()
                assert not control.status()["comparers"][0]["live"]
                # It has only been slow.
                await until(lambda: control.status()["comparers"][0]["live"])
            await until(lambda: control.status()["comparers"][0]["pid"] is None)

    asyncio.run(scenario())


def test_of_two_comparers_of_one_number_the_later_one_is_the_one_there(tmp_path: Path) -> None:
    async def scenario() -> None:
        control = plane(tmp_path, MemoryToggleStore())
        comparers = control.workers.comparers
        old, new = Found().link(tmp_path), Found().link(tmp_path)
        async with running(control), linked(new):
            await until(lambda: 0 in comparers.linked())
            async with linked(old):
                await until(lambda: comparers.links[0] == 2)
                assert comparers.linked()[0].began == new._began

    asyncio.run(scenario())


def test_what_is_found_while_no_control_plane_is_there_is_told_later_and_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        found = Found()
        control = plane(tmp_path, MemoryToggleStore())
        store = control.evidence.store
        assert isinstance(store, MemoryEvidenceStore)
        async with linked(found.link(tmp_path)):
            async with running(control):
                found.pair()
                await until(lambda: counted(store) == 1)
            found.pair(5)
            again = plane(tmp_path, MemoryToggleStore())
            again.evidence.store = store
            async with running(again):
                await until(lambda: counted(store) == 6)
                found.pair()
                await until(lambda: counted(store) == 7)

    asyncio.run(scenario())


class Listener:
    """Somebody in the control plane's place, who says what the test wants."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".strangler" / "control.sock"
        self.path.parent.mkdir()
        self.told: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], bytes | None] = lambda _: b""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        server = await asyncio.start_unix_server(self._serve, sock=listen_unix(self.path), limit=1 << 24)
        try:
            yield
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                while line := await reader.readline():
                    message = json.loads(line)
                    self.told.append(message)
                    answer = self.answer(message)
                    if answer is None:
                        break
                    writer.write(answer)
        finally:
            writer.close()

    def batches(self) -> list[str]:
        return [each["batch"]["id"] for each in self.told if each["type"] == "evidence"]


def taken(message: dict[str, Any]) -> bytes:
    return json.dumps({"type": "taken", "id": message["batch"]["id"]}).encode() + b"\n"


def test_a_batch_that_nobody_confirmed_is_told_again_as_it_was_and_the_next_waits(tmp_path: Path) -> None:
    async def scenario() -> None:
        found, listener = Found(), Listener(tmp_path)
        listener.answer = lambda message: None if message["type"] == "evidence" else b""
        async with listener.listening(), linked(found.link(tmp_path)):
            found.pair()
            await until(lambda: len(listener.batches()) >= 2)
            found.pair()
            assert len(set(listener.batches())) == 1
            listener.answer = lambda message: taken(message) if message["type"] == "evidence" else b""
            await until(lambda: len(set(listener.batches())) == 2)

    asyncio.run(scenario())


def test_nonsense_from_the_other_end_breaks_a_link_that_is_made_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        found, listener = Found(), Listener(tmp_path)
        replies = iter([b"nonsense\n", b"[]\n", b'{"type": "taken"}\n', b'{"type": "new"}\n'])
        listener.answer = lambda message: next(replies, b"") if message["type"] == "measures" else b""
        async with listener.listening(), linked(found.link(tmp_path)):
            found.pair()
            await until(lambda: len([each for each in listener.told if each["type"] == "measures"]) >= 5)
            assert len(set(listener.batches())) == 1

    asyncio.run(scenario())


def test_at_the_end_the_last_is_told_and_waited_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        found, listener = Found(), Listener(tmp_path)
        listener.answer = lambda message: taken(message) if message["type"] == "evidence" else b""
        link = found.link(tmp_path)
        async with listener.listening(), linked(link):
            await until(lambda: listener.told)
            found.pair()
            assert await link.tell_all(20)
            assert len(listener.batches()) == 1
            assert await link.tell_all(20)

    asyncio.run(scenario())


def test_an_end_does_not_wait_for_a_control_plane_that_is_not_there(tmp_path: Path) -> None:
    async def scenario() -> None:
        found = Found()
        link = found.link(tmp_path)
        assert await link.tell_all(20)
        found.pair()
        async with linked(link):
            assert not await link.tell_all(0.05)

    asyncio.run(scenario())


def test_a_batch_too_long_for_a_line_is_given_up_and_said(tmp_path: Path, monkeypatch: Any, caplog: Any) -> None:
    monkeypatch.setattr(module, "LINE_LIMIT", 100)

    async def scenario() -> None:
        found = Found()
        found.pair()
        assert await found.link(tmp_path).tell_all(20)

    asyncio.run(scenario())
    assert "too much to be told" in caplog.text


def test_a_batch_that_is_no_json_is_given_up_and_the_next_one_told(tmp_path: Path, caplog: Any) -> None:
    async def scenario() -> None:
        found = Found()
        control = plane(tmp_path, MemoryToggleStore())
        store = control.evidence.store
        assert isinstance(store, MemoryEvidenceStore)
        found.batch.missed("half of a pair: \ud800", "skip")
        async with running(control), linked(found.link(tmp_path)):
            await until(lambda: "cannot be told, and is lost" in caplog.text)
            found.pair()
            await until(lambda: counted(store) == 1)

    asyncio.run(scenario())
