"""Steps are applied, held back, taken back and gone on with."""

from __future__ import annotations

import pytest
from strangler_proxy.plan.engine import Engine
from strangler_proxy.plan.facts import RolloutSeen, RolloutWord
from strangler_proxy.plan.standing import StepState, standings
from strangler_proxy.plan.told import ToldKind
from strangler_proxy.plan.words import told_back

from strangler.errors import PlanError
from strangler.evidence import GateVerdict
from strangler.toggles import Stage
from tests.proxy.plan.desk import BOTH, Desk
from tests.proxy.plan.plans import READS
from tests.proxy.plan.worlds import Died, Impatient


def fails(*_: object) -> GateVerdict:
    return GateVerdict.FAIL


def tells_nothing(*_: object) -> GateVerdict:
    return GateVerdict.INCONCLUSIVE


def test_a_plan_is_followed_to_its_one_way_door_which_wants_its_name() -> None:
    desk = Desk()
    assert list(desk.states().values()) == ["ready", "not ready", "not ready", "not ready", "not ready"]
    waiting = desk.engine.follow()
    assert waiting is not None
    assert (waiting.step.id, waiting.state) == ("canary", StepState.WAITING)
    assert "the owner" in waiting.reason
    assert desk.stages() == [(Stage.SHADOW, 0)] * 2
    desk.world.approve(desk.plan.step("canary"))
    door = desk.engine.follow()
    assert door is not None
    assert (door.step.id, door.state) == ("gone", StepState.READY)
    assert desk.stages() == [(Stage.EXTRACTED, 0)] * 2
    with pytest.raises(PlanError, match=r"--confirm catalog\.list"):
        desk.apply("gone")
    assert desk.apply("gone", confirm="catalog.list").state is StepState.DONE
    assert desk.stages() == [(Stage.EXTRACTED, 0), (Stage.RETIRED, 0)]
    assert desk.engine.follow() is None
    assert set(desk.states().values()) == {"done"}


def test_what_is_done_is_not_done_again() -> None:
    desk = Desk()
    desk.up_to("canary")
    acts = len(desk.world.acts)
    assert desk.apply("canary").state is StepState.DONE
    assert len(desk.world.acts) == acts


def test_a_step_that_is_not_ready_says_what_it_needs() -> None:
    with pytest.raises(PlanError, match=r"not ready. It needs shadow \(not ready\)"):
        Desk().apply("canary")


def test_a_gate_before_holds_the_move_back() -> None:
    desk = Desk()
    desk.world.says = fails
    standing = desk.apply("look")
    assert standing.state is StepState.FAILED
    assert "seen since" in standing.reason
    assert desk.engine.judged(desk.plan.step("look"), desk.world.look())[0].judgement.verdict is GateVerdict.FAIL


def test_a_gate_that_tells_nothing_is_waited_for_and_never_passes() -> None:
    desk = Desk()
    desk.up_to("look")
    desk.world.says, desk.world.patience = tells_nothing, 30
    with pytest.raises(Impatient):
        desk.apply("shadow")
    assert desk.states()["shadow"] == "running"
    assert len([each for each in desk.told if each.kind is ToldKind.JUDGED]) > 20
    desk.world.says = lambda *_: GateVerdict.PASS
    assert desk.apply("shadow").state is StepState.DONE
    assert [what for what, _ in desk.world.acts].count("flip shadow") == 1


def test_a_gate_after_takes_customers_back_and_stays_failed_until_it_passes() -> None:
    desk = Desk()
    desk.up_to("shadow")
    desk.world.approve(desk.plan.step("canary"))
    desk.world.says = fails
    assert desk.apply("canary").state is StepState.FAILED
    assert desk.stages() == [(Stage.SHADOW, 0)] * 2
    stopped = desk.engine.follow()
    assert stopped is not None
    assert (stopped.step.id, stopped.state) == ("canary", StepState.FAILED)
    assert desk.stages() == [(Stage.SHADOW, 0)] * 2
    desk.world.says = lambda *_: GateVerdict.PASS
    assert desk.states()["canary"] == "failed"
    assert desk.apply("canary").state is StepState.DONE
    assert desk.stages() == [(Stage.CANARY, 10_000)] * 2
    assert [step for action, step, _ in desk.world.events if action == "plan.fail"] == ["canary"]


