"""Upstreams and copies, told by the control API of what workers measured."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.config.shadow import ShadowSettings
from strangler_proxy.control import ControlPlane
from strangler_proxy.control.upstreams_told import copies_told, upstreams_told
from strangler_proxy.control.workers import Worker

from strangler.resilience import BreakerSettings
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import serving

GAUGES = [
    ["strangler_breaker_state", ["catalog", "open"], 1],
    ["strangler_endpoint_healthy", ["catalog", "127.0.0.1:2"], 1],
    ["strangler_pool_connections", ["catalog", "in_use"], 3],
    ["strangler_pool_connections", ["catalog", "unused"], 2],
    ["strangler_pool_in_flight", ["catalog"], 3],
    ["strangler_pool_in_flight_limit", ["catalog"], 10],
    ["strangler_pool_waiting", ["catalog"], 1],
    ["strangler_pool_waiting_limit", ["catalog"], 4],
    ["strangler_shadow_queue", [], 5],
    ["strangler_shadow_queue_bytes", [], 1000],
    ["strangler_shadow_in_flight", ["catalog"], 2],
]
COUNTERS: list[Any] = [
    ["strangler_pool_refused_total", ["catalog", "breaker-open"], 7],
    ["strangler_connect_failures_total", ["catalog", "refused"], 2],
    ["strangler_shadow_copies_total", ["catalog.list", "catalog"], 90],
    ["strangler_shadow_missed_total", ["catalog.list", "queue-full"], 4],
    ["strangler_shadow_missed_total", ["catalog.detail", "skip"], 6],
    ["strangler_shadow_missed_total", ["catalog.list", "skip"], 3],
]


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    control = plane(tmp_path, MemoryToggleStore(), shadow=ShadowSettings(queue=10, rate=5.0))
    workers = [Worker(slot, 100 + slot, 1, "", None, gauges=GAUGES) for slot in range(2)]  # type: ignore[arg-type]
    control.workers._links += workers
    control.workers.measured.grow(COUNTERS)
    return control


def test_an_upstream_is_told_with_all_its_workers_together(control: ControlPlane) -> None:
    catalog = next(each for each in upstreams_told(control.config, control.workers) if each["name"] == "catalog")
    assert (catalog["ok"], catalog["breaker"]) == (False, {"open": 2})
    assert (catalog["monolith"], catalog["routes"]) == (False, 3)
    assert (catalog["connections"]["in_use"], catalog["connections"]["unused"]) == (6, 4)
    assert catalog["connections"]["most"] == 2048
    assert catalog["connections"]["failed"] == {"refused": 2}
    assert catalog["in_flight"] == {"now": 6, "most": 20}
    assert catalog["waiting"] == {"now": 2, "most": 8}
    assert catalog["refused"] == {"breaker-open": 7}
    assert catalog["copies"] == {"now": 4, "most": 32, "sent": 90, "halted": 0}
    assert catalog["breaker_opens"] is None


def test_a_breaker_tells_when_it_opens(tmp_path: Path) -> None:
    control = plane(tmp_path, MemoryToggleStore())
    upstreams = dict(control.config.upstreams)
    object.__setattr__(upstreams["catalog"], "breaker", BreakerSettings(consecutive_failures=3))
    told = {each["name"]: each["breaker_opens"] for each in upstreams_told(control.config, control.workers)}
    assert told["monolith"] is None
    assert told["catalog"] == {"failures": 3, "rate": 0.5, "calls": 20, "window": 10.0, "seconds": 1.0}


def test_copies_are_told_with_their_budget_and_what_became_no_pair(control: ControlPlane) -> None:
    copies = copies_told(control.config, control.workers)
    assert copies["queue"] == {"now": 10, "most": 20}
    assert copies["bytes"]["now"] == 2000
    assert (copies["sent"], copies["rate"]) == (90, 5.0)
    assert list(copies["missed"].items()) == [("skip", 9), ("queue-full", 4)]
    assert copies["routes"] == [
        {"route": "catalog.list", "missed": 7, "causes": {"queue-full": 4, "skip": 3}},
        {"route": "catalog.detail", "missed": 6, "causes": {"skip": 6}},
    ]


def test_the_api_tells_them_and_how_often_breakers_opened_lately(tmp_path: Path) -> None:
    control = plane(tmp_path, MemoryToggleStore(), workers=0)
    control.evidence.store.add_traffic({}, at=time.time() - 60, opened={"catalog": 3})
    control.evidence.store.add_traffic({}, at=time.time() - 7200, opened={"catalog": 9})
    with serving(control) as client:
        document = client.get("/api/v1/upstreams").json()
        assert {each["name"]: each["opened_lately"] for each in document["upstreams"]} == {"catalog": 3, "monolith": 0}
        control.evidence.store.outage = "away"  # type: ignore[attr-defined]
        assert {each["opened_lately"] for each in client.get("/api/v1/upstreams").json()["upstreams"]} == {None}
