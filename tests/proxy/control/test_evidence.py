"""The intake of evidence: merged, written once, kept while the store is gone, and told once where it is new."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from strangler_proxy.config import ShadowSettings
from strangler_proxy.config.values import EvidenceSettings
from strangler_proxy.control import evidence as module
from strangler_proxy.control.evidence import EvidenceIntake

from strangler.compare import Difference, DifferenceKind, Verdict
from strangler.errors import StoreUnavailable
from strangler.evidence import Batch, Scope
from strangler.testing.memory_evidence import MemoryEvidenceStore
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Move, Stage
from tests.proxy.control.fakes import config, plane, running

NOW = 1_700_000_000.0
SCOPE = Scope("catalog.detail", "1.4", "abc")


def batch(*fields: str, release: str = "1.4", pairs: int = 1) -> Batch:
    """Pairs that differ in each of the fields."""
    made = Batch()
    scope = SCOPE._replace(release=release)
    made.pair(
        scope,
        template="/p/",
        method="GET",
        status=200,
        stage="shadow",
        answering="monolith",
        verdict=Verdict.DIFFER,
        at=NOW,
        count=pairs,
    )
    for field in fields:
        made.difference(scope, template="/p/", difference=Difference(field, DifferenceKind.VALUE, "1", "2"), at=NOW)
    return made


class Clock:
    """The time, as the test says."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def intake(store: MemoryEvidenceStore, clock: Clock | None = None) -> EvidenceIntake:
    return EvidenceIntake(store, EvidenceSettings(url="sqlite:///e.db", keep=100.0), now=clock or Clock())


def pairs_in(store: MemoryEvidenceStore, scope: Scope = SCOPE) -> int:
    return sum(tally.count for tally in store.read(scope).pairs.values())


def test_what_is_told_by_many_is_written_together() -> None:
    store = MemoryEvidenceStore()
    taking = intake(store)
    for _ in range(3):
        taking.take(batch("$.price").to_json())
    assert store.scopes() == []
    asyncio.run(taking.write())
    assert pairs_in(store) == 3
    assert len(store._batches) == 1


def test_a_batch_that_is_told_again_is_counted_once() -> None:
    store = MemoryEvidenceStore()
    taking = intake(store)
    told = batch().to_json()
    assert taking.take(told) == taking.take(told) == told["id"]
    asyncio.run(taking.write())
    taking.take(told)
    asyncio.run(taking.write())
    assert pairs_in(store) == 1


def test_a_batch_that_makes_no_sense_is_confirmed_counted_said_once_and_dropped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryEvidenceStore()
    taking = intake(store)
    senseless: tuple[object, ...] = (None, [], {}, {"id": 5}, {"id": "x" * 999})
    assert [taking.take(document) for document in senseless] == ["", "", "", "", "x" * 999]
    for number in range(5):
        assert taking.take({"id": f"{number}", "scopes": 3}) == f"{number}"
    asyncio.run(taking.write())
    assert taking.lost == {"unreadable": 10}
    # An object without an id, an id that is none, and scopes that are no list.
    assert len([each for each in caplog.records if "unreadable, and dropped. Further" in each.message]) == 3
    assert store._batches == {}


class Unwilling(MemoryEvidenceStore):
    """A store with a fault of its own, as long as it has one."""

    fault: Exception | None = KeyError("never heard of it")

    def add(self, batch: Batch, *, at: float) -> bool:
        if self.fault is not None:
            raise self.fault
        return super().add(batch, at=at)


def test_a_batch_that_the_store_will_not_have_is_dropped_and_the_next_one_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Unwilling()
    taking = intake(store)
    taking.take(batch().to_json())
    asyncio.run(taking.write())
    assert taking.lost == {"unstorable": 1}
    assert "unstorable, and dropped" in caplog.text
    store.fault = None
    taking.take(batch(pairs=2).to_json())
    asyncio.run(taking.write())
    assert pairs_in(store) == 2


