"""Back, the kill switch, as a page and as a form on every page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from strangler_proxy.control import ControlPlane, room

from strangler.evidence import SeenScope
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Stage
from tests.proxy.control.fakes import plane
from tests.proxy.page.visit import Visit, visiting
from tests.waiting import until


@pytest.fixture
def store() -> MemoryToggleStore:
    return MemoryToggleStore()


@pytest.fixture
def control(tmp_path: Path, store: MemoryToggleStore) -> ControlPlane:
    return plane(tmp_path, store, workers=0)


@pytest.fixture
def visit(control: ControlPlane) -> Iterator[Visit]:
    with visiting(control) as visit:
        flip = {"names": ["catalog.*"], "stage": "extracted", "force": True, "why": "tests", "wait_seconds": 0}
        token = {"Authorization": "Bearer a-token-that-nobody-guesses"}
        assert visit.client.post("/api/v1/flip", json=flip, headers=token).status_code == 200
        yield visit


def test_one_route_goes_back_at_once_and_it_is_told_once(visit: Visit, control: ControlPlane) -> None:
    done = visit.post("/room/back", {"name": "catalog.list", "why": "p99 doubled", "next": "/room/back"})
    assert (done.status_code, done.headers["location"]) == (303, "/room/back")
    assert control.snapshot.toggles["catalog.list"].stage is Stage.MONOLITH
    assert control.snapshot.toggles["catalog.detail"].stage is Stage.EXTRACTED
    assert "Back at the monolith. catalog.list: live on 0 of 0 workers" in visit.get("/room/back").text
    assert "Back at the monolith. catalog" not in visit.get("/room/back").text
    entry = control.in_force.store.history("catalog.list", limit=1)[0]
    assert (entry.who, entry.why) == ("ada (control.token)", "p99 doubled")


def test_everything_goes_back(visit: Visit, control: ControlPlane) -> None:
    visit.post("/room/back", {"name": "", "why": "the database is on fire"})
    assert {each.stage for each in control.snapshot.toggles.values()} == {Stage.MONOLITH}
    visit.post("/room/back", {"name": "", "why": "once more"})
    assert "Everything is at the monolith already" in visit.get("/room/back").text


def test_what_is_refused_stands_at_the_form_with_all_that_was_written(visit: Visit, store: MemoryToggleStore) -> None:
    unsaid = visit.post("/room/back", {"name": "catalog.list", "why": "  ", "next": "/room/back?name=x"})
    assert unsaid.status_code == 422
    assert "says why" in unsaid.text
    store.outage = "the disk is gone"
    lost = visit.post("/room/back", {"name": "catalog.list", "why": "p99 <b>doubled</b>", "next": "/room/back?name=x"})
    assert lost.status_code == 503
    assert "the disk is gone" in lost.text
    assert 'value="p99 &lt;b&gt;doubled&lt;/b&gt;"' in lost.text
    assert 'value="catalog.list" checked' in lost.text
    assert 'name="next" value="/room/back?name=x"' in lost.text


def test_a_name_that_there_is_not_is_refused(visit: Visit) -> None:
    answered = visit.post("/room/back", {"name": "nobody", "why": "tests"})
    assert answered.status_code == 404
    assert "nobody" in answered.text


def test_it_is_on_every_page_for_those_who_may_and_on_none_for_others(visit: Visit) -> None:
    for path in ("/room/back", "/room/nowhere"):
        assert 'id="back-dialog"' in visit.get(path).text
    visit.as_role("operate")
    assert 'id="back-dialog"' in visit.get("/room/back").text
    visit.as_role("view")
    for path in ("/room/back", "/room/nowhere"):
        assert 'id="back-dialog"' not in visit.get(path).text


def test_after_it_one_is_where_one_was_and_nowhere_else(visit: Visit) -> None:
    done = visit.post("/room/back", {"name": "catalog.list", "why": "tests", "next": "https://evil.example/"})
    assert done.headers["location"] == "/room/"


def test_it_waits_for_nobody_who_looks(control: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_THREADS", 2)
    looking: list[str] = []
    enough = threading.Event()

    def slow(_: str | None = None) -> list[SeenScope]:
        looking.append("")
        enough.wait(60)
        return []

    monkeypatch.setattr(control.evidence.store, "scopes", slow)
    with visiting(control) as visit, ThreadPoolExecutor(2) as others:
        try:
            pages = [others.submit(visit.get, "/room/differences") for _ in range(2)]
            until(lambda: len(looking) == 2)
            assert visit.post("/room/back", {"name": "", "why": "the database is on fire"}).status_code == 303
            assert not any(each.done() for each in pages)
        finally:
            enough.set()
        assert [each.result().status_code for each in pages] == [200, 200]
