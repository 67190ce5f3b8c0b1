from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from httpx import Client
from strangler_proxy.control import ControlPlane
from strangler_proxy.control.incoming import BODY_LIMIT

from strangler.testing import FixedMoveGuard
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Snapshot, Stage
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import TOKEN, serving

JSON = {"Content-Type": "application/json"}
FLIP = {"names": ["catalog.list"], "stage": "extracted", "force": True, "why": "ready", "wait_seconds": 0}


@pytest.fixture
def store() -> MemoryToggleStore:
    return MemoryToggleStore()


@pytest.fixture
def control(tmp_path: Path, store: MemoryToggleStore) -> ControlPlane:
    return plane(tmp_path, store)


@pytest.fixture
def client(control: ControlPlane) -> Iterator[Client]:
    with serving(control) as client:
        yield client


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """For tests that move nothing: a server of their own for each would take most of their time."""
    with serving(plane(tmp_path_factory.mktemp("untouched"), MemoryToggleStore())) as client:
        yield client


def error(client: Client, method: str, path: str, **given: Any) -> tuple[int, dict[str, str]]:
    answered = client.request(method, path, **given)
    return answered.status_code, answered.json()["error"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic " + TOKEN, TOKEN, "Bearer ü"])
def test_without_the_right_token_nothing_is_told(untouched: Client, header: str) -> None:
    for method, path in [("GET", "/api/v1/status"), ("POST", "/api/v1/flip"), ("GET", "/openapi.json"), ("GET", "/x")]:
        answered = untouched.request(method, path, headers={b"Authorization": header.encode()})
        assert answered.status_code == 401
        assert answered.headers["WWW-Authenticate"] == "Bearer"
        assert answered.json()["error"]["code"] == "unauthorized"
        assert TOKEN not in answered.text


def test_health_needs_no_token(client: Client, store: MemoryToggleStore) -> None:
    for path in ("/health/live", "/health/ready", "/.well-known/strangler/jwks.json"):
        assert client.get(path, headers={"Authorization": ""}).status_code != 401


def test_readiness_names_what_is_missing_without_its_place(client: Client, store: MemoryToggleStore) -> None:
    store.outage = "/secret/place is gone"
    client.post("/api/v1/flip", json=FLIP)
    answered = client.get("/health/ready")
    assert answered.status_code == 503
    said = {"store": "unavailable", "disk": "ok", "workers": "unavailable", "evidence": "ok"}
    assert answered.json() == {"status": "degraded", "dependencies": said}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8081", "127.0.0.1.evil.example", "", "[::2]:8081"])
def test_another_name_than_this_machines_is_refused(untouched: Client, host: str) -> None:
    for path in ("/api/v1/status", "/health/live"):
        assert error(untouched, "GET", path, headers={"Host": host})[0] == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8081"])
def test_every_name_of_this_machine_will_do(untouched: Client, host: str) -> None:
    assert untouched.get("/health/live", headers={"Host": host}).status_code == 200


def test_no_other_origin_is_let_in(untouched: Client) -> None:
    answered = untouched.options(
        "/api/v1/flip", headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    )
    assert not [name for name in answered.headers if name.startswith("access-control")]


def test_the_snapshot_has_its_revision_as_etag(untouched: Client) -> None:
    answered = untouched.get("/api/v1/snapshot")
    assert Snapshot.from_json(answered.json()).revision == 1
    assert answered.headers["ETag"] == '"1"'
    same = untouched.get("/api/v1/snapshot", headers={"If-None-Match": 'W/"0", "1"'})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", '"1"')


def test_who_waits_for_another_revision_gets_it_as_soon_as_it_is_there(client: Client) -> None:
    assert client.get("/api/v1/snapshot?wait=60&revision=0").json()["revision"] == 1
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get, "/api/v1/snapshot?wait=60&revision=1", headers={"If-None-Match": '"1"'})
        assert client.post("/api/v1/flip", json=FLIP).status_code == 200
        assert waiting.result().json()["revision"] == 2
    began = time.monotonic()
    same = client.get("/api/v1/snapshot?wait=0.05&revision=2", headers={"If-None-Match": '"2"'})
    assert same.status_code == 304
    assert time.monotonic() - began >= 0.05


def test_a_flip_is_answered_with_what_moved_and_who_is_missing(client: Client) -> None:
    answered = client.post("/api/v1/flip", json=FLIP, headers={b"X-Strangler-Who": "zoë@laptop".encode()})
    outcome = answered.json()
    assert answered.status_code == 200
    assert (outcome["revision"], outcome["acknowledged"], outcome["missing"]) == (2, [], ["0", "1"])
    assert [(each["name"], each["from"]["stage"], each["to"]["stage"]) for each in outcome["moved"]] == [
        ("catalog.list", "monolith", "extracted")
    ]
    (entry,) = client.get("/api/v1/history?name=catalog.list&limit=1").json()["entries"]
    assert (entry["who"], entry["why"], entry["forced"]) == ("zoë@laptop (control.token)", "ready", True)


