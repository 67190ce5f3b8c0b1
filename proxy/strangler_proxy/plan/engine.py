"""The engine: applies steps to the world, takes them back, and says where they stand."""

from __future__ import annotations

from collections.abc import Callable

from strangler.errors import PlanError, PlanWaits
from strangler_proxy.plan.attempt import Attempt, judge_routes
from strangler_proxy.plan.facts import Facts
from strangler_proxy.plan.moves import CommandMove
from strangler_proxy.plan.plan import Plan
from strangler_proxy.plan.standing import (
    Standing,
    StepState,
    entered,
    is_made,
    no_way_back,
    since,
    standing_of,
    standings,
    upon,
)
from strangler_proxy.plan.step import Step
from strangler_proxy.plan.told import Told
from strangler_proxy.plan.way_back import undo_step
from strangler_proxy.plan.world import Judged, World

__all__ = ["Engine"]


class Engine:
    """Applies steps of `plan` to `world` as `who`, and tells `tell` of everything that happens.

    `apply`, `follow` and `undo` hold the lease while they are at it. Killed at any point, the next one goes on where
    the world is. A gate that fails is no error but a standing; PlanError says what does not go at all.
    """

    def __init__(self, plan: Plan, world: World, *, who: str, tell: Callable[[Told], None]) -> None:
        self._plan = plan
        self._world = world
        self._who = who
        self._tell = tell

    def apply(self, step: Step, *, confirm: str = "", again: bool = True) -> Standing:
        """Do what is left of the step, and wait until its gates have spoken; where it stands then.

        `confirm` repeats the name of a one-way door. Without `again` a step that has failed stays so. A step that waits
        for a person is left waiting; time is waited for. Raises PlanError.
        """
        facts = self._world.look()
        found = standings(self._plan, facts)
        standing = found[step.id]
        kept = standing.mark is not None and standing.mark.failure is not None
        if standing.state is StepState.DONE or (standing.state is StepState.FAILED and kept and not again):
            return standing
        self._admit(standing, [found[name] for name in step.needs], facts, confirm)
        self._lease()
        try:
            return Attempt(self._plan, self._world, step, who=self._who, tell=self._tell).run()
        finally:
            self._world.leave_lease()

    def follow(self, until: Step | None = None) -> Standing | None:
        """Apply one step after the other, in the order of the plan, until `until` is done or one is not; where the last
        one stands, None where all were done before. Before a one-way door it stops: those are opened by name alone.

        Raises PlanError.
        """
        wanted = self._plan.ordered() if until is None else [*self._plan.before(until), until]
        standing: Standing | None = None
        for step in (each for each in self._plan.ordered() if each in wanted):
            present = standing_of(self._plan, step, self._world.look())
            if present.state is StepState.DONE:
                continue
            standing = present if step.one_way else self.apply(step, again=False)
            if standing.state is not StepState.DONE:
                return standing
        return standing

    def undo(self, step: Step) -> Standing:
        """Take the step back, or the rest of it; where it stands then. Raises PlanError."""
        facts = self._world.look()
        found = standings(self._plan, facts)
        if no_way_back(found[step.id], facts):
            raise PlanError(f"{step.id} is a one-way door: nothing takes it back.")
        if step.undo is None and any(isinstance(move, CommandMove) for move in step.moves):
            raise PlanError(
                f"{step.id} runs a command, and the plan does not say what takes it back.",
                f"Give the block at line {step.line} an undo; `undo = []` says that there is nothing to be done.",
            )
        after = upon(self._plan, step, found)
        if after:
            raise PlanError(
                f"{', '.join(after)} came after {step.id} and would be left without it.",
                f"Undo {after[-1]} first; or take everything back at once: `strangler back NAME --why ...`.",
            )
        self._lease()
        try:
            undo_step(self._plan, self._world, step, who=self._who, tell=self._tell)
            return standing_of(self._plan, step, self._world.look())
        finally:
            self._world.leave_lease()

    def judged(self, step: Step, facts: Facts, *, commands: bool = True) -> list[Judged]:
        """What the gates and checks of the step say now: those before its moves until they are made, then those after.
        Of a step without gates after, or without moves, those before. Nothing is moved or kept."""
        mark = facts.marks.get(step.id)
        moved = all(is_made(step, index, facts, mark) for index in range(len(step.moves)))
        if moved and step.after is not None:
            return judge_routes(self._world, step, step.after, since(step, facts, mark), commands=commands)
        found = [] if step.checks is None else self._world.check(step.checks)
        if step.before is not None:
            found += judge_routes(self._world, step, step.before, entered(step, facts), commands=commands)
        return found

    def _admit(self, standing: Standing, needed: list[Standing], facts: Facts, confirm: str) -> None:
        step = standing.step
        if standing.mark is not None and standing.mark.undoing:
            raise PlanError(f"{step.id} is half undone.", f"Finish that first: `strangler plan undo {step.id}`.")
        lacking = [each for each in needed if each.state is not StepState.DONE]
        if lacking:
            told = ", ".join(f"{each.step.id} ({each.state})" for each in lacking)
            raise PlanWaits(f"{step.id} is not ready. It needs {told}.", "`strangler plan next` says what is.")
        if step.one_way and confirm != step.one_way:
            right = f"Confirm it by name: `--confirm {step.one_way}`."
            raise PlanError(f"{step.id} is a one-way door: there is no way back.", right)
        for pattern in {*step.toggles, *step.looked_at}:
            if not facts.matching([pattern]):
                raise PlanError(
                    f"{step.id} names {pattern}, and there is no such route or seam.",
                    "`strangler routes` lists them; `strangler reload` puts an edited strangler.toml into force.",
                )

    def _lease(self) -> None:
        holder = self._world.take_lease()
        if holder:
            raise PlanWaits(
                f"{holder} is at it: one at a time.",
                "Wait until they are done; should they have died, 30 seconds are enough.",
            )
