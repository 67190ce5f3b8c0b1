"""What is told of steps, in words: by the commands of `strangler plan` and by its page. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from shlex import quote
from typing import Any, Final

from strangler.evidence import GateVerdict
from strangler.gates import overall
from strangler.toggles import Stage
from strangler_proxy.plan.facts import Facts, RolloutWord
from strangler_proxy.plan.moves import ApprovalMove, CommandMove, RolloutMove, StepMove
from strangler_proxy.plan.plan import Plan, is_at_least
from strangler_proxy.plan.standing import Standing, StepState, no_way_back, told_reached, upon
from strangler_proxy.plan.step import Step
from strangler_proxy.plan.world import Judged
from strangler_proxy.words import counted

__all__ = [
    "judged_json",
    "told_back",
    "told_following",
    "told_judged",
    "told_moves",
    "told_next",
    "told_table",
    "told_toggles",
    "told_undo",
    "told_whole",
]

_VERDICTS: Final = {GateVerdict.PASS: "pass", GateVerdict.FAIL: "FAIL", GateVerdict.INCONCLUSIVE: "not yet"}


def told_whole(plan: Plan, found: Mapping[str, Standing]) -> str:
    """How much of the plan is done, in a line."""
    states = Counter(each.state for each in found.values())
    others = ", ".join(
        f"{number} {state}" for state in StepState if (number := states[state]) and state is not StepState.DONE
    )
    done = f"{states[StepState.DONE]} of {counted(len(found), 'step')} done"
    return f"{plan.path}: {done}{f'; {others}' if others else ''}"


def told_toggles(facts: Facts) -> str:
    """Where the routes and seams are, in a line."""
    if not facts.toggles:
        return "There is no route or seam yet."
    places = Counter(told_reached(each.reached) for each in facts.toggles.values())
    return "Routes and seams: " + ", ".join(f"{number} at {place}" for place, number in sorted(places.items()))


def told_following(standing: Standing | None) -> str:
    """Which step is next, in a line."""
    if standing is None:
        return "Nothing is left: every step is done, and the world is as they left it."
    step = standing.step
    owner = f"; {step.owner}" if step.owner else ""
    return f"Next: {step.id}, {step.title or 'no heading'} (line {step.line}{owner})"


def told_next(standing: Standing | None, facts: Facts, judged: Sequence[Judged] = ()) -> Iterator[str]:
    """What is next, what it waits for, what its gates say by `judged` (no command of them was run), how to do it."""
    yield told_following(standing)
    if standing is None:
        return
    step, state = standing.step, standing.state.value
    yield _labelled(state[:1].upper() + state[1:], standing.reason)
    if standing.state is StepState.NOT_READY:
        return
    left = [str(move) for move, made in zip(step.moves, standing.made, strict=True) if not made]
    yield from _under("To do", left)
    if left and step.after is not None:
        yield _labelled("Then", f"these have to pass: {told_table(step.after.table)}")
    yield from _under("Gates", [line.strip() for line in told_judged(judged, commands=False)])
    if any(each.judgement.verdict is GateVerdict.FAIL for each in judged):
        yield _labelled("First", "mend what FAILs: nothing else gets the step past that")
    elif standing.state is StepState.FAILED and not (standing.mark is not None and standing.mark.tried_again):
        yield _labelled("First", "mend what failed: trying again by itself mends nothing")
    yield _labelled("Do it", _how(standing, facts))


def _under(label: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines of which the first one has the label."""
    for number, line in enumerate(lines):
        yield _labelled("" if number else label, line)


def _labelled(label: str, text: str) -> str:
    return f"  {label + ':' if label else '':<10} {text}"


def _how(standing: Standing, facts: Facts) -> str:
    """The command that brings the step on."""
    step = standing.step
    if facts.holder:
        return f"wait for {facts.holder}: one at a time"
    if standing.mark is not None and standing.mark.undoing:
        return f"strangler plan undo {step.id}"
    again = standing.mark is not None and standing.mark.tried_again and not all(standing.made)
    if standing.state is StepState.WAITING or again:
        move = next(move for move, made in zip(step.moves, standing.made, strict=True) if not made)
        if isinstance(move, ApprovalMove):
            return f'strangler plan approve {step.id} --why "..."   (it is on {move.who}; then `{_apply(step)}`)'
        if isinstance(move, RolloutMove):
            names = _under_way(move, facts)
            told = " or ".join(f'strangler rollout resume {quote(name)} --why "..."' for name in names)
            return f"{told}   (then `{_apply(step)}`)"
    return _apply(step)


def _apply(step: Step) -> str:
    return f"strangler plan apply {step.id}" + (f" --confirm {step.one_way}" if step.one_way else "")


