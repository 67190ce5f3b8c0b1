"""Calls are counted in memory, a minute at a time, and written down together."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from strangler_proxy.control import call_counts
from strangler_proxy.control.call_counts import CallCounts

from strangler.documents import CallCount
from strangler.testing import MemoryDocumentStore
from tests.proxy.control.fakes import until

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Counted:
    """Counts on a store in memory, at a time that a test sets."""

    def __init__(self) -> None:
        self.now = NOON
        self.documents = MemoryDocumentStore()
        self.counts = CallCounts(self.documents, clock=lambda: self.now)

    def call(self, verb: str = "GET /x", status: int = 200, *, who: str = "ada (ci)", token: str = "ci") -> None:
        self.counts.count(verb, status, who=who, token=token, address="192.0.2.1")

    def written(self) -> list[CallCount]:
        asyncio.run(self.counts.write())
        return self.documents.calls(limit=10_000)


def told(counts: list[CallCount]) -> list[tuple[str, str, int, int]]:
    return [(each.who, each.verb, each.status, each.count) for each in counts]


def test_what_is_alike_within_a_minute_is_one_entry_with_its_first_and_last_time() -> None:
    counted = Counted()
    for second in (3, 17, 59):
        counted.now = NOON + timedelta(seconds=second)
        counted.call()
    counted.call(status=403)
    counted.now = NOON + timedelta(seconds=60)
    counted.call()
    entries = counted.written()
    assert sorted((each.minute, each.status, each.count) for each in entries) == [
        (NOON, 200, 3),
        (NOON, 403, 1),
        (NOON + timedelta(minutes=1), 200, 1),
    ]
    first = next(each for each in entries if each.count == 3)
    assert (first.at.second, first.last.second, first.token, first.address) == (3, 59, "ci", "192.0.2.1")


def test_what_is_written_in_parts_is_one_entry_all_the_same() -> None:
    counted = Counted()
    counted.call()
    assert told(counted.written()) == [("ada (ci)", "GET /x", 200, 1)]
    counted.call()
    assert told(counted.written()) == [("ada (ci)", "GET /x", 200, 2)]
    assert told(counted.written()) == [("ada (ci)", "GET /x", 200, 2)], "nothing is counted twice"


def test_whoever_calls_themselves_ever_anew_fills_nothing_and_hides_nobody() -> None:
    counted = Counted()
    for number in range(1000):
        counted.call(who=f"name-{number} (ci)")
    counted.call(token="", who="somebody (no token)")
    counted.call(token="other", who="ben (other)")
    counted.call(who="name-5 (ci)")
    found = {each.who: each for each in counted.written()}
    assert len(found) == 103
    assert (found["others (ci)"].count, found["others (ci)"].verb) == (900, "several")
    assert (found["ben (other)"].count, found["somebody (no token)"].count, found["name-5 (ci)"].count) == (1, 1, 2)


def test_in_the_next_minute_everybody_is_told_apart_again() -> None:
    counted = Counted()
    for number in range(101):
        counted.call(who=f"name-{number} (ci)")
    counted.now += timedelta(minutes=1)
    counted.call(who="late (ci)")
    assert "late (ci)" in {each.who for each in counted.written()}


def test_while_the_store_does_not_answer_counts_wait_and_the_log_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counted = Counted()
    counted.documents.outage = "gone"
    for _ in range(3):
        counted.call()
        asyncio.run(counted.counts.write())
    assert [record.message for record in caplog.records] == ["what is counted of calls is not in the audit yet: gone"]
    counted.documents.outage = None
    assert told(counted.written()) == [("ada (ci)", "GET /x", 200, 3)]


def test_what_waits_for_the_store_has_an_end_and_is_told(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_counts, "_MOST_WAITING", 2)
    counted = Counted()
    counted.documents.outage = "gone"
    for status in (200, 200, 403, 404, 404):
        counted.call(status=status)
    asyncio.run(counted.counts.write())
    counted.documents.outage = None
    assert sorted(each.status for each in counted.written()) == [200, 403]
    assert "2 calls are not in the audit" in caplog.text


def test_they_are_written_every_few_seconds_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_counts, "_WRITE_EVERY", 0.001)

    async def scenario() -> None:
        counted = Counted()
        running = asyncio.create_task(counted.counts.run())
        for _ in range(2):
            before = len(counted.documents.calls())
            counted.call(who=f"name-{before} (ci)")
            await until(lambda: len(counted.documents.calls()) > before)  # noqa: B023 - it is awaited within
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())
