"""What workers count becomes windows in the store of evidence: whose request it was, of which release, once."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.config.values import EvidenceSettings
from strangler_proxy.control.evidence import EvidenceIntake
from strangler_proxy.counts import Counts

from strangler.errors import StoreUnavailable
from strangler.evidence import BOUNDS, Opened, Traffic, TrafficKey, total
from strangler.testing.memory_evidence import MemoryEvidenceStore
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import FakeWorker, plane, running, until

NOW = 1_700_000_000.0
ROUTE = "catalog.list"


class Desk:
    """An intake with a store in memory, at a time that the test says."""

    def __init__(self, **more: Any) -> None:
        self.now = NOW
        self.store = MemoryEvidenceStore()
        self.intake = EvidenceIntake(
            self.store, EvidenceSettings(), candidates={ROUTE: "catalog"}, now=lambda: self.now, **more
        )

    def tell(self, counts: Counts, *counters: list[Any]) -> None:
        self.intake.traffic.take({"traffic": counts.take(), "counters": list(counters)})

    def told(self) -> dict[TrafficKey, Traffic]:
        asyncio.run(self.intake.write())
        return {window.key: window.traffic for window in self.store.traffic(since=0)}


def said(release: str, upstream: str = "catalog", count: int = 1) -> list[Any]:
    return ["strangler_releases_total", [upstream, release], count]


def key(side: str, release: str = "", stage: str = "canary") -> TrafficKey:
    return TrafficKey(ROUTE, side, stage, release)


def candidate(count: int = 1, status: int = 200, seconds: float = 0.02) -> Counts:
    counts = Counts()
    for _ in range(count):
        counts.tally(ROUTE, "candidate", "catalog", "canary").add(status, seconds)
    return counts


def buckets(*seconds: float) -> tuple[int, ...]:
    counts = Counts()
    for each in seconds:
        counts.tally("", "", "").add(200, each)
    return tuple(counts.take()[0]["buckets"])


def test_both_sides_are_counted_with_their_errors_and_durations() -> None:
    desk, counts = Desk(), Counts()
    for status, seconds in ((200, 0.02), (404, 0.02), (503, 0.25)):
        counts.tally(ROUTE, "candidate", "catalog", "canary").add(status, seconds)
    counts.tally(ROUTE, "monolith", "monolith", "canary").add(200, 0.125)
    counts.refuse(400, "bad-request")
    desk.tell(counts, said("1.0"))
    seen = desk.told()
    assert seen == {
        key("candidate", "1.0"): Traffic(3, 1, 0, 0.29, buckets(0.02, 0.02, 0.25)),
        key("monolith"): Traffic(1, 0, 0, 0.125, buckets(0.125)),
    }


def test_a_request_that_fell_back_is_the_candidates_and_failed() -> None:
    desk, counts = Desk(), Counts()
    counts.tally(ROUTE, "monolith", "monolith", "canary").add(200, 0.01)
    counts.tally(ROUTE, "monolith", "monolith", "canary", fell_back=True).add(200, 2.0)
    desk.tell(counts, said("1.0"), said("m7", "monolith"))
    assert desk.told() == {
        key("candidate", "1.0"): Traffic(1, 1, 1, 2.0, buckets(2.0)),
        key("monolith", "m7"): Traffic(1, 0, 0, 0.01, buckets(0.01)),
    }


def test_an_answer_that_was_broken_off_is_an_error_whatever_its_status_said() -> None:
    desk, counts = Desk(), Counts()
    for status in (200, 200, 500):
        counts.tally(ROUTE, "candidate", "catalog", "canary").add(status, 0.0)
        counts.tally(ROUTE, "monolith", "monolith", "canary", fell_back=True).add(status, 0.0)
    for status in (200, 500):
        counts.tally(ROUTE, "candidate", "catalog", "canary").broke_off(status)
        counts.tally(ROUTE, "monolith", "monolith", "canary", fell_back=True).broke_off(status)
    desk.tell(counts)
    ((_, seen),) = desk.told().items()
    assert (seen.requests, seen.errors, seen.fallbacks) == (6, 2 + 3, 3)


def test_how_long_a_tunnel_was_open_is_not_how_fast_an_answer_came() -> None:
    desk = Desk()
    desk.tell(candidate(status=101, seconds=7200.0))
    assert desk.told() == {key("candidate"): Traffic(1)}


def test_a_second_belongs_to_the_release_that_was_said_in_it_or_else_last() -> None:
    desk = Desk()
    desk.tell(candidate(1), said("1.0"))
    desk.tell(candidate(2, status=502))
    desk.tell(candidate(4), said("1.0"), said("1.1"))
    desk.tell(candidate(8, status=502))
    desk.tell(candidate(16), said("1.1"))
    requests = {each.release: traffic.requests for each, traffic in desk.told().items()}
    assert requests == {"1.0": 1 + 2 + 8, "…": 4, "1.1": 16}


def test_an_upstream_that_says_nothing_is_what_the_configuration_says() -> None:
    desk = Desk(releases={"catalog": "42"})
    desk.tell(candidate())
    assert set(desk.told()) == {key("candidate", "42")}


def test_openings_of_breakers_are_kept_without_any_request() -> None:
    desk = Desk()
    desk.tell(Counts(), ["strangler_breaker_opened_total", ["catalog"], 2], ["strangler_spans_total", [], 9])
    assert desk.told() == {}
    assert desk.store.opened("catalog", since=0) == [Opened(NOW, 5, "catalog", 2)]


def test_what_waits_for_the_store_keeps_its_time_and_is_added_once() -> None:
    desk = Desk()
    for number in range(3):
        desk.now = NOW + 5 * number
        desk.tell(candidate(1 + number))
        desk.store.outage = "It is gone."
        asyncio.run(desk.intake.write())
        assert desk.intake.error == "It is gone."
    desk.store.outage = None
    desk.told()
    assert desk.intake.error is None
    assert [(each.start - NOW, each.traffic.requests) for each in desk.store.traffic(since=0)] == [
        (0, 1), (5, 2), (10, 3)
    ]  # fmt: skip
    desk.told()
    assert total(desk.store.traffic(since=0)).requests == 6


class Forgetful(MemoryEvidenceStore):
    """A store that adds what it is given, and says that it was not there."""

    def add_traffic(self, *arguments: Any, **more: Any) -> bool:
        super().add_traffic(*arguments, **more)
        raise StoreUnavailable("The connection was lost.")


def test_what_the_store_may_have_taken_is_told_to_it_by_the_same_name() -> None:
    desk = Desk()
    desk.intake.traffic._store = forgetful = Forgetful()
    desk.tell(candidate(3))
    for _ in range(2):
        asyncio.run(desk.intake.write())
    assert total(forgetful.traffic(since=0)).requests == 3


def test_a_store_that_is_gone_for_good_costs_no_memory_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strangler_proxy.control.traffic._MOST_WAITING", 3)
    desk = Desk()
    desk.store.outage = "It is gone."
    for number in range(10):
        desk.now = NOW + 5 * number
        desk.tell(candidate())
        asyncio.run(desk.intake.write())
    desk.store.outage = None
    desk.told()
    # The one that was being written, and the newest.
    assert [each.start - NOW for each in desk.store.traffic(since=0)] == [0, 35, 40, 45]
    assert desk.intake.traffic.lost == {"overflow": 6}


def test_a_store_that_hangs_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strangler_proxy.control.traffic._MOST_WAITING", 3)
    desk = Desk()
    for number in range(100):
        desk.now = NOW + 5 * number
        desk.tell(candidate())
    assert len(desk.intake.traffic._waiting) == 4
    assert desk.intake.traffic.lost == {"overflow": 96}


class Unwilling(MemoryEvidenceStore):
    """A store with a fault of its own."""

    def add_traffic(self, *_: Any, **__: Any) -> bool:
        raise KeyError("never heard of it")


def test_a_window_that_the_store_will_not_have_is_dropped_and_the_rest_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    desk.intake.traffic._store = Unwilling()
    desk.tell(candidate())
    asyncio.run(desk.intake.write())
    desk.intake.traffic._store = desk.store
    desk.tell(candidate(7))
    assert total_of(desk) == 7
    assert desk.intake.traffic.lost == {"unstorable": 1}
    assert "cannot be stored, and is dropped" in caplog.text


def total_of(desk: Desk) -> int:
    return sum(traffic.requests for traffic in desk.told().values())


@pytest.mark.parametrize(
    "row",
    [
        5,
        {},
        {"route": 5, "side": "candidate", "upstream": "catalog", "status_class": "2xx", "count": 1},
        {"route": "a", "side": [], "upstream": "catalog", "status_class": "2xx", "count": 1},
        {"route": "a", "side": "candidate", "upstream": "catalog", "status_class": "2xx", "count": -1},
        {"route": "a", "side": "candidate", "upstream": "catalog", "status_class": "2xx", "count": 2**60},
        {"route": "a", "side": "candidate", "upstream": "c", "status_class": "2xx", "count": 1, "buckets": [1]},
        {"route": "a", "side": "candidate", "upstream": "c", "status_class": "2xx", "count": 1, "seconds": "x"},
    ],
)
def test_a_telling_that_makes_no_sense_is_dropped_and_counted(row: object, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    for _ in range(3):
        desk.intake.traffic.take({"traffic": [row], "counters": []})
    desk.intake.traffic.take({"traffic": [], "counters": [["strangler_releases_total", ["x"], 1]]})
    desk.intake.traffic.take({"traffic": 7})
    desk.tell(candidate())
    assert total_of(desk) == 1
    assert desk.intake.traffic.lost == {"unreadable": 5}
    assert len([each for each in caplog.records if each.levelno == logging.ERROR]) <= 3


def test_what_is_of_no_side_is_not_even_written() -> None:
    desk, counts = Desk(), Counts()
    counts.refuse(400, "bad-request")
    desk.tell(counts)
    assert desk.told() == {}
    assert desk.store._batches == {}


def test_a_row_of_an_older_worker_has_no_buckets() -> None:
    desk = Desk()
    row = {"route": ROUTE, "side": "candidate", "upstream": "catalog", "status_class": "2xx", "count": 4}
    desk.intake.traffic.take({"traffic": [row]})
    assert desk.told() == {key("candidate", stage=""): Traffic(4)}
    assert len(BOUNDS) + 1 == len(Traffic().buckets)


def test_what_a_worker_counts_reaches_the_store(tmp_path: Path) -> None:
    async def scenario() -> None:
        control = plane(tmp_path, MemoryToggleStore(), workers=1)
        async with running(control), FakeWorker(tmp_path).linked() as worker:
            worker.counted += candidate(5).take()
            await until(lambda: control.evidence.store.traffic(ROUTE, since=0))
            assert total(control.evidence.store.traffic(ROUTE, since=0)).requests == 5

    asyncio.run(scenario())
