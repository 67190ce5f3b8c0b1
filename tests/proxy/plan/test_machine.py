"""Whatever happens in between, deaths after any act, hands at the toggles, gates that turn, the plan keeps its word."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from strangler_proxy.plan.engine import Engine
from strangler_proxy.plan.facts import RolloutWord
from strangler_proxy.plan.moves import FlipMove, RolloutMove
from strangler_proxy.plan.standing import StepState, standings
from strangler_proxy.plan.step import StepGates
from strangler_proxy.plan.told import Told

from strangler.errors import IllegalMove, PlanError
from strangler.evidence import GateVerdict
from strangler.toggles import Stage
from tests.proxy.plan.plans import READS, plan_of
from tests.proxy.plan.worlds import Died, FakeWorld, Impatient

STEPS = ["look", "shadow", "canary", "all", "gone"]
NAMES = ["catalog.detail", "catalog.list"]
VERDICTS = st.sampled_from([GateVerdict.PASS, GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INCONCLUSIVE])
HANDS = st.sampled_from([(Stage.MONOLITH, 0), (Stage.SHADOW, 0), (Stage.CANARY, 500), (Stage.EXTRACTED, 0)])


class Machine(RuleBasedStateMachine):
    """One plan, one world; `truth` is what the world's gates say."""

    def __init__(self) -> None:
        super().__init__()
        self.plan = plan_of(READS)
        self.world = FakeWorld(*NAMES)
        self.engine = Engine(self.plan, self.world, who="ben", tell=self.tell)
        self.truth = GateVerdict.PASS
        self.said: dict[str, GateVerdict] = {}
        self.applying = ""
        self.world.says = self.says
        self.world.on_act = self.acted

    def says(self, gates: StepGates, route: str) -> GateVerdict:
        self.said[self.applying] = self.truth
        return self.truth

    def tell(self, told: Told) -> None:
        """Nothing depends on it."""

    def acted(self, action: str, step: str) -> None:
        """What may never happen, whatever went before."""
        if action == "plan.done":
            wanted = self.plan.steps[step].before or self.plan.steps[step].after
            assert wanted is None or self.said.get(step) is GateVerdict.PASS, f"{step} is done past a gate"
            assert self.world.checked is GateVerdict.PASS or self.plan.steps[step].checks is None
        if action == "flip retired":
            assert step == "gone"
        if action.startswith("flip") and self.forward:
            for needed in self.plan.steps[step].needs:
                state = standings(self.plan, self.world.look())[needed].state
                assert state is StepState.DONE, f"{step} moves and {needed} is {state}"

    @property
    def forward(self) -> bool:
        mark = self.world.marks.get(self.applying)
        return mark is not None and not mark.undoing and not (mark.failure and mark.failure.take_back)

    @rule(name=st.sampled_from(STEPS), die=st.none() | st.integers(1, 6), auto=st.booleans())
    def apply(self, name: str, die: int | None, auto: bool) -> None:
        self.applying, self.world.die_in, self.world.patience = name, die, 40
        failed = {each for each, mark in self.world.marks.items() if mark.failure}
        # A gate has to speak anew in every attempt.
        self.said.pop(name, None)
        step = self.plan.steps[name]
        with contextlib.suppress(Died, Impatient, PlanError, IllegalMove):
            standing = self.engine.apply(step, confirm=step.one_way, again=not auto)
            assert standing.state is not StepState.DONE or not (auto and name in failed), "laundered"
        self.world.die_in = None

    @rule(name=st.sampled_from(STEPS), die=st.none() | st.integers(1, 4))
    def undo(self, name: str, die: int | None) -> None:
        self.applying, self.world.die_in = name, die
        failed = self.world.marks.get(name) is not None and self.world.marks[name].failure is not None
        with contextlib.suppress(Died, PlanError, IllegalMove):
            self.engine.undo(self.plan.steps[name])
        self.world.die_in = None
        assert not failed or self.world.marks[name].failure is not None, "laundered by undoing"

    @rule(name=st.sampled_from(NAMES), place=HANDS)
    def hand(self, name: str, place: tuple[Stage, int]) -> None:
        if self.world.toggles[name].reached[0] is not Stage.RETIRED:
            self.world.hand(name, *place)

    @rule(verdict=VERDICTS)
    def turn(self, verdict: GateVerdict) -> None:
        self.truth = verdict

    @rule(verdict=VERDICTS)
    def look_through(self, verdict: GateVerdict) -> None:
        self.world.checked = verdict

    @rule(name=st.sampled_from(STEPS))
    def approve(self, name: str) -> None:
        self.world.approve(self.plan.steps[name])

    @rule(word=st.sampled_from([RolloutWord.COMPLETED, RolloutWord.FAILED, RolloutWord.WAITING]))
    def road(self, word: RolloutWord) -> None:
        self.world.arrives = word

    @rule(code=st.sampled_from([0, 0, 1]))
    def command(self, code: int) -> None:
        self.world.codes["warm"] = code

    @precondition(lambda self: all(each.reached[0] is not Stage.RETIRED for each in self.world.toggles.values()))
    @rule()
    def all_is_well_at_last(self) -> None:
        """From wherever it is: when nothing fails any more, whoever applies step after step arrives."""
        self.truth = self.world.checked = GateVerdict.PASS
        self.world.arrives = RolloutWord.COMPLETED
        self.world.codes.clear()
        for name in STEPS[:-1]:
            step = self.plan.steps[name]
            self.applying = name
            self.world.approve(step)
            for toggle, seen in self.world.rollouts.items():
                if seen.word is RolloutWord.WAITING:  # a person resumes it
                    self.world.rollouts[toggle] = replace(seen, word=RolloutWord.RUNNING, at=self.world.now)
            mark = self.world.marks.get(name)
            if mark is not None and mark.undoing:
                self.engine.undo(step)
            for _ in range(3):  # a debt of the last failure is paid first
                self.world.patience = 100_000
                if self.engine.apply(step).state is StepState.DONE:
                    break
            assert standings(self.plan, self.world.look())[name].state is StepState.DONE

    @invariant()
    def nobody_is_left_at_the_wheel(self) -> None:
        assert self.world.holder == ""

    @invariant()
    def what_is_done_is_so(self) -> None:
        for name, standing in standings(self.plan, self.world.look()).items():
            if standing.state is not StepState.DONE:
                continue
            for move in self.plan.steps[name].moves:
                if isinstance(move, FlipMove | RolloutMove):
                    for toggle in self.world.look().matching(move.names):
                        assert toggle.reached[0].position >= move.reached[0].position


Machine.TestCase.settings = settings(max_examples=20, stateful_step_count=20)
TestPlan = Machine.TestCase
