"""Steps that the control plane carries out itself, through the control API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Client, Response
from strangler_proxy.control import ControlPlane
from strangler_proxy.plan import load_plan

from strangler.testing import MemoryToggleStore
from strangler.toggles import Stage
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import serving
from tests.waiting import until

PLAN = """# Plan

```toml step=both
moves = [{ flip = "catalog.list", stage = "shadow" }]
```

```toml step=some
needs = ["both"]
moves = [{ approval = "the owner" }, { flip = "catalog.list", stage = "canary", share = "10%" }, { wait = "10d" }]
```

```toml step=warm
needs = ["both"]
moves = [{ flip = "catalog.detail", stage = "shadow" }, { command = "touch ran" }]
undo = [{ command = "touch undone" }]
```

```toml step=looked
[before]
command = "touch looked"
```

```toml step=swept
[checks]
nothing_left = { names = ["shop.lists"], within = ["shop"] }
```

```toml step=skips
moves = [{ flip = "catalog.detail", stage = "extracted", force = true }]
```

```toml step=gone
needs = ["both"]
one_way = "lists"
moves = [{ flip = "catalog.list", stage = "extracted", force = true }, { flip = "catalog.list", stage = "retired" }]
```
"""
RUN = "/api/v1/plan/migration_plan/run"


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ControlPlane:
    monkeypatch.setattr("strangler_proxy.plan.attempt._LOOK_EVERY", 0.02)
    monkeypatch.setattr("strangler_proxy.control.plan_runs._KEEP_EVERY", 0.0)
    path = tmp_path / "migration_plan.md"
    path.write_text(PLAN)
    return plane(tmp_path, MemoryToggleStore(), workers=0, plan=path)


@pytest.fixture
def client(control: ControlPlane) -> Iterator[Client]:
    with serving(control) as client:
        yield client


def run(
    client: Client, control: ControlPlane, step: str, act: str = "apply", *, confirm: str = "", **headers: str
) -> Response:
    digest = load_plan(control.config.plan).step(step).digest
    body = {"step": step, "digest": digest, "act": act, "confirm": confirm}
    return client.post(RUN, json=body, headers={"X-Strangler-Who": "ada@desk", **headers})


def stage(control: ControlPlane, name: str = "catalog.list") -> Stage:
    return control.snapshot[name].stage


def view(client: Client) -> dict[str, Any]:
    seen: dict[str, Any] = client.get("/api/v1/plan/migration_plan").json()
    return seen


def ended(client: Client) -> dict[str, Any]:
    """The last run, once it is over."""

    def over() -> dict[str, Any] | None:
        run: dict[str, Any] | None = view(client)["run"]
        return None if run is None or run["ended_at"] is None else run

    return until(over)


def as_role(client: Client, role: str) -> dict[str, str]:
    made = client.post("/api/v1/tokens", json={"name": role, "role": role, "why": "x", "expires_seconds": None})
    return {"Authorization": f"Bearer {made.json()['secret']}"}


def approve(client: Client, control: ControlPlane, step: str) -> None:
    meaning = load_plan(control.config.plan).step(step).meaning
    client.post("/api/v1/plan/migration_plan/consent", json={"step": step, "meaning": meaning, "why": "seen"})


def refused(answered: Response, status: int, code: str) -> str:
    assert (answered.status_code, answered.json()["error"]["code"]) == (status, code), answered.text
    return str(answered.json()["error"]["message"])


def test_a_step_is_applied_in_the_name_of_whoever_asked_and_undone_again(client: Client, control: ControlPlane) -> None:
    begun = run(client, control, "both").json()["run"]
    assert (begun["step"], begun["act"], begun["who"]) == ("both", "apply", "ada@desk (control.token)")
    assert ended(client)["outcome"] == "done"
    assert stage(control) is Stage.SHADOW
    assert [each["kind"] for each in view(client)["run"]["told"]] == ["begun", "moves", "made"]
    (move, *_) = control.in_force.store.history("catalog.list")
    assert (move.who, move.evidence) == ("ada@desk (control.token)", {"plan": "migration_plan", "step": "both"})
    assert {each.who for each in control.documents.events(action="plan.*")} == {"ada@desk (control.token)"}
    assert view(client)["holder"] == ""
    run(client, control, "both", "undo")
    assert ended(client)["act"] == "undo"
    assert stage(control) is Stage.MONOLITH
    assert view(client)["marks"] == {}


def test_a_long_name_takes_nobody_the_lease(client: Client, control: ControlPlane) -> None:
    begun = run(client, control, "both", **{"X-Strangler-Who": "a" * 100}).json()["run"]
    assert len(begun["holder"]) <= 200
    assert ended(client)["outcome"] == "done"


def test_a_long_wait_goes_on_without_anybody_and_is_seen_by_all_until_it_is_called_off(
    client: Client, control: ControlPlane
) -> None:
    run(client, control, "both")
    ended(client)
    approve(client, control, "some")
    begun = run(client, control, "some").json()["run"]
    assert begun["ended_at"] is None
    waiting = until(lambda: (found := view(client)["run"])["waits"].endswith("left") and found)
    assert view(client)["holder"] == waiting["holder"]
    assert control.snapshot["catalog.list"].share == 10_000
    # Another replica reads it in the store.
    kept = until(lambda: (found := control.documents.read("plan-run", "migration_plan")) and found.content["run"])
    assert (kept["step"], kept["ended_at"]) == ("some", None)
    busy = refused(run(client, control, "both", "undo"), 409, "plan_waits")
    assert "one at a time" in busy
    assert client.delete(RUN, headers=as_role(client, "view")).status_code == 403
    assert client.delete(RUN).json() == {"called_off": True}
    assert ended(client)["outcome"] == "called off"
    assert view(client)["holder"] == ""
    assert client.delete(RUN).json() == {"called_off": False}
    # Nothing was taken back, and it goes on from there.
    assert control.snapshot["catalog.list"].share == 10_000
    assert run(client, control, "some").json()["run"]["ended_at"] is None
    client.delete(RUN)


def test_a_token_that_is_revoked_meanwhile_moves_nothing_any_more(client: Client, control: ControlPlane) -> None:
    run(client, control, "both")
    ended(client)
    approve(client, control, "some")
    header = as_role(client, "operate")
    assert run(client, control, "some", **header).status_code == 200
    client.post("/api/v1/tokens/revoke", json={"name": "operate", "why": "she left"})
    over = ended(client)
    assert over["outcome"] == "refused"
    assert "operate is no longer in force" in over["reason"]


def test_what_is_asked_for_and_cannot_be_is_refused_at_once_and_nothing_is_kept(
    client: Client, control: ControlPlane
) -> None:
    assert "needs both (ready)" in refused(run(client, control, "some"), 409, "plan_waits")
    assert view(client)["run"] is None
    held = control.documents.lease("plan/migration_plan", "carla@elsewhere", seconds=30, now=2**33)
    assert held in refused(run(client, control, "both"), 409, "plan_waits")
    control.documents.release("plan/migration_plan", held)
    elsewhere = client.post(RUN.replace("migration_plan", "other"), json={"step": "both", "digest": "0" * 12})
    refused(elsewhere, 404, "no_plan")
    assert stage(control) is Stage.MONOLITH
    assert control.documents.events(action="plan.*") == []


def test_a_step_that_is_written_anew_since_it_was_shown_is_not_carried_out(
    client: Client, control: ControlPlane
) -> None:
    digest = load_plan(control.config.plan).step("both").digest
    control.config.plan.write_text(PLAN.replace('"catalog.list", stage = "shadow"', '"catalog.*", stage = "shadow"'))
    refused(client.post(RUN, json={"step": "both", "digest": digest}), 409, "step_changed")
    refused(client.post(RUN, json={"step": "nothing", "digest": digest}), 409, "step_changed")
    control.config.plan.write_text("# nothing to run\n")
    assert "has no step" in refused(client.post(RUN, json={"step": "both", "digest": digest}), 404, "no_plan")
    assert stage(control) is Stage.MONOLITH


@pytest.mark.parametrize("step", ["warm", "looked", "swept"])
def test_what_runs_commands_or_looks_into_files_is_left_to_the_operators_own_machine(
    client: Client, control: ControlPlane, tmp_path: Path, step: str
) -> None:
    told = run(client, control, step)
    refused(told, 409, "by_hand")
    assert f"strangler plan apply {step}" in told.json()["error"]["remedy"]
    if step == "warm":
        refused(run(client, control, step, "undo"), 409, "by_hand")
    assert not {"ran", "undone", "looked"} & {each.name for each in tmp_path.iterdir()}


def test_one_way_doors_and_forced_moves_want_the_role_approve_and_doors_their_name(
    client: Client, control: ControlPlane
) -> None:
    run(client, control, "both")
    ended(client)
    header = as_role(client, "operate")
    assert run(client, control, "skips", **header).status_code == 403
    assert run(client, control, "gone", confirm="lists", **header).status_code == 403
    assert "one-way door" in refused(run(client, control, "gone"), 409, "plan_refused")
    assert stage(control) is Stage.SHADOW
    run(client, control, "gone", confirm="lists")
    assert ended(client)["outcome"] == "done"
    assert stage(control) is Stage.RETIRED


def test_a_control_plane_that_ends_lets_go_and_tells_that_it_was_cut_short(
    control: ControlPlane, tmp_path: Path
) -> None:
    with serving(control) as client:
        run(client, control, "both")
        ended(client)
        approve(client, control, "some")
        run(client, control, "some")
        until(lambda: view(client)["run"]["waits"])
    document = control.documents.read("plan-run", "migration_plan")
    assert document is not None
    assert document.content["run"]["outcome"] == "called off"
    looking = control.documents.lease("plan/migration_plan", "carla", seconds=30.0, now=0.0)
    assert looking == "carla"


def test_a_run_that_cannot_be_kept_does_not_hold_the_plan(
    client: Client, control: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = control.documents.write

    def write(kind: str, *given: Any, **named: Any) -> Any:
        if kind == "plan-run":
            raise RuntimeError("a store that fails as none should")
        return real(kind, *given, **named)

    monkeypatch.setattr(control.documents, "write", write)
    assert run(client, control, "both").status_code == 200
    until(lambda: stage(control) is Stage.SHADOW)
    until(lambda: run(client, control, "both", "undo").status_code == 200)
    until(lambda: stage(control) is Stage.MONOLITH)