def test_a_senseless_batch_costs_its_teller_neither_its_link_nor_its_next_batch(tmp_path: Path) -> None:
    async def scenario() -> None:
        control = plane(tmp_path, MemoryToggleStore(), workers=1)
        async with running(control):
            reader, writer = await asyncio.open_unix_connection(tmp_path / ".strangler" / "control.sock")
            said: list[dict[str, object]] = [
                {"type": "comparer", "number": 0, "pid": 1},
                {"type": "evidence", "batch": {"id": "bad", "scopes": 7}},
                {"type": "evidence", "batch": {**batch().to_json(), "id": "good"}},
            ]
            writer.write(b"".join(json.dumps(each).encode() + b"\n" for each in said))
            confirmed: list[str] = []
            while len(confirmed) < 2:
                heard = json.loads(await reader.readline())
                confirmed += [heard["id"]] if heard["type"] == "taken" else []
            assert confirmed == ["bad", "good"]
            await control.evidence.write()
            assert control.evidence.lost == {"unreadable": 1}
            writer.close()

    asyncio.run(scenario())


def test_more_than_may_wait_to_be_read_is_merged_at_once() -> None:
    store = MemoryEvidenceStore()
    taking = intake(store)
    for _ in range(3):
        taking.take(batch().to_json(), 9 * 1024 * 1024)
    assert len(taking._unread) == 1
    asyncio.run(taking.write())
    assert pairs_in(store) == 3


def test_the_more_there_is_to_write_the_longer_is_gathered_before_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Busy(MemoryEvidenceStore):
        def add(self, batch: Batch, *, at: float) -> bool:
            processor.seconds += costs.pop(0)
            return super().add(batch, at=at)

    class Processor:
        seconds = 0.0

    processor, costs, pauses = Processor(), [0.001, 0.015, 3.0], list[float]()
    taking = intake(Busy())

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 3:
            raise asyncio.CancelledError
        taking.take(batch().to_json())

    monkeypatch.setattr("strangler_proxy.control.evidence.asyncio.sleep", sleep)
    monkeypatch.setattr("strangler_proxy.control.evidence.time.thread_time", lambda: processor.seconds)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(taking.run())
    assert pauses == [1.0, 1.0, pytest.approx(3.0), 5.0]


def test_with_nothing_told_nothing_is_written() -> None:
    store = MemoryEvidenceStore()
    asyncio.run(intake(store).write())
    assert store._batches == {}


def test_while_the_store_is_gone_evidence_waits_and_is_written_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    store = MemoryEvidenceStore()
    taking = intake(store)

    async def scenario() -> None:
        store.outage = "The disk is full."
        for _ in range(5):
            taking.take(batch("$.price").to_json())
            await taking.write()
        assert taking.error == "The disk is full."
        assert taking.status() == {"ok": False, "error": "The disk is full.", "url": "sqlite:///e.db"}
        store.outage = None
        await taking.write()
        await taking.write()
        assert taking.status()["ok"]

    asyncio.run(scenario())
    assert pairs_in(store) == 5
    assert [record.message for record in caplog.records if "disk" in record.message or "again" in record.message] == [
        "The disk is full. Evidence waits in memory.",
        "the store of evidence answers again",
    ]


class Forgetful(MemoryEvidenceStore):
    """A store that does what it is told, and then says that it did not answer."""

    def add(self, batch: Batch, *, at: float) -> bool:
        added = super().add(batch, at=at)
        if added:
            raise StoreUnavailable("The answer was lost.")
        return added


def test_what_was_written_although_the_store_said_nothing_is_not_counted_twice() -> None:
    store = Forgetful()
    taking = intake(store)
    taking.take(batch().to_json())
    asyncio.run(taking.write())
    assert taking.error
    asyncio.run(taking.write())
    assert taking.error is None
    assert pairs_in(store) == 1


def test_what_waits_is_bounded_however_long_the_store_is_gone() -> None:
    store = MemoryEvidenceStore()
    store.outage = "gone"
    taking = intake(store)
    for number in range(2000):
        taking.take(batch(release=f"{number}").to_json())
        if number == 10:
            asyncio.run(taking.write())
    assert len(taking._merged.scopes) <= 257
    assert len(taking._told) <= 4096


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if "not seen before" in record.message]


