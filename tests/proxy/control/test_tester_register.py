"""Testers that are kept, listed and revoked: on every replica, whatever clocks and stores do."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from strangler_proxy.control import ControlPlane, tester_register
from strangler_proxy.control.tester_register import KIND, MOST_TESTERS
from strangler_proxy.link import ControlLink
from strangler_proxy.state import StateDir
from strangler_proxy.tester import Tester as Word

from strangler.documents import Document
from strangler.errors import StoreUnavailable
from strangler.testing import MemoryDocumentStore, MemoryToggleStore
from strangler.toggles import Side
from tests.proxy.control.fakes import FakeWorker, plane, running, until

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Clock:
    """A clock that stands."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Replica:
    """A register in a folder of its own."""

    def __init__(self, folder: Path, documents: MemoryDocumentStore, *, workers: int = 0) -> None:
        folder.mkdir(exist_ok=True)
        self.control: ControlPlane = plane(folder, MemoryToggleStore(), workers=workers)
        self.state = StateDir.of(self.control.config)
        self.state.create()
        self.clock = Clock()
        self.register = tester_register.TesterRegister(documents, self.control.workers, self.state, clock=self.clock)

    async def add(self, name: str = "ben", hours: float = 8) -> Word:
        until_then = self.clock.now + timedelta(hours=hours)
        asked = Word(name, "catalog.*", Side.CANDIDATE, until_then.timestamp())
        return await self.register.add(asked, who="ana", why="acceptance")

    async def revoke(self, name: str = "ben") -> None:
        await self.register.revoke(name, who="ana", why="done", wait_seconds=0)

    async def names(self) -> list[str]:
        return [each["name"] for each in await self.register.listed()]


def played(folder: Path, scenario: Callable[[Replica, MemoryDocumentStore], Awaitable[None]]) -> None:
    documents = MemoryDocumentStore()
    asyncio.run(scenario(Replica(folder / "a", documents), documents))  # type: ignore[arg-type]


def test_whoever_revokes_waits_for_nobody_who_only_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enough, reading = threading.Event(), threading.Event()

    async def scenario(here: Replica, documents: MemoryDocumentStore) -> None:
        await here.add()
        real = documents.listed

        def slow(kind: str) -> list[Document]:
            found = real(kind)
            monkeypatch.setattr(documents, "listed", real)
            reading.set()
            enough.wait(60)
            return found

        monkeypatch.setattr(documents, "listed", slow)
        listing = asyncio.create_task(here.names())
        try:
            assert await asyncio.to_thread(reading.wait, 30)
            async with asyncio.timeout(30):
                await here.revoke()
        finally:
            enough.set()
        assert await listing == ["ben"], "as it was when it was read"
        assert here.state.read_testers().keys() == {"ben"}, "and what is revoked stays so"
        assert await here.names() == []

    played(tmp_path, scenario)


def test_a_tester_is_listed_while_their_word_is_good_and_by_nothing_that_opens_anything(tmp_path: Path) -> None:
    async def scenario(here: Replica, documents: MemoryDocumentStore) -> None:
        await here.add("ben", hours=1)
        await here.add("ben", hours=8)
        await here.add("ada", hours=8)
        assert await here.names() == ["ada", "ben", "ben"]
        assert set((await here.register.listed())[0]) == {"name", "routes", "side", "expires", "made", "by"}
        here.clock.now += timedelta(hours=2)
        assert await here.names() == ["ada", "ben"]
        here.clock.now += timedelta(hours=7)
        assert await here.names() == []
        assert documents.listed(KIND) == [], "what nobody can use is not kept"

    played(tmp_path, scenario)


def test_whoever_is_revoked_is_so_until_no_word_of_theirs_can_last(tmp_path: Path) -> None:
    async def scenario(here: Replica, documents: MemoryDocumentStore) -> None:
        before = await here.add()
        await here.revoke()
        assert await here.names() == []
        assert before.issued <= here.state.read_testers()["ben"]
        after = await here.add()
        assert after.issued > here.state.read_testers()["ben"], "in the same moment, and good all the same"
        here.clock.now += timedelta(days=30, seconds=1)
        assert await here.names() == []
        assert (here.state.read_testers(), documents.listed(KIND)) == ({}, [])

    played(tmp_path, scenario)


def test_a_word_is_younger_than_its_revocation_whatever_another_replicas_clock_says(tmp_path: Path) -> None:
    async def scenario(here: Replica, documents: MemoryDocumentStore) -> None:
        there = Replica(tmp_path / "b", MemoryDocumentStore(beside=documents))
        there.clock.now += timedelta(minutes=5)
        await there.add()
        await here.revoke()
        assert (await here.add()).issued > here.state.read_testers()["ben"] >= 1000 * there.clock.now.timestamp()

    played(tmp_path, scenario)


def test_what_was_revoked_stays_so_where_the_store_is_lost_or_an_older_one(tmp_path: Path) -> None:
    async def scenario(here: Replica, documents: MemoryDocumentStore) -> None:
        before = await here.add()
        await here.revoke()
        again = Replica(tmp_path / "a", MemoryDocumentStore())
        watching = asyncio.create_task(again.register.watch())
        await until(lambda: again.control.workers._testers)
        assert await again.names() == []
        assert again.state.read_testers()["ben"] >= before.issued
        assert (await again.add()).issued > again.state.read_testers()["ben"]
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    played(tmp_path, scenario)


