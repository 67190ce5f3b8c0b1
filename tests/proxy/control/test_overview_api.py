"""Everything at a glance, told by the control API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import Client
from strangler_proxy.control import ControlPlane

from strangler.evidence import BOUNDS, Traffic, TrafficKey
from strangler.testing.memory_evidence import MemoryEvidenceStore
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import observe, plane
from tests.proxy.control.server import serving

BUCKETS = tuple(10 if index == 6 else 0 for index in range(len(BOUNDS) + 1))
DAY = 86_400


@pytest.fixture(scope="module")
def toggles() -> MemoryToggleStore:
    return MemoryToggleStore()


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory, toggles: MemoryToggleStore) -> ControlPlane:
    control = plane(tmp_path_factory.mktemp("control"), toggles, workers=0)
    observe(control, agreeing=400)
    rows = {
        TrafficKey("catalog.list", "monolith", "shadow"): Traffic(10, 1, 0, 0.4, BUCKETS),
        TrafficKey("catalog.list", "candidate", "canary", "v1"): Traffic(10, 0, 0, 0.4, BUCKETS),
        TrafficKey("-", "monolith"): Traffic(20, 0, 0, 0.8, BUCKETS),
    }
    control.evidence.store.add_traffic(rows, at=time.time() - 5)
    return control


@pytest.fixture(scope="module")
def client(control: ControlPlane) -> Iterator[Client]:
    with serving(control) as client:
        moved = {"names": ["catalog.list"], "stage": "shadow", "why": "compare first"}
        assert client.post("/api/v1/flip", json=moved).status_code == 200
        yield client


def told(client: Client, path: str = "/api/v1/overview", **asked: Any) -> dict[str, Any]:
    answered = client.get(path, params=asked)
    assert answered.status_code == 200, answered.text
    document: dict[str, Any] = answered.json()
    return document


def refused(client: Client, path: str, **asked: Any) -> str:
    answered = client.get(path, params=asked)
    assert answered.status_code == 422
    return str(answered.json()["error"]["where"])


def test_every_route_and_seam_is_told_with_its_stage_and_since_when(client: Client) -> None:
    document = told(client)
    rows = {each["name"]: each for each in document["routes"]}
    assert list(rows) == ["catalog.detail", "catalog.facts", "catalog.list", "wishlist"]
    listed = rows["catalog.list"]
    assert (listed["kind"], listed["candidate"], listed["twin"], listed["stage"]) == (
        "route",
        "catalog",
        True,
        "shadow",
    )
    assert document["at"] - listed["since"] < 600
    assert listed["left"] == listed["since"]
    assert rows["catalog.detail"]["left"] is None
    assert (rows["catalog.facts"]["kind"], rows["catalog.facts"]["candidate"]) == ("seam", None)
    assert (rows["wishlist"]["stage"], rows["wishlist"]["twin"]) == (None, False)


def test_a_route_has_what_customers_got_of_both_sides_lately(client: Client) -> None:
    document = told(client)
    sides = next(each["sides"] for each in document["routes"] if each["name"] == "catalog.list")
    assert {side: each["requests"] for side, each in sides.items()} == {"monolith": 10, "candidate": 10}
    assert sides["monolith"]["rate"] == pytest.approx(10 / 62, abs=0.02)
    assert (sides["monolith"]["error_rate"], sides["candidate"]["error_rate"]) == (0.1, 0.0)
    assert sides["candidate"]["p50"] == pytest.approx(0.0375)
    assert document["unrouted"]["requests"] == 20
    assert document["over"] == 60
    assert told(client, over=3600)["over"] == 3600


def test_a_route_has_its_agreement_with_its_bound(client: Client) -> None:
    document = told(client, seconds=5)
    agreement = next(each["agreement"] for each in document["routes"] if each["name"] == "catalog.list")
    assert (agreement["pairs"], agreement["differ"], agreement["wanted"]) == (400, 0, 0.99)
    assert 0.98 < agreement["bound"] < 1
    assert document["behind"] == 0


def test_how_much_has_moved_is_told_now_and_over_time(client: Client) -> None:
    parts = {each["name"]: each for each in told(client)["parts"]}
    assert (parts["requests"]["moved"], parts["requests"]["whole"]) == (10, 40)
    assert parts["routes and seams"]["whole"] == 3
    progress = told(client, "/api/v1/progress", since=time.time() - 3600, step=900)
    assert sum(each["requests"]["whole"] for each in progress["points"]) == 40
    assert progress["points"][-1]["toggles"] == {"moved": 0.0, "whole": 3, "share": 0.0, "unit": "routes and seams"}
    assert progress["points"][-1]["code"] is None


def test_what_makes_no_sense_is_refused_with_its_place(client: Client) -> None:
    assert refused(client, "/api/v1/overview", over=4) == "over"
    assert refused(client, "/api/v1/overview", over=3601) == "over"
    assert refused(client, "/api/v1/overview", seconds=11) == "seconds"
    assert refused(client, "/api/v1/progress", step=7) == "step"
    assert refused(client, "/api/v1/progress", since=0) == "step"


def test_without_stores_the_toggles_in_force_are_told_and_what_is_missing(
    client: Client, control: ControlPlane, toggles: MemoryToggleStore
) -> None:
    evidence = control.evidence.store
    assert isinstance(evidence, MemoryEvidenceStore)
    told(client)
    evidence.outage, toggles.outage = "The evidence is away.", "The store is away."
    try:
        # Since when toggles stand is known; rates are those of another second.
        document = told(client, over=120)
        assert document["lacks"] == ["The evidence is away."]
        assert document["parts"] == []
        assert next(each["stage"] for each in document["routes"] if each["name"] == "catalog.list") == "shadow"
        assert client.get("/api/v1/progress").status_code == 503
    finally:
        evidence.outage = toggles.outage = None
    assert told(client)["lacks"] == []