def test_a_kind_of_difference_is_told_of_once_for_each_release(caplog: pytest.LogCaptureFixture) -> None:
    taking = intake(MemoryEvidenceStore())
    for told in (batch("$.price"), batch("$.price", "$.name"), batch("$.price", release=""), batch("$.price")):
        taking.take(told.to_json())
        asyncio.run(taking.write())
    assert said(caplog) == [
        "catalog.detail, release 1.4: a kind of difference not seen before: $.price (value)",
        "catalog.detail, release 1.4: a kind of difference not seen before: $.name (value)",
        "catalog.detail, release unknown: a kind of difference not seen before: $.price (value)",
    ]


def test_places_that_somebody_makes_up_without_end_are_told_of_as_one_and_fill_no_memory(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_PLACES", 3)
    taken = intake(MemoryEvidenceStore())
    for number in range(0, 10, 2):
        taken.take(batch(f"body/{number}", f"body/{number + 1}").to_json())
        asyncio.run(taken.write())
    told = [message.rpartition(": ")[2] for message in said(caplog)]
    assert told == ["body/0 (value)", "body/1 (value)", "body/2 (value)", "… (value)"]
    assert {scope: len(places) for scope, places in taken._known.items()} == {SCOPE: 4}


def test_releases_without_end_fill_no_memory_and_are_told_of_once_all_the_same(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_KNOWN", 4)
    taken = intake(MemoryEvidenceStore())
    for release in (*map(str, range(6)), "0"):
        taken.take(batch("body/a", "body/b", release=release).to_json())
        asyncio.run(taken.write())
    assert len(said(caplog)) == 12
    assert [scope.release for scope in taken._known] == ["5", "0"]


def test_what_the_store_knew_before_the_start_is_not_news(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryEvidenceStore()
    store.add(batch("$.price"), at=NOW)
    taking = intake(store)
    taking.take(batch("$.price", "$.name").to_json())
    asyncio.run(taking.write())
    assert said(caplog) == ["catalog.detail, release 1.4: a kind of difference not seen before: $.name (value)"]


def test_old_evidence_is_pruned_now_and_then_and_not_at_every_look() -> None:
    store, clock = MemoryEvidenceStore(), Clock()
    taking = intake(store, clock)
    calls: list[tuple[float, float, int]] = []

    def prune(*, now: float, keep_seconds: float, most_bytes: int) -> int:
        calls.append((now, keep_seconds, most_bytes))
        return 0

    store.prune = prune  # type: ignore[method-assign]

    async def scenario() -> None:
        for _ in range(3):
            await taking._prune()
        clock.now += 700
        await taking._prune()

    asyncio.run(scenario())
    assert calls == [(NOW, 100.0, 268435456), (NOW + 700, 100.0, 268435456)]


def test_a_stop_writes_what_there_is_also_what_failed_before() -> None:
    store = MemoryEvidenceStore()
    taking = intake(store)

    async def scenario() -> None:
        store.outage = "gone"
        taking.take(batch().to_json())
        await taking.write()
        taking.take(batch().to_json())
        store.outage = None
        await taking.close()

    asyncio.run(scenario())
    assert pairs_in(store) == 2


def test_toggles_move_while_the_store_of_evidence_is_gone_and_status_and_readiness_say_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        control = plane(tmp_path, MemoryToggleStore(), workers=0)
        async with running(control):
            control.evidence.store.outage = "The evidence's disk is full."  # type: ignore[attr-defined]
            control.evidence.take(batch().to_json())
            await control.evidence.write()
            assert control.ready()["evidence"] == "The evidence's disk is full."
            assert control.status()["evidence"]["ok"] is False
            outcome = await control.flip(["catalog.list"], Move(Stage.EXTRACTED, force=True), who="me", why="test")
            assert outcome.moved

    asyncio.run(scenario())


def test_where_no_route_is_ever_copied_one_comparer_is_there_for_recordings(tmp_path: Path) -> None:
    configured = replace(config(tmp_path), shadow=ShadowSettings(comparers=4))
    assert configured.comparers == 4
    never = tuple(replace(route, sample=0.0) for route in configured.routes)
    assert replace(configured, routes=never).comparers == 1
    twinless = tuple(replace(route, twin=False) for route in configured.routes)
    assert replace(configured, routes=twinless).comparers == 1
