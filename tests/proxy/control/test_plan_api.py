"""Plans through the control API: the lease, the marks, and whose word counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Client, Response
from strangler_proxy.control import ControlPlane
from strangler_proxy.plan.mark import Mark

from strangler.testing import MemoryToggleStore
from strangler.toggles import Stage
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import serving

HOLDER = "ben@desk, process 7"
MARK = Mark("0123456789ab", 1.0, "ben").to_json()


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), workers=0)


@pytest.fixture
def client(control: ControlPlane) -> Iterator[Client]:
    with serving(control) as client:
        yield client


def lease(client: Client, holder: str = HOLDER, **more: Any) -> str:
    return str(client.post("/api/v1/plan/shop/lease", json={"holder": holder, **more}).json()["holder"])


def keep(client: Client, *, version: int = 0, holder: str = HOLDER, mark: Any = MARK, **more: Any) -> Response:
    body = {"holder": holder, "step": "reads.a", "mark": mark, "version": version, "action": "plan.begin", "why": "x"}
    return client.post("/api/v1/plan/shop/mark", json={**body, **more})


def flip(client: Client, stage: str, **more: Any) -> Response:
    body = {"holder": HOLDER, "step": "reads.a", "names": ["catalog.list"], "stage": stage, "why": "x"}
    return client.post("/api/v1/plan/shop/flip", json={**body, **more})


def operator(client: Client) -> dict[str, str]:
    """The header of a token that may operate and not approve."""
    made = client.post("/api/v1/tokens", json={"name": "ci", "role": "operate", "why": "x", "expires_seconds": None})
    return {"Authorization": f"Bearer {made.json()['secret']}"}


def test_one_has_the_lease_until_it_is_let_go_of(client: Client) -> None:
    assert client.get("/api/v1/plan/shop").json()["holder"] == ""
    assert lease(client) == HOLDER
    assert lease(client, "carla") == HOLDER
    assert client.get("/api/v1/plan/shop").json()["holder"] == HOLDER
    assert client.get("/api/v1/plan/other").json()["holder"] == ""
    assert lease(client, release=True) == ""
    assert lease(client, "carla") == "carla"


def test_whoever_only_looks_keeps_nobody_out_whose_clock_is_behind(client: Client, control: ControlPlane) -> None:
    client.get("/api/v1/plan/shop")
    assert control.documents.lease("plan/shop", "carla", seconds=30.0, now=0.0) == "carla"


def test_a_mark_is_kept_with_its_event_by_whoever_has_the_lease_and_knows_the_last(
    client: Client, control: ControlPlane
) -> None:
    lease(client, "carla")
    refused = keep(client)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "plan_busy")
    assert "carla" in refused.json()["error"]["message"]
    assert control.documents.events(action="plan.*") == []
    lease(client, "carla", release=True)
    version = keep(client, detail={"gates": []}).json()["version"]
    assert client.get("/api/v1/plan/shop").json()["marks"] == {"reads.a": {"version": version, "mark": MARK}}
    assert client.get("/api/v1/plan/other").json()["marks"] == {}
    (event,) = control.documents.events(action="plan.*")
    assert (event.action, event.name, event.detail) == ("plan.begin", "shop/reads.a", {"gates": []})
    assert keep(client, version=version + 7).json()["error"]["code"] == "document_conflict"
    keep(client, version=version, mark=None)
    assert client.get("/api/v1/plan/shop").json()["marks"] == {}
    assert keep(client, mark=None).status_code == 200


def test_no_mark_looks_like_a_consent_in_the_audit(client: Client, control: ControlPlane) -> None:
    lease(client)
    assert keep(client, action="plan.approve").status_code == 422
    assert control.documents.events(action="plan.*") == []


def test_what_came_into_the_file_is_no_move(client: Client) -> None:
    assert client.get("/api/v1/plan/shop").json()["moves"] == []
    lease(client)
    assert flip(client, "shadow").status_code == 200
    moves = client.get("/api/v1/plan/shop").json()["moves"]
    assert [(each["name"], each["stage"]) for each in moves] == [("catalog.list", "shadow")]


def test_moves_carry_plan_and_step_into_the_audit(client: Client, control: ControlPlane) -> None:
    lease(client)
    assert flip(client, "shadow", evidence={"reason": "agreed", "plan": "a lie"}).status_code == 200
    assert control.snapshot.toggles["catalog.list"].stage is Stage.SHADOW
    (entry,) = [each for each in control.in_force.store.history("catalog.list") if each.before is not None]
    assert entry.evidence == {"reason": "agreed", "plan": "shop", "step": "reads.a"}
    (row,) = [each for each in client.get("/api/v1/plan/shop").json()["toggles"] if each["name"] == "catalog.list"]
    assert (row["stage"], row["since"]) == ("shadow", entry.at.timestamp())
    lease(client, release=True)
    lease(client, "carla")
    assert flip(client, "canary", share="10%").json()["error"]["code"] == "plan_busy"


def test_one_way_doors_past_stages_and_consents_want_the_role_approve(client: Client) -> None:
    header = operator(client)
    assert client.post("/api/v1/plan/shop/lease", json={"holder": HOLDER}, headers=header).status_code == 200
    base = {"holder": HOLDER, "step": "a", "names": ["catalog.list"], "why": "x"}
    for body in ({**base, "stage": "retired"}, {**base, "stage": "extracted", "force": True}):
        assert client.post("/api/v1/plan/shop/flip", json=body, headers=header).status_code == 403
    consent = {"step": "a", "meaning": "0123456789ab", "why": "looked"}
    assert client.post("/api/v1/plan/shop/consent", json=consent, headers=header).status_code == 403
    given = client.post("/api/v1/plan/shop/consent", json=consent).json()
    assert given["who"].endswith("(control.token)")
    assert client.get("/api/v1/plan/shop").json()["consents"] == {"a": given}
    again = client.post("/api/v1/plan/shop/consent", json={**consent, "meaning": "ba9876543210"}).json()
    assert client.get("/api/v1/plan/shop").json()["consents"]["a"] == again


@pytest.mark.parametrize(
    "more",
    [
        {"mark": {"meaning": "x"}},
        {"step": "Not An Id"},
        {"action": "api.call"},
        {"why": ""},
        {"holder": ""},
        {"holder": "a\nb"},
        {"more": 1},
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(client: Client, control: ControlPlane, more: Any) -> None:
    lease(client)
    assert keep(client, **more).status_code == 422
    assert control.documents.listed("plan") == []


def test_retiring_is_done_one_by_one_and_a_plans_name_is_a_line(client: Client) -> None:
    lease(client)
    assert flip(client, "retired", names=["catalog.list", "catalog.detail"]).status_code == 422
    assert client.get(f"/api/v1/plan/{'x' * 101}").status_code == 422
    assert client.get("/api/v1/plan/a%0Ab").status_code == 422
