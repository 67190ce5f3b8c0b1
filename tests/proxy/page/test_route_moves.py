"""The moves that a route's page offers: the stages' rules, and what the control plane has against each."""

from __future__ import annotations

import pytest
from strangler_proxy.page.route_moves import Held, asked_of, moves_of

from strangler.toggles import Kind, Stage, Toggle

NOT_READY = Held("catalog is not ready.", "Start it.")


def shown(stage: Stage, held: dict[Stage, Held] | None = None, **more: object) -> dict[str, tuple[str, str, bool]]:
    """By stage: which way it is, why it may not be, and whether force would do it."""
    toggle = Toggle("catalog.list", stage=stage, share=10_000 if stage is Stage.CANARY else 0)
    return {
        str(move.stage): (move.way, "" if move.held is None else move.held.wrong, bool(move.held and move.held.forced))
        for move in moves_of(toggle, held or {})
    }


def test_from_the_monolith_the_next_stage_is_open_and_the_others_are_held_with_their_reason() -> None:
    moves = shown(Stage.MONOLITH)
    assert moves["monolith"] == ("here", "", False)
    assert moves["shadow"] == ("forward", "", False)
    way, wrong, forced = moves["extracted"]
    assert (way, forced) == ("far", True)
    assert "would skip from `monolith` to `extracted`" in wrong
    way, wrong, forced = moves["retired"]
    assert (way, forced, "from `extracted` only" in wrong) == ("far", False, True)


def test_back_is_open_from_everywhere_but_the_one_way_door() -> None:
    for stage in (Stage.SHADOW, Stage.CANARY, Stage.EXTRACTED):
        assert shown(stage)["monolith"] == ("back", "", False)
    assert {move.held is None for move in moves_of(Toggle("a", stage=Stage.RETIRED), {}) if not move.here} == {False}


def test_what_the_control_plane_has_against_a_move_stands_beside_it() -> None:
    assert shown(Stage.SHADOW, {Stage.CANARY: NOT_READY})["canary"] == ("forward", "catalog is not ready.", False)


def test_the_rules_of_the_stages_come_before_what_was_asked() -> None:
    assert "would skip" in shown(Stage.MONOLITH, {Stage.CANARY: NOT_READY})["canary"][1]


@pytest.mark.parametrize(
    ("stage", "asked"),
    [
        (Stage.MONOLITH, ["shadow"]),
        (Stage.SHADOW, ["monolith", "canary"]),
        (Stage.CANARY, ["canary", "monolith", "shadow", "extracted"]),
        (Stage.EXTRACTED, ["monolith", "shadow", "canary", "retired"]),
        (Stage.RETIRED, []),
    ],
)
def test_only_what_the_rules_leave_open_is_asked_about(stage: Stage, asked: list[str]) -> None:
    assert [str(each) for each in asked_of(Toggle("catalog.list", stage=stage))] == asked


def test_a_form_offers_what_is_open_and_to_who_may_force_what_force_passes() -> None:
    toggle = Toggle("catalog.list", stage=Stage.CANARY, share=500)
    moves = moves_of(toggle, {Stage.EXTRACTED: Held("gates", forced=True), Stage.SHADOW: Held("guarded")})
    assert [str(each.stage) for each in moves if each.open(False)] == ["monolith", "canary"]
    assert [str(each.stage) for each in moves if each.open(True)] == ["monolith", "canary", "extracted"]


def test_of_a_seam_the_stages_are_told_in_its_own_words() -> None:
    means = [move.means for move in moves_of(Toggle("catalog.facts", kind=Kind.SEAM), {})]
    assert all("implementation" in each for each in means)
    assert not any("implementation" in move.means for move in moves_of(Toggle("catalog.list"), {}))
