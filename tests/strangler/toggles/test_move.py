"""Every pair of stages, for both kinds: what is allowed, what only by force, what never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.errors import IllegalMove, UnknownToggle
from strangler.toggles import (
    BUCKETS,
    Kind,
    Move,
    Side,
    Snapshot,
    Stage,
    Toggle,
    plan_back,
    plan_move,
    plan_moves,
)

FREE, FORCED, CONFIRMED, NEVER = "free", "forced", "confirmed", "never"

# From the row's stage to: monolith, shadow, canary, extracted, retired.
MOVES = {
    Stage.MONOLITH: (FREE, FREE, FORCED, FORCED, NEVER),
    Stage.SHADOW: (FREE, FREE, FREE, FORCED, NEVER),
    Stage.CANARY: (FREE, FREE, FREE, FREE, NEVER),
    Stage.EXTRACTED: (FREE, FREE, FREE, FREE, CONFIRMED),
    Stage.RETIRED: (NEVER, NEVER, NEVER, NEVER, FREE),
}
PAIRS = [
    (kind, start, end, rule)
    for kind in Kind
    for start, row in MOVES.items()
    for end, rule in zip(Stage, row, strict=True)
]


def toggle_at(stage: Stage, kind: Kind = Kind.SEAM, name: str = "catalog.facts") -> Toggle:
    return Toggle(name, kind=kind, stage=stage, share=5_000 if stage is Stage.CANARY else 0)


def move_to(stage: Stage, *, force: bool = False, confirm: str | None = None) -> Move:
    return Move(stage, share=10_000 if stage is Stage.CANARY else None, force=force, confirm=confirm)


@pytest.mark.parametrize(("kind", "start", "end", "rule"), PAIRS)
def test_every_move_is_as_the_table_says(kind: Kind, start: Stage, end: Stage, rule: str) -> None:
    toggle = toggle_at(start, kind)
    plain = move_to(end)
    forced = move_to(end, force=True)
    confirmed = move_to(end, confirm=toggle.name)
    everything = move_to(end, force=True, confirm=toggle.name)
    allowed = {FREE: [plain, forced], FORCED: [forced], CONFIRMED: [confirmed, everything], NEVER: []}[rule]
    refused = {FREE: [], FORCED: [plain, confirmed], CONFIRMED: [plain, forced], NEVER: [plain, everything]}[rule]
    for move in allowed:
        assert plan_move(toggle, move).stage is end
    for move in refused:
        with pytest.raises(IllegalMove) as caught:
            plan_move(toggle, move)
        assert toggle.name in str(caught.value)


def test_retiring_is_confirmed_by_the_very_name() -> None:
    with pytest.raises(IllegalMove, match=r"--confirm catalog\.facts"):
        plan_move(toggle_at(Stage.EXTRACTED), move_to(Stage.RETIRED, confirm="catalog.fact"))


def test_a_canary_needs_a_share_when_it_begins_and_keeps_it_afterwards() -> None:
    with pytest.raises(IllegalMove, match="needs a share"):
        plan_move(toggle_at(Stage.SHADOW), Move(Stage.CANARY))
    kept = plan_move(toggle_at(Stage.CANARY), Move(Stage.CANARY, overrides={"me": Side.CANDIDATE}))
    assert kept.share == 5_000
    assert kept.overrides == {"me": Side.CANDIDATE}


@pytest.mark.parametrize("stage", [Stage.MONOLITH, Stage.SHADOW, Stage.EXTRACTED])
def test_a_share_belongs_to_a_canary_alone(stage: Stage) -> None:
    with pytest.raises(IllegalMove, match="has no share"):
        plan_move(toggle_at(Stage.CANARY), Move(stage, share=1))


@pytest.mark.parametrize("share", [-1, BUCKETS + 1])
def test_a_share_out_of_bounds_is_refused(share: int) -> None:
    with pytest.raises(IllegalMove, match="between"):
        plan_move(toggle_at(Stage.SHADOW), Move(Stage.CANARY, share=share))


def test_leaving_a_canary_forgets_its_share_and_keeps_overrides() -> None:
    toggle = Toggle("a", Kind.SEAM, Stage.CANARY, 10, {"me": Side.CANDIDATE, "you": Side.MONOLITH})
    moved = plan_move(toggle, Move(Stage.MONOLITH, overrides={"you": None}))
    assert (moved.share, dict(moved.overrides)) == (0, {"me": Side.CANDIDATE})


def snapshot(**stages: Stage) -> Snapshot:
    toggles = [toggle_at(stage, name=name.replace("_", ".")) for name, stage in stages.items()]
    return Snapshot(7, {toggle.name: toggle for toggle in toggles})


def test_a_glob_moves_all_that_match_and_leaves_out_those_already_there() -> None:
    start = snapshot(catalog_list=Stage.MONOLITH, catalog_facts=Stage.SHADOW, orders_list=Stage.MONOLITH)
    planned = plan_moves(start, ["catalog.*"], move_to(Stage.SHADOW))
    assert [toggle.name for toggle in planned] == ["catalog.list"]


def test_a_toggle_matched_twice_is_moved_once() -> None:
    planned = plan_moves(snapshot(catalog_list=Stage.MONOLITH), ["catalog.list", "*"], move_to(Stage.SHADOW))
    assert [toggle.name for toggle in planned] == ["catalog.list"]


def test_one_refusal_stops_them_all_and_every_refusal_is_named() -> None:
    start = snapshot(catalog_a=Stage.MONOLITH, catalog_b=Stage.MONOLITH, catalog_c=Stage.SHADOW)
    with pytest.raises(IllegalMove, match=r"Nothing was moved: .*catalog\.a .*catalog\.b "):
        plan_moves(start, ["catalog.*"], move_to(Stage.CANARY))


def test_a_glob_that_nothing_matches_is_an_unknown_toggle() -> None:
    with pytest.raises(UnknownToggle, match="nosuch"):
        plan_moves(snapshot(catalog_a=Stage.MONOLITH), ["nosuch.*"], move_to(Stage.SHADOW))


def test_the_kill_switch_takes_everything_back_but_what_is_retired() -> None:
    start = snapshot(a=Stage.SHADOW, b=Stage.CANARY, c=Stage.EXTRACTED, d=Stage.RETIRED, e=Stage.MONOLITH)
    assert [(toggle.name, toggle.stage) for toggle in plan_back(start)] == [
        ("a", Stage.MONOLITH),
        ("b", Stage.MONOLITH),
        ("c", Stage.MONOLITH),
    ]


def test_a_retired_toggle_named_for_the_way_back_is_refused() -> None:
    with pytest.raises(IllegalMove, match="one-way door"):
        plan_back(snapshot(a=Stage.RETIRED), ["a"])


@given(st.sampled_from(Stage), st.sampled_from(Kind))
def test_the_way_back_is_always_open_until_retired(stage: Stage, kind: Kind) -> None:
    toggle = toggle_at(stage, kind)
    if stage is not Stage.RETIRED:
        assert plan_move(toggle, Move(Stage.MONOLITH)).stage is Stage.MONOLITH
