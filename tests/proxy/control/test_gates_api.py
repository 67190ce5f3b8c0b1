"""Gates and approvals through the control API, and flips that gates hold back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Client
from strangler_proxy.control import ControlPlane

from strangler.evidence import AgreementWanted
from strangler.gates import Gates
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Stage
from tests.proxy.control.fakes import agreed_now, plane
from tests.proxy.control.server import serving
from tests.proxy.gates.test_approvals import Racing

WANTED = {Stage.CANARY: Gates(agreement=AgreementWanted(0.9), approval="tech lead")}
ROUTE = "catalog.list"
CANARY = {"names": [ROUTE], "stage": "canary", "share": "1%", "why": "ready"}


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), workers=0, gates=WANTED)


@pytest.fixture
def client(control: ControlPlane) -> Iterator[Client]:
    with serving(control) as client:
        moved = client.post("/api/v1/flip", json={"names": [ROUTE], "stage": "shadow", "why": "begin"})
        assert moved.status_code == 200, moved.text
        yield client


def judged(client: Client, **body: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/gates", json={"names": [ROUTE], **body})
    assert answer.status_code == 200, answer.text
    (row,) = answer.json()["routes"]
    said: dict[str, Any] = row
    return said


def verdicts(row: dict[str, Any]) -> dict[str, str]:
    return {each["gate"]: each["verdict"] for each in row["gates"]}


def approve(client: Client, word: str) -> None:
    body = {"names": [ROUTE], "word": word, "why": "looked at it"}
    answer = client.post("/api/v1/approvals", json=body, headers={"X-Strangler-Who": "ana@desk"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"approved": [ROUTE], "word": word, "who": "ana@desk (control.token)"}


def test_by_default_those_gates_are_judged_that_stand_before_the_next_stage(
    client: Client, control: ControlPlane
) -> None:
    row = judged(client)
    assert (row["stage"], row["before"], row["verdict"]) == ("shadow", "canary", "inconclusive")
    assert verdicts(row) == {"agreement": "inconclusive", "approval": "inconclusive"}
    agreed_now(control, 100)
    approve(client, "tech lead")
    row = judged(client)
    assert (row["verdict"], verdicts(row)) == ("pass", {"agreement": "pass", "approval": "pass"})


def test_where_nothing_is_asked_for_nothing_holds_anybody_back(client: Client) -> None:
    (row,) = client.post("/api/v1/gates", json={"names": ["wishlist", "catalog.detail"][1:]}).json()["routes"]
    assert (row["before"], row["verdict"], row["gates"]) == ("shadow", "pass", [])


def test_gates_can_be_sent_along(client: Client, control: ControlPlane) -> None:
    agreed_now(control, 100)
    row = judged(client, gates={"agreement": {"bound": 0.9}, "requests": 500})
    assert (row["before"], row["verdict"]) == (None, "inconclusive")
    assert verdicts(row) == {"agreement": "pass", "requests": "inconclusive"}
    # Of what was seen since a moment that is yet to come nothing is there, but for evidence, which is kept by the day.
    assert judged(client, gates={"time": 1}, since=2**33)["verdict"] == "inconclusive"
    assert judged(client, gates={"time": 1}, since=0)["verdict"] == "pass"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"gates": {"probe": "http://169.254.169.254/"}}, "`probe` over the network is refused"),
        ({"gates": {"command": "rm -rf /"}}, "`command` over the network is refused"),
        ({"gates": {"prometheus": {"url": "http://x", "query": "up", "min": 1}}}, "`prometheus` over the network"),
        ({"gates": {"agreement": 99.9}}, "is 99.9, and a share is from 0 to 1"),
        ({"gates": {"agrement": 0.9}}, "agrement"),
        ({"since": -1}, "since"),
        ({"names": []}, "names"),
    ],
)
def test_what_cannot_be_meant_and_what_would_ask_any_address_is_refused(
    client: Client, body: dict[str, Any], said: str
) -> None:
    answer = client.post("/api/v1/gates", json={"names": [ROUTE], **body})
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize("path", ["gates", "approvals"])
def test_nobody_of_that_name_is_told(client: Client, path: str) -> None:
    why = {"why": "x"} if path == "approvals" else {}
    answer = client.post(f"/api/v1/{path}", json={"names": ["nobody.*"], **why})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_toggle")


def test_a_flip_is_held_back_until_the_gates_before_its_stage_pass(client: Client, control: ControlPlane) -> None:
    refused = client.post("/api/v1/flip", json=CANARY)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "move_refused")
    error = refused.json()["error"]
    assert "catalog.list may not enter `canary` before its gates pass. agreement (inconclusive)" in error["message"]
    assert "approval (inconclusive)" in error["message"]
    assert "--force" in error["remedy"]
    assert control.snapshot.toggles[ROUTE].stage is Stage.SHADOW
    agreed_now(control, 100)
    approve(client, "tech lead")
    assert client.post("/api/v1/flip", json=CANARY).status_code == 200
    assert control.snapshot.toggles[ROUTE].stage is Stage.CANARY


def test_the_way_past_gates_is_forced_and_stands_in_the_audit(client: Client) -> None:
    assert client.post("/api/v1/flip", json={**CANARY, "force": True, "why": "an emergency"}).status_code == 200
    entry = client.get("/api/v1/history", params={"name": ROUTE, "limit": 1}).json()["entries"][0]
    assert (entry["to"]["stage"], entry["forced"], entry["why"]) == ("canary", True, "an emergency")


def test_no_gate_keeps_anybody_from_going_back(client: Client, control: ControlPlane) -> None:
    assert client.post("/api/v1/flip", json={**CANARY, "force": True}).status_code == 200
    assert client.post("/api/v1/back", json={"names": [ROUTE], "why": "it fails"}).status_code == 200
    assert control.snapshot.toggles[ROUTE].stage is Stage.MONOLITH


def test_an_approval_that_others_keep_overwriting_is_refused(tmp_path: Path) -> None:
    control = plane(tmp_path, MemoryToggleStore(), Racing(99), workers=0)
    with serving(control) as client:
        answer = client.post("/api/v1/approvals", json={"names": [ROUTE], "why": "looked at it"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "document_conflict")


def test_nobody_approves_under_the_name_of_another(client: Client) -> None:
    body = {"names": [ROUTE], "word": "ana@desk (ci)", "why": "a lie"}
    answer = client.post("/api/v1/approvals", json=body)
    assert (answer.status_code, answer.json()["error"]["where"]) == (422, "word")


def test_an_approval_is_for_the_stage_in_which_it_was_given(client: Client) -> None:
    approve(client, "tech lead")
    client.post("/api/v1/back", json={"names": [ROUTE], "why": "again"})
    client.post("/api/v1/flip", json={"names": [ROUTE], "stage": "shadow", "why": "again"})
    assert verdicts(judged(client))["approval"] == "inconclusive"
