"""Rollouts over the control API: a seam whose gate is time, so that it walks by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest
from strangler_proxy.control import ControlPlane
from strangler_proxy.rollout import DEFAULT, Place, Schedule, Station

from strangler.testing import FixedMoveGuard, MemoryToggleStore
from strangler.toggles import Stage
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import serving


def schedule(name: str, *shares: str, seconds: float, **gates: Any) -> Schedule:
    return Schedule(name, tuple(Station(Place.from_share(each), seconds) for each in shares), gates)


QUICK = schedule("quick", "5%", "100%", seconds=0.01, time=0.01)
SLOW = schedule("slow", "5%", "100%", seconds=3600, time="1h")
SCHEDULES = {each.name: each for each in (DEFAULT, QUICK, SLOW)}


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ControlPlane:
    monkeypatch.setattr("strangler_proxy.rollout.runner._EVERY", 0.02)
    return plane(tmp_path, MemoryToggleStore(), rollouts=SCHEDULES, workers=0)


@pytest.fixture
def client(control: ControlPlane) -> Iterator[httpx.Client]:
    with serving(control) as client:
        shadow = {"names": ["catalog.*"], "stage": "shadow", "why": "first"}
        assert client.post("/api/v1/flip", json=shadow).status_code == 200
        yield client


def post(client: httpx.Client, verb: str = "", status: int = 200, **body: Any) -> dict[str, Any]:
    answered = client.post(f"/api/v1/rollouts{verb}", json={"why": "it agrees", **body})
    document: dict[str, Any] = answered.json()
    assert answered.status_code == status, document
    told: dict[str, Any] = document["rollout" if status == 200 else "error"]
    return told


def until(client: httpx.Client, **wanted: Any) -> dict[str, Any]:
    """The one rollout, once it is so."""
    while True:
        (rollout,) = client.get("/api/v1/rollouts").json()["rollouts"]
        if wanted.items() <= rollout.items():
            return dict(rollout)
        sleep(0.01)


def test_a_rollout_walks_by_itself_and_everything_of_it_is_in_both_audits(client: httpx.Client) -> None:
    begun = post(client, names=["catalog.facts"], schedule="quick")
    assert (begun["name"], begun["began"]) == ("catalog.facts", {"stage": "shadow", "share": 0})
    until(client, state="finished")
    history = client.get("/api/v1/history", params={"name": "catalog.facts"}).json()["entries"]
    assert [entry["to"]["stage"] for entry in history[:2]] == ["extracted", "canary"]
    assert {entry["who"] for entry in history[:2]} == {"strangler rollout catalog.facts"}
    assert history[0]["evidence"]["gates"][0]["gate"] == "time"
    events = client.get("/api/v1/events", params={"name": "catalog.facts"}).json()["events"]
    assert [event["action"] for event in reversed(events) if event["action"].startswith("rollout.")] == [
        "rollout.start",
        "rollout.advance",
        "rollout.advance",
        "rollout.finish",
    ]


def test_the_schedules_that_there_are_are_told(client: httpx.Client) -> None:
    schedules = client.get("/api/v1/schedules").json()["schedules"]
    assert [each["name"] for each in schedules] == ["default", "quick", "slow"]
    assert [each["share"] for each in schedules[1]["stations"]] == [5000, 0]


def test_one_under_way_is_told_by_the_status_and_by_the_metrics(client: httpx.Client) -> None:
    post(client, names=["catalog.facts"], schedule="slow")
    until(client, at=0)
    while (brief := client.get("/api/v1/status").json()["rollouts"][0])["place"]["stage"] != "canary":
        sleep(0.01)
    assert (brief["name"], brief["state"], brief["place"]["share"]) == ("catalog.facts", "running", 5000)
    assert 'strangler_rollouts{state="running"} 1.0' in client.get("/metrics").text
    look = until(client, state="running")
    assert look["gates"]["catalog.facts"][0]["verdict"] == "inconclusive"
    assert look["doing"].startswith("canary 5% for 1 h yet.")


def test_it_is_frozen_resumed_and_aborted(client: httpx.Client) -> None:
    post(client, names=["catalog.facts"], schedule="slow", name="facts")
    until(client, at=0)
    assert post(client, "/freeze", name="facts")["state"] == "frozen"
    assert post(client, "/resume", name="facts")["state"] == "running"
    ended = post(client, "/abort", name="facts", wait_seconds=60)
    assert (ended["state"], ended["place"]) == ("aborted", {"stage": "shadow", "share": 0})
    assert "is over" in post(client, "/freeze", 409, name="facts")["message"]


def test_what_cannot_be_is_refused_with_what_to_do(client: httpx.Client) -> None:
    refused = post(client, status=409, names=["catalog.facts"])
    assert (refused["code"], "is a seam" in refused["message"]) == ("illegal_rollout", True)
    assert post(client, status=404, names=["catalog.facts"], schedule="quik")["remedy"] == "Did you mean 'quick'?"
    assert post(client, status=404, names=["orders"], schedule="quick")["code"] == "unknown_toggle"
    assert post(client, "/resume", 404, name="orders")["code"] == "unknown_rollout"
    assert post(client, status=422, names=["catalog.facts"], shares=["1%"])["code"] == "bad_input"
    assert post(client, status=409, names=["a" * 150, "b" * 150])["code"] == "illegal_rollout"
    assert client.get("/api/v1/rollouts").json() == {"rollouts": []}


def test_a_guard_of_moves_holds_a_rollout_too(control: ControlPlane, client: httpx.Client) -> None:
    control.guards.append(FixedMoveGuard({"catalog.facts": "Writes would be lost."}, stages=[Stage.EXTRACTED]))
    post(client, names=["catalog.facts"], schedule="quick")
    assert "Writes would be lost." in until(client, state="paused")["reason"]