def test_a_gate_after_shadow_takes_nothing_back_for_nobody_notices() -> None:
    desk = Desk()
    desk.up_to("look")
    desk.world.says = fails
    assert desk.apply("shadow").state is StepState.FAILED
    assert desk.stages() == [(Stage.SHADOW, 0)] * 2


def test_a_failure_is_not_laundered_by_undoing_the_step_nor_by_a_death() -> None:
    desk = Desk()
    desk.up_to("shadow")
    desk.world.approve(desk.plan.step("canary"))
    desk.world.says = fails
    desk.apply("canary")
    desk.engine.undo(desk.plan.step("canary"))
    assert desk.states()["canary"] == "failed"
    desk.world.says, desk.world.die_in = (lambda *_: GateVerdict.PASS), 3
    with pytest.raises(Died):
        desk.apply("canary")
    assert desk.states()["canary"] == "failed"
    assert desk.apply("canary").state is StepState.DONE


def test_who_dies_between_the_failure_and_the_way_back_is_finished_for() -> None:
    desk = Desk()
    desk.up_to("shadow")
    desk.world.approve(desk.plan.step("canary"))
    desk.world.says = fails

    def die_at_failure(action: str, _: str) -> None:
        if action == "plan.fail":
            desk.world.die_in = 1

    desk.world.on_act = die_at_failure
    with pytest.raises(Died):
        desk.apply("canary")
    assert desk.stages() == [(Stage.CANARY, 10_000)] * 2
    desk.world.says = lambda *_: GateVerdict.PASS
    assert desk.apply("canary").state is StepState.FAILED
    assert desk.stages() == [(Stage.SHADOW, 0)] * 2


def test_gates_after_look_from_the_last_move_on_also_after_a_resume() -> None:
    desk = Desk()
    desk.up_to("look")
    desk.world.now = 5000.0
    desk.world.says, desk.world.patience = tells_nothing, 10
    with pytest.raises(Impatient):
        desk.apply("shadow")
    desk.world.now = 9000.0
    desk.world.says = lambda *_: GateVerdict.PASS
    desk.world.judged.clear()
    desk.apply("shadow")
    assert desk.world.judged == [(name, 5000.0) for name in BOTH]


def test_a_command_that_fails_fails_the_step_and_is_run_again_when_that_is_tried_again() -> None:
    desk = Desk()
    desk.up_to("shadow")
    desk.world.approve(desk.plan.step("canary"))
    desk.world.codes["warm"] = 3
    standing = desk.apply("canary")
    assert standing.state is StepState.FAILED
    assert "`warm` ended with 3: warm was here" in standing.reason
    desk.world.codes.clear()
    assert desk.apply("canary").state is StepState.DONE
    assert desk.world.acts.count(("run", "warm")) == 2
    (detail,) = [detail for action, _, detail in desk.world.events if action == "plan.run"]
    assert detail["output"] == "warm was here\n"


def test_a_consent_is_to_what_stood_there() -> None:
    desk = Desk()
    desk.up_to("shadow")
    desk.world.approve(desk.plan.step("canary"))
    edited = Desk(READS.replace('share = "10%"', 'share = "90%"'))
    edited.world = desk.world
    assert edited.states()["canary"] == "waiting"


def test_a_wait_begins_with_the_move_before_and_survives_a_death() -> None:
    desk = Desk()
    desk.up_to("canary")
    desk.world.patience = 10
    with pytest.raises(Impatient):
        desk.apply("all")
    assert desk.states()["all"] == "waiting"
    arrived = desk.world.toggles["catalog.list"].since
    desk.apply("all")
    assert desk.world.now == pytest.approx(arrived + 20, abs=1.5)


