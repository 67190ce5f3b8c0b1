"""What the plan's page shows of steps, and what it offers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from strangler_proxy.page.plan_shown import StepShown, plan_shown, problems_shown, run_shown
from strangler_proxy.plan import Plan, standings
from strangler_proxy.plan.facts import Consent, Facts, ToggleSeen
from strangler_proxy.plan.mark import Mark
from strangler_proxy.plan.run import Run, RunAct

from strangler.errors import ConfigError
from strangler.toggles import Stage
from tests.proxy.plan.plans import READS, plan_of

PLAN = plan_of(
    READS
    + """
```toml step=yes
needs = ["shadow"]
moves = [{ approval = "the owner" }, { flip = "catalog.list", stage = "canary", share = "5%", force = true }]
```
"""
)
NAMES = ("catalog.list", "catalog.detail")


def facts(stage: Stage = Stage.MONOLITH, **more: Any) -> Facts:
    toggles = {name: ToggleSeen(name, (stage, 0), 10.0) for name in NAMES}
    return Facts(
        **{"now": 100.0, "toggles": toggles, "rollouts": {}, "marks": {}, "consents": {}, "holder": "", **more}
    )


def done(plan: Plan, *names: str) -> dict[str, Mark]:
    return {name: Mark(plan.step(name).meaning, 20.0, "ada", done_at=30.0, done_by="ada") for name in names}


def shown(name: str, seen: Facts) -> StepShown:
    (found,) = [each for each in plan_shown(PLAN, standings(PLAN, seen), seen).steps if each.id == name]
    return found


def test_the_whole_is_counted_and_the_first_that_is_not_done_is_next() -> None:
    seen = facts(Stage.SHADOW, marks=done(PLAN, "look", "shadow"))
    whole = plan_shown(PLAN, standings(PLAN, seen), seen)
    assert (whole.done, sum(number for _, number in whole.counts)) == (2, len(PLAN.steps))
    assert whole.upcoming is not None
    assert whole.upcoming.id == "canary"
    assert whole.steps[0].source.startswith("[before]")


def test_a_step_with_a_command_is_a_line_for_ones_own_machine() -> None:
    look = shown("look", facts())
    assert (look.apply.offered, look.apply.command) == (False, "strangler plan apply look")
    assert "runs none" in look.apply.why
    canary = shown("canary", facts(Stage.SHADOW, marks=done(PLAN, "look", "shadow", "canary")))
    assert canary.undo.command == "strangler plan undo canary"


def test_a_step_that_is_ready_is_offered_unless_somebody_is_at_the_plan() -> None:
    assert shown("shadow", facts(marks=done(PLAN, "look"))).apply.offered
    busy = shown("shadow", facts(marks=done(PLAN, "look"), holder="carla"))
    assert (busy.apply.offered, busy.apply.why) == (False, "carla is at it: one at a time.")
    assert not shown("shadow", facts()).apply.offered


def test_a_step_that_is_done_is_undone_from_its_end_on() -> None:
    seen = facts(Stage.SHADOW, marks=done(PLAN, "look", "shadow"))
    assert shown("shadow", seen).undo.offered
    assert shown("shadow", seen).way_back == ("catalog.detail, catalog.list to monolith",)
    assert "undo shadow first" in shown("look", seen).undo.why
    assert not shown("shadow", replace(seen, holder="carla")).undo.offered


def test_a_persons_word_is_asked_for_until_it_is_given_for_these_words() -> None:
    marks = done(PLAN, "look", "shadow")
    waits = shown("yes", facts(Stage.SHADOW, marks=marks))
    assert (waits.approve.offered, waits.approve.role, waits.apply.role) == (True, "approve", "approve")
    given = {"yes": Consent("owner", 50.0, PLAN.step("yes").meaning, "seen")}
    assert not shown("yes", facts(Stage.SHADOW, marks=marks, consents=given)).approve.offered
    other = {"yes": Consent("owner", 50.0, "0" * 12, "seen")}
    again = shown("yes", facts(Stage.SHADOW, marks=marks, consents=other))
    assert (again.approve.offered, again.consent) == (True, None)


def test_one_way_doors_have_no_way_back_and_want_the_role() -> None:
    gone = shown("gone", facts())
    assert (gone.one_way, gone.way_back, gone.apply.role) == ("catalog.list", (), "approve")


def test_a_look_has_another_mark_as_soon_as_anything_that_it_shows_is_another() -> None:
    seen = facts(marks=done(PLAN, "look"))
    marks = {shown("shadow", each).mark for each in (seen, facts(), replace(seen, holder="carla"))}
    assert len(marks) == 3
    assert shown("shadow", seen).mark == shown("shadow", replace(seen, now=200.0)).mark


def test_problems_lead_to_the_block_that_they_are_in() -> None:
    text = '# Plan\n\n```toml step=a\nmoves = [{ flip = 1 }]\n```\n\n```toml step=b\nneeds = ["c"]\n```\n'
    with pytest.raises(ConfigError) as wrong:
        plan_of(text)
    found = problems_shown(wrong.value.problems, text, "plan.md")
    assert {each.block for each in found} == {3, 7}
    assert {each.block for each in problems_shown(wrong.value.problems, "", "plan.md")} == {None}


def test_a_run_is_told_as_it_goes_on_as_it_ended_and_as_it_was_cut_off() -> None:
    run = Run("plan", "shadow", RunAct.APPLY, "ada", "ada on desk, process 7", 10.0)
    going = run_shown(run.to_json(), run.holder)
    cut = run_shown(run.to_json(), "")
    over = run_shown(run.ended(20.0, "done", "Done.").to_json(), "")
    assert going is not None
    assert cut is not None
    assert over is not None
    assert [each.state.value for each in (going, cut, over)] == ["goes on", "cut off", "ended"]
    assert run_shown(None, "") is None
