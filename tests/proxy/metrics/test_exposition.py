"""What /metrics says is what the workers said, whoever of them has ended since."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import wraps
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from httpx import Client
from strangler_proxy.control import ControlPlane
from strangler_proxy.control.metrics import exposition
from strangler_proxy.counts import BOUNDS, Counts
from strangler_proxy.measures import COUNTER, MEASURES
from strangler_proxy.state import StateDir

from strangler.testing.memory_documents import MemoryDocumentStore
from strangler.testing.memory_evidence import MemoryEvidenceStore
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Move, Snapshot, Stage
from tests import waiting
from tests.proxy.control.fakes import FakeWorker, config, plane, running, until
from tests.proxy.control.server import serving
from tests.proxy.metrics.scraped import Scrape


def in_a_loop(test: Callable[[Path], Coroutine[Any, Any, None]]) -> Callable[[Path], None]:
    @wraps(test)
    def run(tmp_path: Path) -> None:
        asyncio.run(test(tmp_path))

    return run


def scrape(control: ControlPlane) -> Scrape:
    content, media_type = exposition(control, "")
    assert media_type.startswith("text/plain")
    return Scrape(content.decode())


class TellingWorker(FakeWorker):
    """A worker that tells what its counts hold, and what it is given to tell."""

    def __init__(self, folder: Path, slot: int = 0) -> None:
        super().__init__(folder, slot)
        self.counts = Counts()
        self.counters: list[Any] = []
        self.gauges: list[Any] = []
        self.link._take_counts = self.counts.take
        self.link._take_measures = self._take_measures

    def _take_measures(self) -> tuple[list[Any], list[Any]]:
        counters, self.counters = self.counters, []
        return counters, self.gauges


@contextmanager
def threaded(folder: Path, slot: int) -> Iterator[None]:
    """A worker that is linked, in a loop of its own."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(FakeWorker(folder, slot).link.run())

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.close()

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


@in_a_loop
async def test_answers_are_told_by_route_side_upstream_stage_and_class(tmp_path: Path) -> None:
    async with running(plane(tmp_path, MemoryToggleStore())) as control:
        worker = TellingWorker(tmp_path)
        tally = worker.counts.tally("catalog.list", "candidate", "catalog", "canary")
        for seconds in (0.0001, 0.002, 0.0025, 31):
            tally.add(200, seconds)
        tally.add(502, 0.3)
        async with worker.linked():
            await until(lambda: control.traffic.rows)
        seen = scrape(control)
        place = ("catalog.list", "candidate", "catalog", "canary")
        assert seen.rows("strangler_requests_total") == {(*place, "2xx"): 4, (*place, "5xx"): 1}
        about = dict(zip(("route", "side", "upstream", "stage"), place, strict=True))
        bucket = "strangler_request_duration_seconds_bucket"
        below = {bound: seen.value(bucket, le=str(bound), **about) for bound in BOUNDS}
        assert [below[bound] for bound in (0.0005, 0.001, 0.0025, 0.25, 0.5, 30.0)] == [1, 1, 3, 3, 4, 4]
        assert seen.value(bucket, le="+Inf", **about) == 5
        assert seen.value("strangler_request_duration_seconds_count", **about) == 5
        assert seen.value("strangler_request_duration_seconds_sum", **about) == pytest.approx(31.3046)


@in_a_loop
async def test_what_a_worker_counted_outlives_it_and_what_it_measured_does_not(tmp_path: Path) -> None:
    async with running(plane(tmp_path, MemoryToggleStore())) as control:
        for _ in range(2):
            worker = TellingWorker(tmp_path)
            worker.counters = [["strangler_breaker_opened_total", ["catalog"], 2]]
            worker.gauges = [["strangler_client_connections", [], 7]]
            async with worker.linked():
                await until(lambda: scrape(control).value("strangler_client_connections", worker="0") == 7)
            await until(lambda: scrape(control).value("strangler_worker_up", worker="0") == 0)
        seen = scrape(control)
        assert seen.rows("strangler_breaker_opened_total") == {("catalog",): 4}
        assert seen.rows("strangler_client_connections") == {}
        assert seen.rows("strangler_worker_links_total") == {("0",): 2}


@in_a_loop
async def test_a_number_that_cannot_be_had_does_not_cost_the_link(tmp_path: Path) -> None:
    async with running(plane(tmp_path, MemoryToggleStore(), workers=1)) as control:
        worker = TellingWorker(tmp_path)

        def fail() -> tuple[list[Any], list[Any]]:
            raise KeyError

        worker.link._take_measures = fail
        async with worker.linked():
            await until(lambda: control.workers.linked())
            worker.counts.tally("catalog.list", "candidate", "catalog").add(200, 0.1)
            await until(lambda: control.traffic.rows)
            await control.flip(["catalog.list"], Move(Stage.EXTRACTED, force=True), who="t", why="t")
            assert control.ready()["workers"] is None


