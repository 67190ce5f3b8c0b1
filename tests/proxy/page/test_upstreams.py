"""The page of upstreams, as the control room serves it."""

from __future__ import annotations

from pathlib import Path

from strangler_proxy.control.workers import Worker

from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.control.test_upstreams_api import COUNTERS, GAUGES
from tests.proxy.page.parsed import one, parsed, words
from tests.proxy.page.visit import visiting


def test_upstreams_and_copies_are_shown_with_what_is_wrong_first(tmp_path: Path) -> None:
    control = plane(tmp_path, MemoryToggleStore())
    control.workers.measured.grow(COUNTERS)
    with visiting(control) as visit:
        control.workers._links.append(Worker(0, 7, 1, "", None, gauges=GAUGES))  # type: ignore[arg-type]
        page = parsed(visit.get("/room/upstreams").text)
        part = visit.part("/room/upstreams", "upstreams").text
        control.workers._links.clear()
    cards = page.css(".upstream")
    assert [words(one(each, "h2")) for each in cards] == [
        "catalog candidate of 3 routes",
        "monolith answers what no candidate does",
    ]
    assert "the breaker is open" in words(one(cards[0], ".troubles"))
    told = words(one(page, "#upstreams"))
    assert "queue-full 4 too many copies were waiting (shadow.queue)" in told
    assert "requests in flight 3 of 10" in told
    assert "<html" not in part
    one(parsed(part), "#upstreams")


def test_before_any_worker_and_any_copy_the_page_says_so(tmp_path: Path) -> None:
    with visiting(plane(tmp_path, MemoryToggleStore())) as visit:
        told = words(one(parsed(visit.get("/room/upstreams").text), "#upstreams"))
    assert "No worker is linked" in told
    assert "No copy was sent yet" in told
