"""What customers got, told by the control API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import Client
from strangler_proxy.control import ControlPlane
from strangler_proxy.control import traffic_api as module

from strangler.evidence import BOUNDS, Traffic, TrafficKey
from strangler.evidence.traffic import window_of
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import serving

# Lately, at the beginning of a window of 10 minutes.
NOW = window_of(time.time() - 1200, 600) + 600
LIST = TrafficKey("catalog.list", "candidate", "canary", "1.0")
DETAIL = TrafficKey("catalog.detail", "monolith", "monolith", "")
NONE = TrafficKey("-", "monolith")


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> ControlPlane:
    control = plane(tmp_path_factory.mktemp("control"), MemoryToggleStore(), workers=0)
    for number, key in enumerate((LIST, DETAIL, NONE)):
        for second in (0, 5, 60):
            opened = {"catalog": 1, "monolith": 2} if second == 5 and key is LIST else None
            control.evidence.store.add_traffic({key: Traffic(10**number)}, at=NOW - 600 + second, opened=opened)
    control.evidence.store.add_traffic({LIST: Traffic(7)}, at=NOW - 90_000)
    return control


@pytest.fixture(scope="module")
def client(control: ControlPlane) -> Iterator[Client]:
    with serving(control) as client:
        yield client


def told(client: Client, **asked: Any) -> dict[str, Any]:
    answered = client.get("/api/v1/traffic", params=asked)
    assert answered.status_code == 200, answered.text
    document: dict[str, Any] = answered.json()
    return document


def refused(client: Client, **asked: Any) -> tuple[int, str]:
    answered = client.get("/api/v1/traffic", params=asked)
    return answered.status_code, answered.json()["error"]["message"]


def test_windows_are_told_from_an_hour_ago_with_the_bounds_of_their_buckets(client: Client) -> None:
    document = told(client, route="catalog.list")
    assert document["bounds"] == list(BOUNDS)
    assert [(each["start"] - NOW, each["requests"]) for each in document["windows"]] == [
        (-600, 1),
        (-595, 1),
        (-540, 1),
    ]
    assert document["windows"][0] == {
        **LIST._asdict(), "start": NOW - 600, "seconds": 5, "requests": 1, "errors": 0, "fallbacks": 0, "took": 0,
        "buckets": [0] * (len(BOUNDS) + 1),
    }  # fmt: skip


def test_routes_are_chosen_by_name_and_glob_and_no_route_is_one(client: Client) -> None:
    def routes(**asked: Any) -> list[str]:
        return sorted({each["route"] for each in told(client, **asked)["windows"]})

    assert routes() == ["-", "catalog.detail", "catalog.list"]
    assert routes(route="catalog.*") == ["catalog.detail", "catalog.list"]
    assert routes(route=["catalog.list", "-"]) == ["-", "catalog.list"]
    # A route of which there was no traffic.
    assert routes(route="wishlist") == []


def test_the_time_is_chosen_and_windows_are_joined(client: Client) -> None:
    assert [each["requests"] for each in told(client, route="-", until=NOW - 600 + 1)["windows"]] == [100]
    assert [each["requests"] for each in told(client, route="-", since=NOW - 599)["windows"]] == [100, 100]
    joined = told(client, route="-", step=60)["windows"]
    assert [(each["seconds"], each["requests"]) for each in joined] == [(60, 200), (60, 100)]
    assert told(client, route="catalog.list", since=0, step=600)["windows"][0]["requests"] == 7


def test_breakers_that_opened_are_those_of_the_routes_asked_for(client: Client) -> None:
    opened = told(client, route="catalog.list")["opened"]
    assert opened == [
        {"upstream": "catalog", "start": NOW - 595, "seconds": 5, "count": 1},
        {"upstream": "monolith", "start": NOW - 595, "seconds": 5, "count": 2},
    ]
    assert told(client, route="catalog.list", since=NOW - 500)["opened"] == []


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"route": "catalogue.*"}, 404, "No route is named 'catalogue.*'"),
        ({"step": "7"}, 422, "multiple of 5"),
        ({"step": "0"}, 422, "multiple of 5"),
        ({"step": "x"}, 422, "step"),
        ({"since": "-1"}, 422, "since"),
        ({"until": "soon"}, 422, "until"),
    ],
)
def test_bad_input_is_one_clear_error(client: Client, asked: dict[str, str], status: int, words: str) -> None:
    code, message = refused(client, **asked)
    assert (code, words in message) == (status, True), message


def test_too_many_windows_are_refused_with_what_to_ask_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 5)
    code, message = refused(client)
    assert code == 422
    assert "There are more than 5 windows, which are too many to be told at once. Ask for one route" in message
    assert len(told(client, step=600)["windows"]) == 3


def test_a_store_that_is_gone_is_said(client: Client, control: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control.evidence.store, "outage", "It is gone.")
    assert refused(client) == (503, "It is gone.")
