from __future__ import annotations

import pytest
from strangler_proxy.plan.standing import StepState

from strangler.errors import PlanError
from strangler.toggles import Stage
from tests.proxy.plan.desk import Desk


def test_undo_goes_where_the_steps_before_left_it_or_as_the_plan_says() -> None:
    desk = Desk()
    desk.up_to("all")
    with pytest.raises(PlanError, match="all came after canary"):
        desk.engine.undo(desk.plan.step("canary"))
    assert desk.engine.undo(desk.plan.step("all")).state is StepState.READY
    assert desk.stages() == [(Stage.CANARY, 10_000)] * 2
    desk.engine.undo(desk.plan.step("canary"))
    assert desk.stages() == [(Stage.SHADOW, 0)] * 2
    assert ("run", "cool") in desk.world.acts
    desk.engine.undo(desk.plan.step("shadow"))
    assert desk.stages() == [(Stage.MONOLITH, 0)] * 2
    with pytest.raises(PlanError, match="one-way door"):
        desk.engine.undo(desk.plan.step("gone"))


def test_a_command_without_an_undo_is_not_undone_by_guessing() -> None:
    desk = Desk('## A\n\n```toml step=a\nmoves = [{ command = "build" }]\n```\n')
    desk.apply("a")
    with pytest.raises(PlanError, match="line 3 an undo"):
        desk.engine.undo(desk.plan.step("a"))


def test_an_undo_that_dies_half_way_is_finished_before_anything_else() -> None:
    desk = Desk()
    desk.up_to("canary")
    desk.world.codes["cool"] = 1
    with pytest.raises(PlanError, match="`cool` ended with 1"):
        desk.engine.undo(desk.plan.step("canary"))
    assert desk.states()["canary"] == "running"
    with pytest.raises(PlanError, match="half undone"):
        desk.apply("canary")
    desk.world.codes.clear()
    assert desk.engine.undo(desk.plan.step("canary")).state is StepState.READY