@in_a_loop
async def test_what_is_not_known_here_is_passed_over(tmp_path: Path) -> None:
    async with running(plane(tmp_path, MemoryToggleStore())) as control:
        worker = TellingWorker(tmp_path)
        worker.counters = [["strangler_tomorrows_total", [], 1], ["strangler_breaker_opened_total", [], 1]]
        worker.gauges = [["strangler_tomorrow", [], 1], ["strangler_client_connections", ["one too many"], 1]]
        async with worker.linked():
            await until(lambda: control.workers.linked()[0].gauges if control.workers.linked() else None)
            seen = scrape(control)
        assert set(seen.names) == set(MEASURES)
        assert seen.rows("strangler_breaker_opened_total") == {} == seen.rows("strangler_client_connections")


@in_a_loop
async def test_workers_and_toggles_are_told_as_they_stand(tmp_path: Path) -> None:
    async with running(plane(tmp_path, MemoryToggleStore())) as control, FakeWorker(tmp_path).linked():
        await until(lambda: len(control.workers.linked()) == 1)
        await control.flip(["catalog.list"], Move(Stage.CANARY, share=25_000, force=True), who="t", why="t")
        seen = scrape(control)
        assert seen.rows("strangler_worker_up") == {("0",): 1, ("1",): 0}
        assert seen.rows("strangler_worker_live") == {("0",): 1, ("1",): 0}
        assert seen.value("strangler_worker_revision", worker="0") == control.snapshot.revision
        assert seen.value("strangler_toggles_revision") == control.snapshot.revision
        stages = {stage: seen.value("strangler_toggle_stage", name="catalog.list", stage=stage) for stage in Stage}
        assert [stage for stage, value in stages.items() if value] == [Stage.CANARY]
        assert seen.value("strangler_toggle_share_ratio", name="catalog.list") == 0.25
        assert seen.rows("strangler_dependency_up") == {("store",): 1, ("disk",): 1, ("workers",): 0, ("evidence",): 1}
        assert seen.value("strangler_process_cpu_seconds_total", worker="control") > 0


@in_a_loop
async def test_every_metric_is_named_from_the_start_and_plain_counters_begin_at_nothing(tmp_path: Path) -> None:
    async with running(plane(tmp_path, MemoryToggleStore())) as control:
        seen = scrape(control)
    assert seen.names == {measure.name: measure.kind for measure in MEASURES.values()}
    for measure in MEASURES.values():
        if measure.kind == COUNTER and not measure.labels:
            assert seen.rows(measure.name) == {(): 0}


def test_a_scrape_needs_the_token(tmp_path: Path) -> None:
    with serving(plane(tmp_path, MemoryToggleStore())) as client:
        assert client.get("/metrics", headers={"Authorization": ""}).status_code == 401
        answer = client.get("/metrics")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert set(Scrape(answer.text).names) == set(MEASURES)


def test_a_scrape_needs_no_token_where_the_configuration_says_so_and_nothing_else_is_opened(tmp_path: Path) -> None:
    configured = replace(config(tmp_path), metrics_public=True)
    with serving(
        ControlPlane(
            configured, MemoryToggleStore(), StateDir.of(configured), MemoryEvidenceStore(), MemoryDocumentStore()
        )
    ) as client:
        client.headers["Authorization"] = ""
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", headers={"Host": "elsewhere"}).status_code == 421
        assert client.get("/api/v1/status").status_code == 401


def test_openmetrics_is_spoken_where_it_is_asked_for(tmp_path: Path) -> None:
    with serving(plane(tmp_path, MemoryToggleStore())) as client:
        answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_a_replica_is_ready_only_while_every_worker_decides_by_the_revision_in_force(tmp_path: Path) -> None:
    control = plane(tmp_path, MemoryToggleStore())

    def states(client: Client) -> tuple[int, str]:
        answer = client.get("/health/ready")
        return answer.status_code, answer.json()["dependencies"]["workers"]

    with serving(control) as client:
        assert client.get("/health/live").json() == {"status": "live"}
        assert states(client) == (503, "unavailable")
        with threaded(tmp_path, 0):
            assert states(client) == (503, "unavailable")
            with threaded(tmp_path, 1):
                waiting.until(lambda: states(client) == (200, "ok"))
            waiting.until(lambda: states(client) == (503, "unavailable"))
        assert client.get("/health/live").status_code == 200


@in_a_loop
async def test_a_worker_that_does_not_follow_keeps_the_replica_from_being_ready(tmp_path: Path) -> None:
    async with running(plane(tmp_path, MemoryToggleStore(), workers=1)) as control:
        worker = FakeWorker(tmp_path)
        async with worker.linked():
            await until(lambda: control.ready()["workers"] is None)

            def refuse(_: Snapshot) -> None:
                raise ValueError

            worker.on_snapshot = refuse
            await control.flip(
                ["catalog.list"], Move(Stage.CANARY, share=1, force=True), who="t", why="t", wait_seconds=0
            )
            lack = control.ready()["workers"]
            assert lack is not None
            assert "0" in lack
