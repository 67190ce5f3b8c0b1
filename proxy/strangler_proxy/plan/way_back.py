"""The way back of a step: its toggles to where they were before, and its undo as the plan says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from strangler.errors import PlanError
from strangler_proxy.plan.mark import Mark
from strangler_proxy.plan.moves import CommandMove, FlipMove, Reached, RolloutMove, StepMove
from strangler_proxy.plan.plan import Plan, is_at_least
from strangler_proxy.plan.step import Step
from strangler_proxy.plan.told import Told, ToldKind
from strangler_proxy.plan.world import World

__all__ = ["last_line", "return_toggles", "undo_step"]


def return_toggles(
    plan: Plan, world: World, step: Step, *, why: str, evidence: Mapping[str, Any] | None = None
) -> None:
    """Take the toggles that the step moves, and that are further, to where the steps before it left them; its rollouts
    end first."""
    rollouts = [name for move in step.moves if isinstance(move, RolloutMove) for name in move.names]
    if rollouts:
        world.abort_rollout(rollouts, why=why)
    further: dict[Reached, list[str]] = {}
    for toggle in world.look().matching(step.toggles):
        before = plan.left_at(step, toggle.name)
        if toggle.reached != before and is_at_least(toggle.reached, before):
            further.setdefault(before, []).append(toggle.name)
    for reached, names in further.items():
        world.flip(names, reached, step=step.id, why=why, evidence=evidence)


def undo_step(plan: Plan, world: World, step: Step, *, who: str, tell: Callable[[Told], None]) -> None:
    """Undo the step by its own undo, else by returning its toggles. Killed at any point, another call goes on.

    Raises PlanError when a command of the undo fails.
    """
    facts = world.look()
    mark = facts.marks.get(step.id) or Mark(step.meaning, facts.now, who)
    mark = replace(mark, undoing=True, done_at=None, done_by="")
    world.write(step.id, mark, action="plan.undo-begin", why=step.reason, detail={})
    why = f"{step.reason}; undone"
    if step.undo is None:
        return_toggles(plan, world, step, why=why)
    for move in step.undo or ():
        tell(Told(ToldKind.MOVES, step.id, str(move)))
        _make(world, step, move, why)
    kept: Mark | None = None
    if mark.failure is not None:
        # What failed has not passed for having been undone.
        failure = replace(mark.failure, take_back=False, again=False)
        kept = Mark(mark.meaning, mark.begun_at, mark.begun_by, failure=failure)
    world.write(step.id, kept, action="plan.undo", why=step.reason, detail={})


def _make(world: World, step: Step, move: StepMove, why: str) -> None:
    match move:
        case FlipMove(names=names, force=force):
            others = [toggle.name for toggle in world.look().matching(names) if toggle.reached != move.reached]
            if others:
                world.flip(others, move.reached, step=step.id, why=why, force=force)
        case CommandMove(command=command, timeout=timeout):
            ran = world.run(command, timeout)
            if ran.code:
                right = f"Mend that, and go on: `strangler plan undo {step.id}`."
                raise PlanError(f"`{command}` ended with {ran.code}: {last_line(ran.output)}", right)


def last_line(output: str) -> str:
    """The last line of what a command printed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it printed nothing"