def test_a_dry_run_says_what_would_move_and_moves_nothing(client: Client) -> None:
    dry = {**FLIP, "dry_run": True}
    outcome = client.post("/api/v1/flip", json=dry).json()
    assert (outcome["dry_run"], outcome["revision"], outcome["missing"]) == (True, 1, [])
    assert [(each["name"], each["to"]["stage"]) for each in outcome["moved"]] == [("catalog.list", "extracted")]
    assert client.get("/api/v1/snapshot").json()["revision"] == 1
    assert client.get("/api/v1/events").json()["events"] == []
    standing = {**dry, "stage": "monolith", "force": False}
    assert client.post("/api/v1/flip", json=standing).json()["moved"] == []


def test_a_dry_run_is_refused_as_the_move_would_be(client: Client, control: ControlPlane) -> None:
    def refused(**change: Any) -> tuple[int, str]:
        status, wrong = error(client, "POST", "/api/v1/flip", json={**FLIP, "dry_run": True, **change})
        return status, wrong["code"]

    control.checks.append(FixedMoveGuard({"catalog.list": "it is not ready."}, stages=[Stage.SHADOW, Stage.EXTRACTED]))
    assert refused(force=False) == (409, "illegal_move")
    assert refused(stage="shadow", force=False) == (409, "move_refused")
    assert client.post("/api/v1/flip", json={**FLIP, "dry_run": True}).json()["moved"]
    assert refused(names=["orders.*"]) == (404, "unknown_toggle")
    assert refused(expected_revision=7) == (409, "revision_conflict")
    assert refused(dry_run="yes") == (422, "bad_input")


def test_without_a_store_a_dry_run_is_refused(client: Client, store: MemoryToggleStore) -> None:
    store.outage = "gone"
    assert error(client, "POST", "/api/v1/flip", json=FLIP)[0] == 503
    assert error(client, "POST", "/api/v1/flip", json={**FLIP, "dry_run": True})[1]["code"] == "store_unavailable"


def test_shares_and_overrides_are_set_and_taken_away(client: Client) -> None:
    flip = {**FLIP, "stage": "canary", "share": "12.5%", "overrides": {"ana": "candidate", "ben": "monolith"}}
    assert client.post("/api/v1/flip", json=flip).status_code == 200
    again = {**FLIP, "stage": "canary", "overrides": {"ben": None}}
    (moved,) = client.post("/api/v1/flip", json=again).json()["moved"]
    assert (moved["to"]["share"], moved["to"]["overrides"]) == (12500, {"ana": "candidate"})


def test_back_takes_names_or_all(client: Client) -> None:
    client.post("/api/v1/flip", json={**FLIP, "names": ["catalog.*"]})
    some = client.post("/api/v1/back", json={"names": ["catalog.l*"], "why": "x", "wait_seconds": 0}).json()
    assert [each["name"] for each in some["moved"]] == ["catalog.list"]
    rest = client.post("/api/v1/back", json={"all": True, "why": "x", "wait_seconds": 0}).json()
    assert [each["name"] for each in rest["moved"]] == ["catalog.detail", "catalog.facts"]
    assert {toggle["stage"] for toggle in client.get("/api/v1/status").json()["toggles"]} == {Stage.MONOLITH.value}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"why": ""}, "why"),
        ({"why": "  "}, "why"),
        ({"why": "x" * 501}, "why"),
        ({"why": "two\nlines"}, "why"),
        ({"why": "\x1b[31mred"}, "why"),
        ({"why": "re\u202everse"}, "why"),
        ({"why": None}, "why"),
        ({"stage": "moon"}, "stage"),
        ({"share": "lots"}, "share"),
        ({"share": "101%"}, "share"),
        ({"share": "nan"}, "share"),
        ({"names": []}, "names"),
        ({"names": "catalog.list"}, "names"),
        ({"names": ["\x00"]}, "names.0"),
        ({"overrides": {"ana": "mars"}}, "overrides.ana"),
        ({"overrides": {"": "monolith"}}, "overrides..[key]"),
        ({"force": "yes"}, "force"),
        ({"expected_revision": -1}, "expected_revision"),
        ({"wait_seconds": 61}, "wait_seconds"),
        ({"wait_seconds": "soon"}, "wait_seconds"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_nonsense_is_refused_with_its_place(untouched: Client, change: dict[str, Any], where: str) -> None:
    status, wrong = error(untouched, "POST", "/api/v1/flip", json={**FLIP, **change})
    assert (status, wrong["code"], wrong["where"]) == (422, "bad_input", where)
    assert untouched.get("/api/v1/status").json()["revision"] == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"names": NaN}', b"[" * 60_000])
def test_a_body_that_is_no_request_is_refused(untouched: Client, body: bytes) -> None:
    assert error(untouched, "POST", "/api/v1/flip", content=body, headers=JSON)[0] == 422


