"""What a route's page shows of it."""

from __future__ import annotations

from typing import Any

import pytest
from strangler_proxy.page.route_shown import (
    chosen_rollout,
    gates_of,
    moved_since,
    moves_in,
    shown_rollout,
    takes_of,
)
from strangler_proxy.rollout import DEFAULT, RolloutState

from strangler.toggles import Stage, Toggle

NAME = "catalog.list"
FAILS = {"gate": "errors", "verdict": "fail", "reason": "12 of 40 failed; at most 0.5 % more are allowed."}
PASSES = {"gate": "requests", "verdict": "pass", "reason": "The candidate had 600 requests; 500 are wanted."}


def rollout(name: str = "the-walk", state: str = "running", at: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "toggles": [NAME, "catalog.detail"],
        "schedule": DEFAULT.to_json(),
        "place": {"stage": "canary", "share": 5000},
        "who": "ana",
        "why": "it agrees",
        "started": 5.0,
        "state": state,
        "at": at,
        "reason": "All gates pass.",
        "pending": None,
        "doing": "canary 5% for 12 s yet.",
        "until": 100.0,
        "gates": {NAME: [PASSES, FAILS], "catalog.detail": [PASSES]},
        **more,
    }


def entry(revision: int, *, evidence: Any = None, came: str | None = "shadow") -> dict[str, Any]:
    toggle = {"stage": "canary", "share": 10_000, "overrides": {}}
    before = None if came is None else {**toggle, "stage": came}
    return {
        "revision": revision, "at": "2026-11-20T14:56:12+00:00", "who": "ada (ci)", "why": "a tenth",
        "from": before, "to": toggle, "forced": False, "evidence": evidence,
    }  # fmt: skip


def test_what_a_route_takes_is_told_with_its_conditions() -> None:
    row = {
        "methods": ["GET", "HEAD"], "path": "/p/<int:id>/", "headers": {"X-App": None, "X-Kind": "new"},
        "query": {"beta": "1", "q": None}, "candidate": "catalog", "rewrite": None, "twin": True,
    }  # fmt: skip
    takes = takes_of(row)
    assert takes.conditions == ("header X-App", "header X-Kind: new", "?beta=1", "?q")
    assert (takes.methods, takes.template, takes.rewrite) == (("GET", "HEAD"), "/p/<int:id>/", "")


def test_the_audit_is_told_with_the_gates_that_were_seen_then() -> None:
    (moved,) = moves_in([entry(3, evidence={"rollout": "the-walk", "gates": [PASSES, FAILS]})])
    assert (moved.came, moved.went, moved.who) == ("shadow", "canary 10%", "ada (ci)")
    assert moved.knew == (("rollout", "the-walk"),)
    assert [gate.verdict for gate in moved.gates] == ["fail", "pass"]


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        ({"gates": "all green"}, (("gates", "all green"),)),
        ({"gates": [{"odd": 1}]}, (("gates", "odd: 1"),)),
        ({"ticket": {"id": 7, "of": ["a", "b"]}}, (("ticket", "id: 7, of: a, b"),)),
        ({"log": "x" * 400}, (("log", "x" * 299 + "…"),)),
        (None, ()),
    ],
)
def test_evidence_of_whatever_form_becomes_text(evidence: Any, told: Any) -> None:
    assert moves_in([entry(3, evidence=evidence)])[0].knew == told


def test_a_toggle_that_is_new_came_from_nowhere() -> None:
    assert moves_in([entry(1, came=None)])[0].came == ""


def test_who_comes_second_is_told_what_happened_meanwhile() -> None:
    entries = moves_in([entry(9), entry(8), entry(5)])
    assert [each.revision for each in moved_since(Toggle(NAME, revision=9), 7, entries)] == [9, 8]
    # Others moved, and this one stands as it stood.
    assert moved_since(Toggle(NAME, revision=5), 7, entries) == ()


def test_gates_that_fail_come_first() -> None:
    waits = {"gate": "time", "verdict": "inconclusive", "reason": "x"}
    assert [gate.name for gate in gates_of([PASSES, waits, FAILS])] == ["errors", "time", "requests"]


def test_the_rollout_that_is_shown_is_the_one_under_way_else_the_last() -> None:
    done = rollout("done", "finished", started=9.0)
    first = rollout("first", "aborted", started=1.0)
    other = {**rollout("other"), "toggles": ["orders.list"]}
    assert chosen_rollout([first, done, other, rollout("now")], NAME)["name"] == "now"  # type: ignore[index]
    assert chosen_rollout([first, done, other], NAME)["name"] == "done"  # type: ignore[index]
    assert chosen_rollout([other], NAME) is None


def test_a_rollout_under_way_shows_its_walk_its_gates_and_who_moves_along() -> None:
    shown = shown_rollout(rollout(), NAME)
    assert [(each.place, each.standing) for each in shown.walk] == [
        ("canary 1%", "behind"), ("canary 5%", "here"), ("canary 25%", "ahead"), ("canary 50%", "ahead"),
        ("extracted", "ahead"),
    ]  # fmt: skip
    assert [gate.name for gate in shown.gates] == ["errors", "requests"]
    assert (shown.others, shown.until, shown.orders) == (("catalog.detail",), 100.0, ("freeze", "abort"))


def test_one_that_was_taken_back_says_why_and_wants_a_person() -> None:
    failing = "A gate fails at canary 5%, so back to canary 1%: errors."
    shown = shown_rollout(rollout(state="stepped-back", at=0, reason=failing, doing=failing, pending=None), NAME)
    assert (shown.wants_person, shown.reason, shown.doing) == (True, "", failing)
    assert (shown.orders, shown.until) == (("resume", "abort"), None)


def test_one_that_is_over_takes_no_orders_and_one_that_never_began_is_all_ahead() -> None:
    assert shown_rollout(rollout(state="finished", at=4), NAME).orders == ()
    assert {each.standing for each in shown_rollout(rollout(state="finished", at=4), NAME).walk} == {"behind"}
    assert {each.standing for each in shown_rollout(rollout(at=-1), NAME).walk} == {"ahead"}


@pytest.mark.parametrize("state", list(RolloutState))
def test_every_state_can_be_shown(state: RolloutState) -> None:
    pending = {"place": {"stage": "shadow", "share": 0}, "at": -1, "state": "aborted", "reason": "x"}
    assert shown_rollout(rollout(state=state.value, pending=pending), NAME).pending == str(Stage.SHADOW)
