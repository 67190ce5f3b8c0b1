"""Every call stands in the audit, whoever made it, whatever became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from strangler_proxy.control import ControlPlane
from strangler_proxy.state import StateDir

from strangler.testing import MemoryDocumentStore, MemoryEvidenceStore, MemoryToggleStore
from tests.proxy.control.fakes import config, plane
from tests.proxy.control.server import TOKEN, serving
from tests.proxy.page.visit import Visit, visiting


@pytest.fixture(scope="module")
def documents() -> MemoryDocumentStore:
    return MemoryDocumentStore()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, documents: MemoryDocumentStore) -> Iterator[httpx.Client]:
    control = plane(tmp_path_factory.mktemp("counting"), MemoryToggleStore(), documents, workers=0)
    with serving(control) as client:
        yield client


def made(client: httpx.Client, name: str, role: str) -> dict[str, str]:
    """The headers of a caller with a new token, who calls themselves ada."""
    answered = client.post("/api/v1/tokens", json={"name": name, "role": role, "why": "tests"})
    return {"Authorization": f"Bearer {answered.json()['secret']}", "X-Strangler-Who": "ada"}


def counted(client: httpx.Client, **asked: str) -> dict[tuple[str, int], dict[str, Any]]:
    """How often what was called, of the entries that are asked for, over all minutes."""
    entries = client.get("/api/v1/audit", params={"kind": "call", "limit": 1000, **asked}).json()["entries"]
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for each in entries:
        assert (each["kind"], each["action"], each["why"]) == ("call", "api.calls", "")
        here = found.setdefault((each["name"], each["detail"]["status"]), {"count": 0})
        here.update(who=each["who"], **{**each["detail"], "count": here["count"] + each["detail"]["count"]})
    return found


def test_reads_are_counted_under_caller_verb_and_status(client: httpx.Client) -> None:
    reader = made(client, "reader", "view")
    for _ in range(3):
        assert client.get("/api/v1/status", headers=reader).status_code == 200
    client.get("/api/v1/pairs/some-id", headers=reader)
    client.get("/api/v1/pairs/another", headers=reader)
    client.get("/api/v1/history", params={"limt": "1"}, headers=reader)
    client.get("/nowhere/secret-path", headers=reader)
    client.request("BREW", "/api/v1/status", headers=reader)
    found = counted(client, who="reader")
    assert {key: each["count"] for key, each in found.items()} == {
        ("GET /api/v1/status", 200): 3,
        ("GET /api/v1/pairs/{id}", 404): 2,
        ("GET /api/v1/history", 422): 1,
        ("GET elsewhere", 404): 1,
        ("another method /api/v1/status", 405): 1,
    }
    status = found["GET /api/v1/status", 200]
    assert (status["who"], status["token"], status["address"]) == ("ada (reader)", "reader", "127.0.0.1")


def test_what_is_only_tried_is_counted(client: httpx.Client) -> None:
    operator = made(client, "trier", "operate")
    tried = {"names": ["catalog.list"], "stage": "shadow", "why": "look", "dry_run": True}
    assert client.post("/api/v1/flip", json=tried, headers=operator).status_code == 200
    assert counted(client, who="trier")["POST /api/v1/flip", 200]["count"] == 1


def test_refused_calls_are_counted_under_what_is_known_of_the_caller(client: httpx.Client) -> None:
    viewer = made(client, "looker", "view")
    assert client.get("/api/v1/tokens", headers=viewer).status_code == 403
    assert counted(client, who="looker")["GET /api/v1/tokens", 403]["who"] == "ada (looker)"
    for number in range(3):
        guess = {"Authorization": f"Bearer guess-{number}", "X-Strangler-Who": f"mallory-{number}"}
        assert client.get("/api/v1/overview", headers=guess).status_code == 401
    assert client.get("/api/v1/overview", headers={"Host": "evil.example"}).status_code == 421
    found = counted(client, name="GET /api/v1/overview")
    assert found["GET /api/v1/overview", 401]["count"] == 3
    assert {(each["who"], each["token"]) for each in found.values()} == {("somebody (no token)", "")}
    assert ("GET /api/v1/overview", 421) in found


def test_those_that_come_too_often_are_counted(tmp_path: Path) -> None:
    configured = config(tmp_path, workers=0, control_rate=0.001)
    documents = MemoryDocumentStore()
    stores = MemoryToggleStore(), StateDir.of(configured), MemoryEvidenceStore(), documents
    with serving(ControlPlane(configured, *stores)) as client:
        assert [client.get("/api/v1/status").status_code for _ in range(3)] == [200, 429, 429]
    found: Counter[tuple[str, int]] = Counter()
    for each in documents.calls():
        # Another minute may have begun meanwhile.
        found[each.who, each.status] += each.count
    assert found == {("somebody (control.token)", 200): 1, ("somebody (control.token)", 429): 2}


def test_what_nobody_needs_a_token_for_is_counted_too(client: httpx.Client) -> None:
    for _ in range(2):
        assert httpx.get(client.base_url.join("/health/live"), trust_env=False).status_code == 200
    assert counted(client)["GET /health/live", 200]["count"] == 2


def test_moves_and_events_are_told_without_them(client: httpx.Client) -> None:
    client.get("/api/v1/status")
    assert counted(client)
    for asked in ({}, {"kind": "event"}, {"kind": "move"}):
        entries = client.get("/api/v1/audit", params={"limit": 1000, **asked}).json()["entries"]
        assert "api.calls" not in {each["action"] for each in entries}
    assert "api.calls" not in client.get("/api/v1/events", params={"limit": 1000}).text


def test_a_call_that_changed_something_is_told_once_and_counted(client: httpx.Client) -> None:
    operator = made(client, "mover", "operate")
    flip = {"names": ["catalog.list"], "stage": "shadow", "why": "compare", "wait_seconds": 0}
    assert client.post("/api/v1/flip", json=flip, headers=operator).status_code == 200
    entries = client.get("/api/v1/audit", params={"who": "mover"}).json()["entries"]
    assert [(each["kind"], each["name"]) for each in entries] == [("move", "catalog.list")]
    assert counted(client, who="mover")["POST /api/v1/flip", 200]["count"] == 1


def test_what_was_counted_last_is_written_when_the_control_plane_ends(tmp_path: Path) -> None:
    documents = MemoryDocumentStore()
    with serving(plane(tmp_path, MemoryToggleStore(), documents, workers=0)) as client:
        client.get("/api/v1/status")
    assert [(each.verb, each.count) for each in documents.calls()] == [("GET /api/v1/status", 1)]


def test_a_verb_that_fails_is_counted_as_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    control = plane(tmp_path, MemoryToggleStore(), workers=0)

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(control.documents, "events", fails)
    with serving(control) as client:
        assert client.get("/api/v1/events", headers={"Connection": "close"}).status_code == 500
        assert counted(client)["GET /api/v1/events", 500]["count"] == 1


def test_pages_are_counted_under_their_visitor_and_what_they_ask_of_the_api_is_not(tmp_path: Path) -> None:
    control = plane(tmp_path, MemoryToggleStore(), workers=0)

    def seen(visit: Visit) -> set[tuple[str, str, int]]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        entries = visit.client.get("/api/v1/audit?kind=call&limit=1000", headers=headers).json()["entries"]
        return {(each["who"], each["name"], each["detail"]["status"]) for each in entries}

    with visiting(control, signed_in=False) as visit:
        visit.get("/room/")
        visit.sign_in(token="a-guess")
        assert seen(visit) == {
            ("somebody (no token)", "GET /room/", 303),
            ("somebody (no token)", "POST /room/sign-in", 403),
        }
        visit.as_role("view")
        visit.get("/room/routes/catalog.list")
        visit.get("/room/routes/catalog.detail")
        found = seen(visit)
        assert ("ada (of-view)", "GET /room/routes/{name}", 200) in found
        assert [name for _, name, _ in found if name.startswith("GET /api/")] == ["GET /api/v1/audit"]
