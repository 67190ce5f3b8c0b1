"""Whatever happens in whatever order, and wherever the control plane dies: no rule of a rollout is broken."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from strangler_proxy.rollout import Place, RolloutState
from strangler_proxy.rollout.rollout import START

from strangler.errors import IllegalRollout
from strangler.evidence import GateVerdict
from strangler.testing import MemoryDocumentStore
from strangler.toggles import Stage, Toggle
from tests.proxy.rollout.fakes import FAIL, LIST, PASS, World, schedule


class Killed(BaseException):
    """The process is gone."""


class Mortal(MemoryDocumentStore):
    """A store of documents on which whoever writes may die: `before` or `after` so many more writes."""

    deadly: int = -1
    after: bool = False

    def write(self, *args: Any, **kwargs: Any) -> Any:
        self.deadly -= 1
        if self.deadly == 0 and not self.after:
            raise Killed
        written = super().write(*args, **kwargs)
        if self.deadly == 0:
            raise Killed
        return written


class Walks(RuleBasedStateMachine):
    """A rollout of one route, its gates, people and deaths."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.world.documents = Mortal()
        self.world.rollouts = self.world.runner(self.world.documents)
        asyncio.run(self.world.rollouts.start([LIST], schedule(), name=None, who="ana", why="x"))
        self.stations = [each.place for each in schedule().stations]
        self.by_hand: Place | None = None
        self.earned = START
        self.moves = 0

    def tick(self) -> None:
        try:
            asyncio.run(self.world.rollouts.tick())
        except Killed:
            self.rise()

    def rise(self) -> None:
        """Another process takes over what the dead one left."""
        store = self.world.documents
        assert isinstance(store, Mortal)
        store.deadly = -1
        store.resign("rollouts")
        self.world.mover.before_commit = self.world.mover.after_commit = lambda: None
        self.world.rollouts = self.world.runner(store)

    @rule(seconds=st.sampled_from([1.0, 61.0, 400.0]), verdict=st.sampled_from(list(GateVerdict)))
    def time_passes(self, seconds: float, verdict: GateVerdict) -> None:
        world, before = self.world, self.world.rollout()
        world.judge.verdict = verdict
        stood = Place.of(world.toggles.load()[LIST])
        world.clock.advance(seconds)
        self.tick()
        stands, made = Place.of(world.toggles.load()[LIST]), len(world.mover.moves) - self.moves
        self.moves = len(world.mover.moves)
        assert made <= 1, "one move at a time"
        if stood < stands:
            assert self.stations.index(stands) == before.at + 1, "never two steps at once"
            assert before.state is RolloutState.RUNNING
            assert verdict is PASS or before.at == START
            assert before.at == START or world.clock() >= before.since + 60
        if verdict is FAIL and stood == before.place and before.at != START and before.pending is None:
            assert not stood < stands

    @rule(where=st.sampled_from(["write", "written", "flip", "flipped"]), count=st.integers(1, 2))
    def death_is_near(self, where: str, count: int) -> None:
        def die() -> None:
            raise Killed

        store = self.world.documents
        assert isinstance(store, Mortal)
        if where == "flip":
            self.world.mover.before_commit = die
        elif where == "flipped":
            self.world.mover.after_commit = die
        else:
            store.deadly, store.after = count, where == "written"

    @rule(order=st.sampled_from(["freeze", "resume", "abort"]))
    def a_person_says(self, order: str) -> None:
        try:
            asyncio.run(getattr(self.world.rollouts, order)(LIST, who="ana", why="x"))
        except IllegalRollout:
            pass
        except Killed:
            self.rise()

    @rule(stage=st.sampled_from([Stage.MONOLITH, Stage.SHADOW, Stage.EXTRACTED]))
    def a_hand_moves_it(self, stage: Stage) -> None:
        if self.world.toggles.load()[LIST].stage is not Stage.RETIRED:
            self.world.put(Toggle(LIST, stage=stage))
            asyncio.run(self.world.mover.refreshed())

    @rule()
    def it_is_retired(self) -> None:
        toggle = self.world.toggles.load()[LIST]
        if toggle.stage is Stage.EXTRACTED:
            self.world.put(Toggle(LIST, stage=Stage.RETIRED))
            asyncio.run(self.world.mover.refreshed())

    @rule()
    def it_settles_after_any_death(self) -> None:
        """Two looks after whatever it was: document and toggles say the same, or the toggle is in a person's hands."""
        self.rise()
        self.world.judge.verdict = GateVerdict.INCONCLUSIVE
        self.tick()
        self.tick()
        self.moves = len(self.world.mover.moves)
        rollout = self.world.rollout()
        assert rollout.pending is None
        if rollout.state not in (RolloutState.OVERTAKEN, RolloutState.ABORTED, RolloutState.FINISHED):
            assert Place.of(self.world.toggles.load()[LIST]) == rollout.place

    @invariant()
    def what_is_retired_stays(self) -> None:
        before = [entry.before for entry in self.world.toggles.history(LIST)]
        assert all(each is None or each.stage is not Stage.RETIRED for each in before)


TestWalks = Walks.TestCase
TestWalks.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