def test_every_worker_of_every_replica_hears_of_it_and_so_does_one_that_comes_later(tmp_path: Path) -> None:
    async def scenario() -> None:
        documents = MemoryDocumentStore()
        here = Replica(tmp_path / "a", documents, workers=1)
        there = Replica(tmp_path / "b", MemoryDocumentStore(beside=documents), workers=1)
        workers = [FakeWorker(tmp_path / "a", 0), FakeWorker(tmp_path / "b", 0)]
        async with running(here.control), running(there.control), workers[0].linked(), workers[1].linked():
            await until(lambda: here.control.workers.linked() and there.control.workers.linked())
            watching = [asyncio.create_task(each.register.watch()) for each in (here, there)]
            word = await here.add()
            told = await here.register.revoke("ben", who="ana", why="done", wait_seconds=60)
            assert told == {"revoked": "ben", "words": 1, "acknowledged": [0], "missing": []}
            late = FakeWorker(tmp_path / "a", 1)
            async with late.linked():
                for each in (*workers, late):
                    await until(lambda: each.revoked)  # noqa: B023 - awaited here
                    assert each.revoked["ben"] >= word.issued
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)

    asyncio.run(scenario())


def test_a_worker_that_is_not_there_has_not_taken_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        here = Replica(tmp_path, MemoryDocumentStore(), workers=1)
        await here.add()
        told = await here.register.revoke("ben", who="ana", why="done", wait_seconds=0)
        assert (told["acknowledged"], told["missing"]) == ([], [0])

    asyncio.run(scenario())


def test_nobody_is_revoked_who_is_not_there_and_the_audit_tells_of_those_who_were(tmp_path: Path) -> None:
    async def scenario(here: Replica, documents: MemoryDocumentStore) -> None:
        await here.add("ben")
        with pytest.raises(tester_register.TesterRefused, match="Did you mean 'ben'"):
            await here.revoke("bem")
        await here.revoke("ben")
        with pytest.raises(tester_register.TesterRefused, match="`strangler tester list`"):
            await here.revoke("ben")
        made, revoked = reversed(documents.events(name="ben"))
        assert (made.action, revoked.action, revoked.why) == ("tester.create", "tester.revoke", "done")
        assert [each["routes"] for each in revoked.detail["words"]] == ["catalog.*"]

    played(tmp_path, scenario)


def test_there_are_at_most_so_many_but_whoever_is_one_may_have_another_word(tmp_path: Path) -> None:
    async def scenario(here: Replica, documents: MemoryDocumentStore) -> None:
        word = {"routes": "*", "side": "candidate", "expires": "2027-01-01T00:00:00+00:00", "issued": 1}
        for number in range(MOST_TESTERS):
            content = {"words": [word], "revoked": 0}
            documents.write(KIND, f"tester {number}", content, expected=0, at=NOW)
        with pytest.raises(tester_register.TesterRefused, match="There are 1000 testers"):
            await here.add("one more")
        await here.add("tester 7")

    played(tmp_path, scenario)


def test_one_that_another_version_wrote_is_left_alone_and_hinders_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(here: Replica, documents: MemoryDocumentStore) -> None:
        documents.write(KIND, "odd", {"words": 7}, expected=0, at=NOW)
        await here.add("ben")
        assert await here.names() == ["ben"]
        assert [each.name for each in documents.listed(KIND)] == ["ben", "odd"]

    played(tmp_path, scenario)
    assert "the tester odd cannot be read" in caplog.text


def test_while_the_store_is_gone_nothing_is_revoked_or_forgotten(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(here: Replica, documents: MemoryDocumentStore) -> None:
        await here.add("ben")
        await here.revoke("ben")
        documents.outage = "gone"
        with pytest.raises(StoreUnavailable):
            await here.revoke("ada")
        watching = asyncio.create_task(here.register.watch())
        await until(lambda: "testers cannot be looked at" in caplog.text)
        assert json.loads(here.control.workers._testers)["revoked"] == here.state.read_testers() != {}
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    with caplog.at_level(logging.ERROR, "strangler.control"):
        played(tmp_path, scenario)


@pytest.mark.parametrize("text", ["", "[]", '{"ben": "x"}', "{", "7"])
def test_a_state_folder_that_was_damaged_revokes_nobody_and_harms_nobody(tmp_path: Path, text: str) -> None:
    state = StateDir(tmp_path)
    state.testers.write_text(text)
    assert state.read_testers() == {}


@pytest.mark.parametrize("message", [{}, {"number": 1}, {"number": 1, "revoked": 7}, {"number": "x", "revoked": {}}])
def test_nonsense_about_testers_harms_no_link(
    tmp_path: Path, message: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[object] = []
    link = ControlLink(tmp_path / "none", 0, tmp_path, lambda _: None, list, on_testers=heard.append)
    link._heed_testers(message, None)  # type: ignore[arg-type]
    assert "cannot be read" in caplog.text
    assert not heard
