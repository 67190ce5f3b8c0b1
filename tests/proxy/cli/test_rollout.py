"""`strangler rollout` against a control plane in a thread."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from strangler_proxy.cli import main
from strangler_proxy.cli.rollout_told import told_rollout, verdict_of
from strangler_proxy.control import ControlPlane

from strangler.testing import MemoryDocumentStore, MemoryToggleStore
from tests.proxy.cli.operated import CONFIG
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import TOKEN, serving
from tests.proxy.control.test_rollout_api import SCHEDULES
from tests.waiting import until


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlPlane]:
    """A control plane that the configuration in the working folder names."""
    monkeypatch.delenv("STRANGLER_CONFIG", raising=False)
    monkeypatch.setenv("STRANGLER_TOKEN", TOKEN)
    monkeypatch.setattr("strangler_proxy.rollout.runner._EVERY", 0.02)
    monkeypatch.setattr("strangler_proxy.cli.rollout_status._LOOK_EVERY", 0.02)
    monkeypatch.chdir(tmp_path)
    control = plane(tmp_path, MemoryToggleStore(), rollouts=SCHEDULES, workers=0)
    with serving(control) as client:
        (tmp_path / "strangler.toml").write_text(CONFIG.format(port=client.base_url.port))
        yield control


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, [*words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def start(schedule: str) -> str:
    run("flip", "catalog.facts", "shadow", "--why", "x")
    return run("rollout", "start", "catalog.facts", "--schedule", schedule, "--why", "it agrees")


def test_a_rollout_is_begun_watched_to_its_end_and_listed(control: ControlPlane) -> None:
    assert "There is no rollout." in run("rollout", "list")
    told = start("quick")
    assert "catalog.facts: running at shadow, by schedule quick" in told
    assert "canary 5% (0 s) > extracted (0 s)" in told
    watched = run("rollout", "status", "--watch", "catalog.facts")
    assert "catalog.facts: finished at extracted" in watched
    assert "No rollout is under way." in run("rollout", "status")
    assert "catalog.facts  finished  extracted  2/2" in run("rollout", "list")


def test_the_schedules_that_there_are_are_listed_with_their_stations_and_gates(control: ControlPlane) -> None:
    told = run("rollout", "schedules").splitlines()
    (slow,) = (line for line in told if line.startswith("slow"))
    assert "canary 5% (1 h) → extracted (1 h)" in slow
    assert slow.endswith("time")
    assert [each["name"] for each in json.loads(run("rollout", "schedules", "--json"))["schedules"]] == list(SCHEDULES)


def test_its_status_says_what_it_waits_for_and_how_to_stop_it(control: ControlPlane) -> None:
    start("slow")
    until(lambda: "[canary 5% (1 h" in run("rollout", "status", code=3))
    told = run("rollout", "status", code=3)
    assert "catalog.facts  time: not yet. The stage has lasted" in told
    assert "stop it: strangler rollout freeze catalog.facts --why ..." in told
    # The status tells what the last look found, and that one may have begun before the move.
    until(lambda: "rollout catalog.facts: running at canary 5%" in run("status"))
    document = json.loads(run("rollout", "freeze", "catalog.facts", "--why", "sale", "--json"))
    assert document["rollout"]["state"] == "frozen"
    assert "go on: strangler rollout resume catalog.facts" in run("rollout", "status", "catalog.*", code=3)
    run("rollout", "resume", "catalog.facts", "--why", "over")
    assert "catalog.facts: aborted at shadow" in run(
        "rollout", "abort", "catalog.facts", "--why", "enough", "--wait", "60"
    )
    assert "aborted at shadow" in run("rollout", "status", "catalog.facts", "--watch")


def test_an_abort_that_nobody_carries_out_yet_says_where_it_goes(
    control: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    start("slow")
    until(lambda: "[canary 5% (1 h" in run("rollout", "status", code=3))
    assert isinstance(control.documents, MemoryDocumentStore)
    monkeypatch.setattr(control.documents, "lead", lambda name: False)
    told = run("rollout", "abort", "catalog.facts", "--why", "enough", "--wait", "0", code=3)
    assert "catalog.facts: running at canary 5% on its way to shadow" in told
    assert "rollout freeze" not in told


def test_what_is_not_there_is_said(control: ControlPlane) -> None:
    assert "no rollout 'orders'" in run("rollout", "status", "orders", code=2)
    assert "no rollout 'orders'" in run("rollout", "abort", "orders", "--why", "x", code=2)
    assert "no schedule 'quik'. Did you mean 'quick'?" in run(
        "rollout", "start", "catalog.facts", "--schedule", "quik", "--why", "x", code=2
    )


def rollout(state: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": "catalog.*",
        "state": state,
        "schedule": {"name": "default", "stations": [{"stage": "canary", "share": 5000, "seconds": 600.0}]},
        "place": {"stage": "canary", "share": 5000},
        "at": 0,
        "until": None,
        "pending": None,
        "doing": "It waits.",
        "reason": "A gate fails.",
        "gates": {"catalog.list": [{"gate": "errors", "verdict": "fail", "reason": "3 of 10 failed."}]},
        **changes,
    }


def test_one_that_wants_a_person_says_why_and_how_to_go_on() -> None:
    told, name = list(told_rollout(rollout("stepped-back"))), "'catalog.*'"
    assert told == [
        "catalog.*: stepped-back at canary 5%, by schedule default",
        "  [canary 5% (10 min)]",
        "  It waits.",
        "  A gate fails.",
        "  catalog.list  errors: FAIL. 3 of 10 failed.",
        f"  go on: strangler rollout resume {name} --why ...; end it: strangler rollout abort {name} --why ...",
    ]


def test_one_that_walks_says_each_gate_once() -> None:
    _, _, doing, *_ = told_rollout(rollout("running", doing="It waits: " + "3 of 10 failed. " * 40))
    assert doing.endswith(" …")
    assert len(doing) < 210


def test_the_exit_code_tells_a_program_whether_to_wait_or_to_call_somebody() -> None:
    assert verdict_of([]) == verdict_of([rollout("finished"), rollout("aborted")]) == 0
    assert verdict_of([rollout("finished"), rollout("running")]) == verdict_of([rollout("frozen")]) == 3
    assert [verdict_of([rollout(each), rollout("running")]) for each in ("paused", "stepped-back", "overtaken")] == [
        1
    ] * 3
