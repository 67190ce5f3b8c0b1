"""What needs a person, and what is stalling."""

from __future__ import annotations

from typing import Any

from strangler_proxy.control.needs import needs_of, stalling_of

from tests.proxy.test_trouble import WELL

DAY = 86_400.0
NOW = 100 * DAY


def row(name: str, stage: str | None = "shadow", **changes: Any) -> dict[str, Any]:
    return {"name": name, "stage": stage, "share": 0, "left": None, "agreement": None, **changes}


def rollout(name: str, state: str) -> dict[str, Any]:
    return {"name": name, "state": state, "reason": "It saw little."}


def test_what_is_well_needs_nobody() -> None:
    agreed = {"verdict": "pass", "reason": "x"}
    walking = {**WELL, "rollouts": [rollout("a", "running")]}
    assert needs_of(walking, [row("a", agreement=agreed), row("b")]) == []


def test_troubles_come_first_then_rollouts_that_wait_then_routes_that_do_not_agree() -> None:
    status = {
        **WELL,
        "store": {"ok": False, "error": "It is gone."},
        "rollouts": [rollout(state, state) for state in ("paused", "frozen", "stepped-back", "overtaken", "running")],
    }
    differs = {"verdict": "fail", "reason": "9 of 10 pairs differ."}
    needs = needs_of(status, [row("a", agreement=differs), row("b", "monolith", agreement=differs)])
    assert [(each["kind"], each["name"]) for each in needs] == [
        ("store", ""),
        ("rollout", "paused"),
        ("rollout", "frozen"),
        ("rollout", "stepped-back"),
        ("rollout", "overtaken"),
        ("agreement", "a"),
    ]
    assert needs[1]["text"] == "It saw little. It waits until somebody resumes or aborts it."
    assert needs[-1]["text"] == "9 of 10 pairs differ."


def test_what_runs_on_two_sides_for_more_than_a_month_stalls_the_longest_first() -> None:
    rows = [
        row("young", left=NOW - 29 * DAY),
        row("old", "canary", left=NOW - 31 * DAY),
        row("older", "extracted", left=NOW - 90 * DAY),
        row("gone", "retired", left=NOW - 90 * DAY),
        row("unknown"),
    ]
    assert [each["name"] for each in stalling_of(rows, NOW)] == ["older", "old"]