@pytest.mark.parametrize("body", [{"why": "x"}, {"why": "x", "all": True, "names": ["a"]}, {"why": "x", "all": False}])
def test_back_wants_either_names_or_all(untouched: Client, body: dict[str, Any]) -> None:
    assert error(untouched, "POST", "/api/v1/back", json=body)[0] == 422


@pytest.mark.parametrize(
    "path", ["history?limit=-1", "history?limit=x", "history?limit=1001", "snapshot?wait=nan", "snapshot?wait=61"]
)
def test_a_number_that_is_none_is_refused_with_its_place(untouched: Client, path: str) -> None:
    status, wrong = error(untouched, "GET", f"/api/v1/{path}")
    assert status == 422
    assert wrong["where"] == path.partition("?")[2].partition("=")[0]


def test_refusals_tell_their_kinds_apart(client: Client, store: MemoryToggleStore) -> None:
    def refused(**change: Any) -> tuple[int, str]:
        status, wrong = error(client, "POST", "/api/v1/flip", json={**FLIP, **change})
        return status, wrong["code"]

    assert refused(names=["orders.*"]) == (404, "unknown_toggle")
    assert refused(force=False) == (409, "illegal_move")
    assert refused(expected_revision=7) == (409, "revision_conflict")
    assert error(client, "POST", "/api/v1/adopt", json={"keep": "store", "why": "x"})[1]["code"] == "illegal_move"
    store.outage = "gone"
    assert refused() == (503, "store_unavailable")
    assert error(client, "GET", "/api/v1/history")[1]["code"] == "store_unavailable"


def test_too_large_a_body_is_refused(untouched: Client) -> None:
    assert error(untouched, "POST", "/api/v1/flip", content=b"x" * (BODY_LIMIT + 1), headers=JSON)[0] == 413
    endless = (b"x" * 1024 for _ in range(BODY_LIMIT // 1024 + 1))
    assert error(untouched, "POST", "/api/v1/flip", content=endless, headers=JSON)[0] == 413


def test_an_unknown_place_or_method_is_an_error_in_json(untouched: Client) -> None:
    assert error(untouched, "GET", "/nowhere") == (
        404,
        {
            "code": "not_found",
            "message": "Not Found: GET /nowhere",
            "remedy": "GET /openapi.json describes every verb.",
        },
    )
    answered = untouched.get("/api/v1/flip")
    assert (answered.status_code, answered.headers["Allow"]) == (405, "POST")


def test_a_failure_of_ours_is_an_error_in_json(client: Client, store: MemoryToggleStore) -> None:
    store.history = None  # type: ignore[assignment, method-assign]
    assert error(client, "GET", "/api/v1/history")[1]["code"] == "internal"


def test_routes_are_listed_with_their_stage(untouched: Client) -> None:
    rows = {row["name"]: row for row in untouched.get("/api/v1/routes").json()["routes"]}
    assert rows["catalog.list"]["stage"] == "monolith"
    assert (rows["wishlist"]["twin"], rows["wishlist"]["stage"]) == (False, None)


def test_who_did_not_say_who_is_somebody_and_escapes_are_written_out(client: Client) -> None:
    client.post("/api/v1/flip", json=FLIP)
    client.post("/api/v1/flip", json={**FLIP, "stage": "monolith"}, headers={b"X-Strangler-Who": b"a\x1b[2Jb"})
    newest, older = client.get("/api/v1/history?name=catalog.list&limit=2").json()["entries"]
    assert older["who"] == "somebody (control.token)"
    assert newest["who"] == "a\\x1b[2Jb (control.token)"


def test_a_request_is_explained_for_those_who_ask(client: Client) -> None:
    flip = {**FLIP, "stage": "canary", "share": "0%", "overrides": {"ana": "candidate"}}
    client.post("/api/v1/flip", json=flip)
    query = {"path": "/catalog.list/7/?x=1", "subject": ["ana", "ben"]}
    explained = client.get("/api/v1/explain", params=query).json()
    assert (explained["revision"], explained["stage"]) == (2, "canary 0%")
    assert [(each["subject"], each["upstream"]) for each in explained["subjects"]] == [
        ("ana", "catalog"),
        ("ben", "monolith"),
    ]
    assert client.get("/api/v1/explain?path=/nowhere").json()["answers"] == "monolith"


@pytest.mark.parametrize("query", ["", "?path=nowhere", "?path=/&header=nothing"])
def test_what_is_no_request_cannot_be_explained(untouched: Client, query: str) -> None:
    assert error(untouched, "GET", f"/api/v1/explain{query}")[0] == 422


def test_a_subject_is_found_in_the_headers_of_the_request_to_explain(untouched: Client) -> None:
    query = {"path": "/catalog.list/7/", "header": ["Cookie: strangler_subject=v1.forged.forged"]}
    assert untouched.get("/api/v1/explain", params=query).json()["subjects"] == []