def test_a_rollout_that_is_taken_back_fails_the_step_and_goes_on_when_that_is_tried_again() -> None:
    desk = Desk()
    desk.up_to("canary")
    desk.world.arrives = RolloutWord.FAILED
    standing = desk.apply("all")
    assert standing.state is StepState.FAILED
    assert "so it went" in standing.reason
    desk.world.arrives = RolloutWord.COMPLETED
    assert desk.apply("all").state is StepState.DONE
    assert [what for what, _ in desk.world.acts].count("rollout") == 2


def test_a_rollout_that_failed_while_nobody_looked_is_found_failed() -> None:
    desk = Desk()
    desk.up_to("canary")
    desk.world.patience = 3
    with pytest.raises(Impatient):
        desk.apply("all")
    desk.world.now += 100
    for name in BOTH:
        desk.world.rollouts[name] = RolloutSeen(RolloutWord.FAILED, "errors", desk.world.now)
    standing = standings(desk.plan, desk.world.look())["all"]
    assert standing.state is StepState.FAILED
    assert "The rollout did not arrive: errors" in standing.reason
    assert desk.engine.apply(desk.plan.step("all"), again=False).state is StepState.FAILED
    assert desk.world.marks["all"].failure is not None
    desk.world.patience = 3
    with pytest.raises(Impatient):
        desk.apply("all")
    assert "By now it is tried again: its rollout walks" in standings(desk.plan, desk.world.look())["all"].reason


def test_a_rollout_half_way_is_told_and_so_is_the_way_back_that_is_open() -> None:
    desk = Desk(READS.replace('{ command = "warm" },', "").replace(', { command = "cool" }', ""))
    desk.up_to("canary")
    desk.world.patience = 3
    with pytest.raises(Impatient):
        desk.apply("all")
    for name in BOTH:
        desk.world.hand(name, Stage.CANARY, 50_000)
        desk.world.rollouts[name] = RolloutSeen(RolloutWord.RUNNING, "half of them", desk.world.now, name="r")
    facts = desk.world.look()
    found = standings(desk.plan, facts)
    assert "Its rollout walks by itself (`strangler rollout status`): half of them" in found["all"].reason
    back, everything = told_back(desk.plan, found, facts)
    assert "undo all   (the rollout r ends; catalog.detail, catalog.list to canary 10%)" in back
    assert "back --all" in everything
    desk.engine.undo(desk.plan.step("all"))
    assert desk.stages() == [(Stage.CANARY, 10_000)] * 2


def test_a_step_that_only_could_be_begun_holds_no_undo_up_and_a_door_ajar_is_shut_again() -> None:
    text = READS.replace('{ command = "warm" },', "").replace(', { command = "cool" }', "")
    desk = Desk(text)
    desk.up_to("look")
    desk.apply("shadow")
    assert desk.states()["canary"] == "waiting"
    desk.engine.undo(desk.plan.step("shadow"))
    assert desk.states()["shadow"] == "ready"
    desk.up_to("all")
    desk.world.checked = GateVerdict.INCONCLUSIVE
    desk.apply("gone", confirm="catalog.list")
    with pytest.raises(PlanError, match="gone came after all"):
        desk.engine.undo(desk.plan.step("all"))
    desk.engine.undo(desk.plan.step("gone"))
    assert "gone" not in desk.world.marks
    desk.engine.undo(desk.plan.step("all"))


def test_a_rollout_that_wants_a_person_is_left_waiting() -> None:
    desk = Desk()
    desk.up_to("canary")
    desk.world.arrives = RolloutWord.WAITING
    standing = desk.apply("all")
    assert standing.state is StepState.WAITING
    assert "wants a person (`strangler rollout status`): so it went" in standing.reason


def test_checks_that_tell_nothing_leave_the_step_begun_and_the_door_shut() -> None:
    desk = Desk()
    desk.up_to("all")
    desk.world.checked = GateVerdict.INCONCLUSIVE
    assert desk.apply("gone", confirm="catalog.list").state is StepState.RUNNING
    desk.world.checked = GateVerdict.FAIL
    assert desk.apply("gone", confirm="catalog.list").state is StepState.FAILED
    assert desk.stages() == [(Stage.EXTRACTED, 0)] * 2