def told_back(plan: Plan, found: Mapping[str, Standing], facts: Facts) -> Iterator[str]:
    """How to go back from here: the last step that has moved something, and everything at once."""
    moved = [step for step in plan.ordered() if _has_moved(plan, found[step.id], facts)]
    if moved:
        yield _labelled("Go back", _told_undo_of(plan, moved[-1], found, facts))
    if any(each.reached[0] not in (Stage.MONOLITH, Stage.RETIRED) for each in facts.toggles.values()):
        told = 'strangler back --all --why "..."   (every customer has the monolith again at the next request)'
        yield _labelled("Or all" if moved else "Go back", told)
    elif not moved:
        yield _labelled("Go back", "there is nothing to go back from")


def _told_undo_of(plan: Plan, step: Step, found: Mapping[str, Standing], facts: Facts) -> str:
    """The command that takes the step back, or what came after it first; or why there is none."""
    steps = [plan.step(name) for name in reversed(upon(plan, step, found))] + [step]
    for each in steps:
        if no_way_back(found[each.id], facts):
            return f"{each.id} is a one-way door: no step before it is taken back"
        if each.undo is None and any(isinstance(move, CommandMove) for move in each.moves):
            return f"{each.id} runs a command: give its block at line {each.line} an `undo` first"
    commands = ", then ".join(f"strangler plan undo {each.id}" for each in steps)
    return f"{commands}   ({'; '.join(told_undo(plan, step, facts))})"


def _has_moved(plan: Plan, standing: Standing, facts: Facts) -> bool:
    """Whether the step has moved toggles, be it in part, or has a rollout under way."""
    step = standing.step
    if standing.mark is None:
        return False
    further = any(
        toggle.reached != (before := plan.left_at(step, toggle.name)) and is_at_least(toggle.reached, before)
        for toggle in facts.matching(step.toggles)
    )
    return further or any(_under_way(move, facts) for move in step.moves)


def _under_way(move: StepMove, facts: Facts) -> list[str]:
    """The names of the move's rollouts that are not over."""
    if not isinstance(move, RolloutMove):
        return []
    seen = [facts.rollouts[each.name] for each in facts.matching(move.names) if each.name in facts.rollouts]
    return sorted({each.name for each in seen if each.word in (RolloutWord.RUNNING, RolloutWord.WAITING)})


def told_undo(plan: Plan, step: Step, facts: Facts) -> list[str]:
    """What an undo of the step would do."""
    if step.undo is not None:
        return [str(move) for move in step.undo] or ["nothing is to be done"]
    moves: dict[str, list[str]] = {}
    for toggle in facts.matching(step.toggles):
        before = plan.left_at(step, toggle.name)
        if toggle.reached != before and is_at_least(toggle.reached, before):
            moves.setdefault(told_reached(before), []).append(toggle.name)
    walking = sorted({name for move in step.moves for name in _under_way(move, facts)})
    if moves or walking:
        ended = [f"the rollout {name} ends" for name in walking]
        return [*ended, *(f"{', '.join(names)} to {place}" for place, names in moves.items())]
    commands = any(isinstance(move, CommandMove) for move in step.moves)
    return ["the plan does not say how"] if commands else ["nothing is to be done"]


def told_moves(step: Step) -> Iterator[str]:
    """What the step will do, line by line."""
    for key, gates in (("before", step.before), ("after", step.after)):
        if gates is not None and key == "before":
            yield f"  gates before: {told_table(gates.table)}"
    if step.checks is not None:
        yield f"  checks: {told_table(step.table['checks'])}"
    yield from (f"  {move}" for move in step.moves)
    if step.after is not None:
        yield f"  gates after: {told_table(step.after.table)}"


def told_table(table: Mapping[str, Any]) -> str:
    """A table of gates or checks in a line."""
    return ", ".join(f"{key} {_value(value)}" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{key} {_value(each)}" for key, each in value.items()) + ")"
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value)
    return str(value)


def told_judged(judged: Iterable[Judged], *, commands: bool = True) -> Iterator[str]:
    """A line for each verdict; `commands` is whether they were run."""
    for each in judged:
        about = f"{each.about} " if each.about else ""
        if not commands and each.judgement.name == "command":
            told = f"`{each.judgement.figures['run']}` is run by `apply` and `verify`, and has to end with 0"
            yield f"  {_VERDICTS[GateVerdict.INCONCLUSIVE]:<8}command: {told}"
        else:
            yield f"  {_VERDICTS[each.judgement.verdict]:<8}{about}{each.judgement.name}: {each.judgement.reason}"


def judged_json(judged: Sequence[Judged]) -> dict[str, Any]:
    """The verdicts, and what they come to."""
    return {**overall(each.judgement for each in judged).to_json(), "gates": [each.to_json() for each in judged]}
