"""News for the page that is looked at, over a real connection: a test client would wait for the stream's end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from strangler_proxy.control import ControlPlane, room
from strangler_proxy.page import live

from strangler.testing.memory_documents import MemoryDocumentStore
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import TOKEN, serving
from tests.waiting import until


@pytest.fixture(autouse=True)
def _ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_TICK_SECONDS", 0.1)


@pytest.fixture
def store() -> MemoryToggleStore:
    return MemoryToggleStore()


@pytest.fixture
def control(tmp_path: Path, store: MemoryToggleStore) -> ControlPlane:
    return plane(tmp_path, store, workers=0, control_rate=0.0)


@pytest.fixture
def client(control: ControlPlane) -> Iterator[httpx.Client]:
    with serving(control) as client:
        yield signed_in(client)


def signed_in(client: httpx.Client, token: str = TOKEN) -> httpx.Client:
    form = {"who": "ada", "token": token}
    origin = {"Origin": str(client.base_url).rstrip("/")}
    assert client.post("/room/sign-in", data=form, headers=origin).status_code == 303
    return client


@contextmanager
def stream(client: httpx.Client, **headers: str) -> Iterator[Iterator[tuple[str, dict[str, Any], str]]]:
    """What comes, one event after the other: its kind, its data, its id."""

    def told(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any], str]]:
        fields: dict[str, str] = {}
        for line in lines:
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                yield fields["event"], json.loads(fields["data"]), fields.get("id", "")
                fields = {}

    with client.stream("GET", "/room/live", headers=headers) as answered:
        assert answered.status_code == 200
        assert answered.headers["content-type"].startswith("text/event-stream")
        assert answered.headers["cache-control"] == "no-store"
        yield told(answered.iter_lines())


def flip(client: httpx.Client, stage: str) -> int:
    asked = {"names": ["catalog.list"], "stage": stage, "why": "tests", "wait_seconds": 0}
    return int(client.post("/api/v1/flip", json=asked).json()["revision"])


def test_it_ticks_and_tells_of_moves_as_they_come(client: httpx.Client) -> None:
    with stream(client) as events:
        kind, tick, number = next(events)
        assert (kind, tick["revision"], tick["role"], tick["stale"]) == ("tick", 1, "approve", [])
        assert number == "1"
        revision = flip(client, "shadow")
        assert next(each for each in events if each[0] == "moved") == ("moved", {"revision": revision}, str(revision))
        assert next(events)[1]["revision"] == revision


def test_whoever_was_cut_off_hears_at_once_that_it_moved_meanwhile(client: httpx.Client) -> None:
    flip(client, "shadow")
    with stream(client, **{"Last-Event-ID": "1"}) as events:
        assert next(events)[:2] == ("moved", {"revision": 2})
    with stream(client, **{"Last-Event-ID": "2"}) as events:
        assert next(events)[0] == "tick"
    with stream(client, **{"Last-Event-ID": "<nonsense>"}) as events:
        assert next(events)[0] == "tick"


def test_it_says_what_it_tells_is_old(client: httpx.Client, store: MemoryToggleStore) -> None:
    with stream(client) as events:
        assert next(events)[1]["stale"] == []
        store.outage = "the disk is gone"
        told = next(tick for kind, tick, _ in events if kind == "tick" and tick["stale"])
        assert told["stale"] == ["store: the disk is gone"]
        store.outage = None
        assert next(tick for kind, tick, _ in events if kind == "tick" and not tick["stale"])


def test_it_says_which_workers_and_replicas_have_not_followed_but_not_while_they_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = MemoryDocumentStore()
    lagging = plane(tmp_path, MemoryToggleStore(), documents, workers=1)
    replica = {"started_at": "", "version": "1", "config": lagging.config.digest, "revision": 0, "workers": []}
    documents.beat("eu-2", replica, at=time.time() - 60)
    monkeypatch.setattr(room, "_FOLLOWING", timedelta(hours=1))
    with serving(lagging) as client, stream(signed_in(client)) as events:
        assert next(tick for kind, tick, _ in events if kind == "tick")["stale"] == []
        monkeypatch.setattr(room, "_FOLLOWING", timedelta(0))
        told = next(tick["stale"] for kind, tick, _ in events if kind == "tick" and len(tick["stale"]) > 1)
        assert [each.partition(":")[0] for each in told] == ["worker 0", "replica eu-2"]


def test_a_session_that_is_over_is_told_so_and_nothing_else(client: httpx.Client) -> None:
    with stream(client) as events:
        next(events)
        client.post("/api/v1/tokens", json={"name": "x", "role": "view", "why": "tests"})
        page = client.get("/room/back").text
        token = page.partition('name="form_token" value="')[2].partition('"')[0]
        origin = {"Origin": str(client.base_url).rstrip("/")}
        assert client.post("/room/sign-out", data={"form_token": token}, headers=origin).status_code == 303
        *_, last = events
        assert last[:2] == ("over", {})
    with stream(client) as events:
        assert [kind for kind, *_ in events] == ["over"]


def test_it_ends_when_the_control_plane_does(control: ControlPlane, client: httpx.Client) -> None:
    with stream(client) as events:
        next(events)
        loop = control.in_force.closing
        asyncio.run_coroutine_threadsafe(control.close_waits(), _loop_of(control)).result(30)
        assert loop.is_set()
        assert "over" not in [kind for kind, *_ in events], "nobody has signed out"


def test_only_so_many_are_held_open(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_MOST_EACH", 2)
    with stream(client) as one, stream(client) as two:
        next(one)
        next(two)
        refused = client.get("/room/live")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    until(lambda: client.head("/room/live").status_code == 200)
    with stream(client) as again:
        assert next(again)[0] == "tick"


def test_nobody_holds_all_that_there_are_by_signing_in_again(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_MOST_BY_TOKEN", 2)
    made = client.post("/api/v1/tokens", json={"name": "ben", "role": "view", "why": "tests"}).json()["secret"]
    with ExitStack() as visits:
        first, second, third = (visits.enter_context(httpx.Client(base_url=client.base_url)) for _ in range(3))
        for visit in (first, second, third):
            signed_in(visit, made)
        with stream(first) as one, stream(second) as two:
            next(one)
            next(two)
            assert third.get("/room/live").status_code == 503
            with stream(client) as other:
                assert next(other)[0] == "tick"


def _loop_of(control: ControlPlane) -> asyncio.AbstractEventLoop:
    return control._tasks[0].get_loop()
