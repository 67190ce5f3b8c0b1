"""The shop's plan says what a reader needs, and its steps are the ones that the demo carries through."""

from __future__ import annotations

from pathlib import Path

from strangler_proxy.plan import load_plan
from strangler_proxy.plan.moves import ApprovalMove, FlipMove, RolloutMove

from strangler.toggles import Stage

ROOT = Path(__file__).resolve().parents[2]
PLAN = ROOT / "migration_plan.md"


def test_the_shops_plan_takes_the_catalogues_reads_out_step_by_step() -> None:
    steps = load_plan(PLAN).steps
    order = [name.removeprefix("catalog-reads.") for name in steps]
    expected = ["check", "filled", "parity", "shadow", "extracted", "facts-shadow", "facts-canary", "facts-extracted"]
    assert order == [*expected, "retired"]
    assert [step.needs for step in steps.values()] == [(), *((name,) for name in list(steps)[:-1])]
    assert all(step.owner for step in steps.values())


def test_customers_are_moved_by_a_rollout_and_the_door_is_shut_by_a_persons_word() -> None:
    steps = load_plan(PLAN).steps
    assert steps["catalog-reads.extracted"].moves == (RolloutMove(("catalog.*",), "shop"),)
    door = steps["catalog-reads.retired"]
    assert isinstance(door.moves[0], ApprovalMove)
    assert {move.stage for move in door.moves if isinstance(move, FlipMove)} == {Stage.RETIRED}
    assert door.one_way
    assert door.checks is not None
    assert door.checks.no_traffic is not None
    assert door.checks.nothing_left is not None
    assert all((ROOT / each).exists() for each in (*door.checks.nothing_left.within, *door.checks.nothing_left.delete))


def test_every_chapter_of_the_shops_plan_says_what_a_reader_needs() -> None:
    chapters = PLAN.read_text().split("\n## ")
    numbered = [chapter for chapter in chapters if chapter[0].isdigit()]
    assert len(numbered) == 6
    for chapter in numbered:
        for word in (
            "**Why here.**",
            "**Context.**",
            "**Data",
            "**Tangles",
            "**Watch.**",
            "**Go back.**",
            "eleted at the end",
        ):
            assert word in chapter, f"{chapter.splitlines()[0]} does not say: {word}"
        assert "**Steps.**" in chapter or "\n### " in chapter
        assert "strangler flip" in chapter or "toml step=" in chapter
        assert "strangler back" in chapter