def test_a_step_undone_by_hand_has_drifted_and_holds_back_what_needs_it() -> None:
    desk = Desk()
    desk.up_to("shadow")
    desk.world.hand("catalog.list", Stage.MONOLITH)
    drifted = standings(desk.plan, desk.world.look())["shadow"]
    assert drifted.state is StepState.DRIFTED
    assert "catalog.list is at monolith, and the step had brought it to shadow" in drifted.reason
    assert desk.states()["canary"] == "not ready"
    with pytest.raises(PlanError, match=r"It needs shadow \(drifted\)"):
        desk.apply("canary")
    assert desk.apply("shadow").state is StepState.DONE
    assert desk.stages() == [(Stage.SHADOW, 0)] * 2


def test_what_was_done_is_not_moved_on_while_what_it_needs_is_undone() -> None:
    desk = Desk(READS.replace('share = "10%" }', 'share = "10%", force = true }'))
    desk.up_to("canary")
    for name in BOTH:
        desk.world.hand(name, Stage.MONOLITH)
    assert desk.states()["canary"] == "drifted"
    with pytest.raises(PlanError, match=r"It needs shadow \(drifted\)"):
        desk.apply("canary")
    assert desk.stages() == [(Stage.MONOLITH, 0)] * 2


def test_a_step_whose_block_was_written_anew_says_so_and_is_judged_anew() -> None:
    desk = Desk()
    desk.up_to("shadow")
    edited = Desk(READS.replace("agreement = 0.95", "agreement = 0.99").replace('"catalogue team"', '"another team"'))
    edited.world = desk.world
    edited.engine = Engine(edited.plan, edited.world, who="ben", tell=edited.told.append)
    assert edited.states()["shadow"] == "changed"
    assert edited.apply("shadow").state is StepState.DONE
    assert edited.states()["shadow"] == "done"
    only_owner = Desk(
        READS.replace('"catalogue team"', '"another team"').replace("agreement = 0.95", "agreement = 0.99")
    )
    only_owner.world = desk.world
    assert only_owner.states()["shadow"] == "done"


def test_what_stands_so_already_has_only_its_gates_to_pass() -> None:
    desk = Desk()
    desk.up_to("look")
    for name in BOTH:
        desk.world.hand(name, Stage.SHADOW)
    assert "so already" in standings(desk.plan, desk.world.look())["shadow"].reason
    assert desk.apply("shadow").state is StepState.DONE
    assert "flip shadow" not in [what for what, _ in desk.world.acts]


def test_only_one_is_at_it() -> None:
    desk = Desk()
    desk.world.holder = "carla"
    with pytest.raises(PlanError, match="carla is at it"):
        desk.apply("look")
    assert not desk.world.acts


def test_who_loses_the_lease_stops() -> None:
    desk = Desk()
    desk.up_to("look")

    def somebody_else(*_: object) -> GateVerdict:
        desk.world.holder = "carla"
        return GateVerdict.INCONCLUSIVE

    desk.world.says = somebody_else
    with pytest.raises(PlanError, match="carla took over"):
        desk.apply("shadow")
    assert desk.world.holder == "carla"


def test_who_moves_toggles_back_while_gates_look_is_noticed() -> None:
    desk = Desk()
    desk.up_to("look")

    def back(*_: object) -> GateVerdict:
        desk.world.hand("catalog.list", Stage.MONOLITH)
        return GateVerdict.INCONCLUSIVE

    desk.world.says = back
    with pytest.raises(PlanError, match="Somebody undid"):
        desk.apply("shadow")


def test_a_route_that_is_not_there_is_told_before_anything_is_done() -> None:
    desk = Desk('## A\n\n```toml step=a\nmoves = [{ flip = "gone.*", stage = "shadow" }]\n```\n')
    with pytest.raises(PlanError, match=r"gone\.\*, and there is no such route"):
        desk.apply("a")
    assert not desk.world.acts
