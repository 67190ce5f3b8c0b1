"""Where each step stands, computed from the world: what is done is what is so, and not what was once said. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from textwrap import shorten
from typing import Any, Final

from strangler.toggles import Stage, format_share
from strangler_proxy.plan.facts import Facts, RolloutSeen, RolloutWord, ToggleSeen
from strangler_proxy.plan.mark import Mark
from strangler_proxy.plan.moves import ApprovalMove, CommandMove, FlipMove, Reached, RolloutMove, StepMove, WaitMove
from strangler_proxy.plan.plan import Plan, is_at_least
from strangler_proxy.plan.step import Step

__all__ = [
    "Standing",
    "StepState",
    "entered",
    "is_made",
    "no_way_back",
    "since",
    "standing_of",
    "standings",
    "told_reached",
    "upon",
    "wait_ends",
    "walked",
]


# A reason with more letters than this stands elsewhere in full.
_LONGEST: Final = 300


class StepState(StrEnum):
    """Where a step stands."""

    NOT_READY = "not ready"  # a step that it needs is not done
    READY = "ready"
    RUNNING = "running"  # begun, and not over
    WAITING = "waiting"  # for a person, or for time
    DONE = "done"
    DRIFTED = "drifted"  # was done, and is undone by hand
    CHANGED = "changed"  # was done, and its block says something else by now
    FAILED = "failed"  # a gate, a check, a command or a rollout said no


_BEGUN: Final = frozenset({StepState.DONE, StepState.RUNNING, StepState.WAITING})


@dataclass(frozen=True, slots=True)
class Standing:
    """A step's state, why in a sentence, and which of its moves are made."""

    step: Step
    state: StepState
    reason: str
    made: tuple[bool, ...] = ()
    mark: Mark | None = None

    def to_json(self) -> dict[str, Any]:
        """The standing as plain JSON types."""
        return {
            "id": self.step.id,
            "title": self.step.title,
            "chapter": self.step.chapter,
            "line": self.step.line,
            "owner": self.step.owner,
            "state": self.state.value,
            "reason": self.reason,
            "moves": [{"move": str(move), "made": made} for move, made in zip(self.step.moves, self.made, strict=True)],
            "begun_at": self.mark and self.mark.begun_at,
            "done_at": self.mark and self.mark.done_at,
            "done_by": self.mark and (self.mark.done_by or None),
        }


def standings(plan: Plan, facts: Facts) -> dict[str, Standing]:
    """Where each step of the plan stands, by id, in the order of the document."""
    found: dict[str, Standing] = {}
    for step in plan.ordered():
        found[step.id] = _standing(step, facts, [found[name] for name in step.needs])
    return {name: found[name] for name in plan.steps}


def standing_of(plan: Plan, step: Step, facts: Facts) -> Standing:
    """Where one step stands."""
    return standings(plan, facts)[step.id]


def is_made(step: Step, index: int, facts: Facts, mark: Mark | None) -> bool:
    """Whether the world is as the move of that number would have it."""
    move = step.moves[index]
    match move:
        case FlipMove() | RolloutMove():
            there = bool(facts.matching(move.names))
            return there and not any(_behind(move, facts)) and not any(_walking(move, facts))
        case CommandMove():
            return mark is not None and index in mark.moved
        case ApprovalMove():
            consent = facts.consents.get(step.id)
            return consent is not None and consent.meaning == step.meaning
        case WaitMove():
            return mark is not None and facts.now >= wait_ends(step, index, facts, mark)


def wait_ends(step: Step, index: int, facts: Facts, mark: Mark) -> float:
    """When the wait of that number is over: so long after the move before it, or after the step was begun."""
    wait = step.moves[index]
    assert isinstance(wait, WaitMove)  # noqa: S101 - whoever calls has looked
    began = mark.begun_at
    for earlier in range(index):
        began = max(began, _moved_at(step, earlier, facts, mark))
    return began + wait.seconds


def _moved_at(step: Step, index: int, facts: Facts, mark: Mark) -> float:
    match step.moves[index]:
        case FlipMove(names=names) | RolloutMove(names=names):
            return max((toggle.since for toggle in facts.matching(names)), default=0.0)
        case CommandMove():
            return mark.moved.get(index, 0.0)
        case ApprovalMove():
            consent = facts.consents.get(step.id)
            return 0.0 if consent is None else consent.at
        case WaitMove():
            return wait_ends(step, index, facts, mark)


def since(step: Step, facts: Facts, mark: Mark | None) -> float:
    """Since when the gates after the moves look: since the last of them that is made."""
    if mark is None:
        return max((toggle.since for toggle in facts.matching(step.looked_at)), default=facts.now)
    moves = [
        _moved_at(step, index, facts, mark) for index in range(len(step.moves)) if is_made(step, index, facts, mark)
    ]
    return max([mark.begun_at, *moves])


def entered(step: Step, facts: Facts) -> float:
    """Since when the routes that the gates look at are where they are: what gates before the moves look at."""
    return max((toggle.since for toggle in facts.matching(step.looked_at)), default=facts.now)


def told_reached(reached: Reached) -> str:
    """A stage with its share: `canary 10%`."""
    stage, share = reached
    return f"{stage} {format_share(share)}" if stage is Stage.CANARY else stage.value


def _behind(move: FlipMove | RolloutMove, facts: Facts) -> Iterator[tuple[ToggleSeen, Reached]]:
    """The toggles that are not as far as the move brings them, and how far that is."""
    for toggle in facts.matching(move.names):
        wanted = move.reached
        if isinstance(move, RolloutMove) and toggle.name in facts.rollouts:
            wanted = facts.rollouts[toggle.name].end
        if not is_at_least(toggle.reached, wanted):
            yield toggle, wanted


def _walking(move: FlipMove | RolloutMove, facts: Facts) -> Iterator[RolloutSeen]:
    """The rollouts of the move that are not over: at their last share they have still to stay for a while."""
    if isinstance(move, RolloutMove):
        seen = (facts.rollouts.get(toggle.name) for toggle in facts.matching(move.names))
        yield from (
            each for each in seen if each is not None and each.word in (RolloutWord.RUNNING, RolloutWord.WAITING)
        )


def walked(move: RolloutMove, begun: float | None, facts: Facts) -> list[RolloutSeen]:
    """The rollouts of the move that are under way or have ended since it was `begun` (None: it was not)."""
    seen = [facts.rollouts[each.name] for each in facts.matching(move.names) if each.name in facts.rollouts]
    return [each for each in seen if begun is not None and (each.word is RolloutWord.RUNNING or each.at > begun)]


def upon(plan: Plan, step: Step, found: Mapping[str, Standing]) -> list[str]:
    """The steps that need `step` and are begun or done: they have to be undone first, the last one first of all."""
    behind = [found[each.id] for each in plan.behind(step)]
    return [each.step.id for each in behind if each.mark is not None and each.state in _BEGUN]


def no_way_back(standing: Standing, facts: Facts) -> bool:
    """Whether the step is a one-way door that nothing takes back: all but one that is begun and not opened yet."""
    if not standing.step.one_way:
        return False
    if standing.mark is None or standing.mark.done_at is not None:
        return True
    return any(toggle.reached[0] is Stage.RETIRED for toggle in facts.matching(standing.step.toggles))


def _standing(step: Step, facts: Facts, needed: list[Standing]) -> Standing:
    mark = facts.marks.get(step.id)
    made = tuple(is_made(step, index, facts, mark) for index in range(len(step.moves)))
    state, reason = _state(step, facts, mark, made, needed)
    return Standing(step, state, reason, made, mark)


def _state(
    step: Step, facts: Facts, mark: Mark | None, made: tuple[bool, ...], needed: list[Standing]
) -> tuple[StepState, str]:
    if mark is not None and mark.done_at is not None:
        return _after_done(step, facts, mark)
    if mark is not None and mark.undoing:
        return StepState.RUNNING, f"It is being undone; `strangler plan undo {step.id}` goes on with that."
    if mark is not None and mark.failure is not None and not (mark.failure.again and facts.holder):
        told = shorten(mark.failure.reason, _LONGEST, placeholder=" …")
        again = f"`strangler plan apply {step.id}` tries it again."
        walks = any(isinstance(move, RolloutMove) and any(_walking(move, facts)) for move in step.moves)
        if walks and mark.failure.again:
            again = f"By now it is tried again: its rollout walks; `strangler plan apply {step.id}` goes on with that."
        elif mark.tried_again and not all(made):
            index = made.index(False)
            state, waits = _held_by(step.moves[index], index, step, facts, mark)
            again = f"By now it is tried again. {waits}" if state is StepState.WAITING else again
        return StepState.FAILED, f"{told} {again}"
    lacking = [each for each in needed if each.state is not StepState.DONE]
    if lacking:
        told = ", ".join(f"{each.step.id} ({each.state})" for each in lacking)
        return StepState.NOT_READY, f"It needs {told}."
    for index, move in enumerate(step.moves):
        if not made[index]:
            return _held_by(move, index, step, facts, mark)
    if mark is None:
        if any(isinstance(move, FlipMove | RolloutMove) for move in step.moves):
            return StepState.READY, "The world is so already; `apply` has only its gates to judge."
        return StepState.READY, "Nothing holds it back."
    wanted = "its gates have the last word" if step.after else "it has only to be marked as done"
    return StepState.RUNNING, f"All moves are made; {wanted}.{_nobody(facts)}"


def _held_by(move: StepMove, index: int, step: Step, facts: Facts, mark: Mark | None) -> tuple[StepState, str]:
    match move:
        case ApprovalMove(who=who):
            return StepState.WAITING, f"It waits for the approval of {who}: `strangler plan approve {step.id}`."
        case WaitMove() if mark is not None:
            ends = datetime.fromtimestamp(wait_ends(step, index, facts, mark), UTC).astimezone()
            return StepState.WAITING, f"It waits until {ends:%Y-%m-%d %H:%M:%S}."
        case RolloutMove() if mark is not None:
            held = [each for each in _walking(move, facts) if each.word is RolloutWord.WAITING]
            if held:
                told = shorten(held[0].reason, _LONGEST, placeholder=" …")
                return StepState.WAITING, f"Its rollout wants a person (`strangler rollout status`): {told}"
            ours = walked(move, mark.moved.get(index), facts)
            failed = [each for each in ours if each.word is RolloutWord.FAILED]
            if failed:
                told = shorten(failed[0].reason, _LONGEST, placeholder=" …")
                noted = f"`strangler plan apply {step.id}` writes that down, and called again tries it again."
                return StepState.FAILED, f"The rollout did not arrive: {told} {noted}"
            running = [each for each in ours if each.word is RolloutWord.RUNNING]
            if running:
                told = shorten(running[0].reason, _LONGEST, placeholder=" …")
                walks = f"Its rollout walks by itself (`strangler rollout status`): {told}"
                return StepState.RUNNING, f"{walks}{_nobody(facts)}"
        case FlipMove(names=names) if not facts.matching(names):
            missing = f"Nothing is named {', '.join(names)} yet: put it into strangler.toml, then `strangler reload`."
            return StepState.READY if mark is None else StepState.RUNNING, missing
    if mark is None:
        return StepState.READY, "Nothing holds it back."
    return StepState.RUNNING, f"Next is {move}.{_nobody(facts)}"


def _nobody(facts: Facts) -> str:
    return "" if facts.holder else " Nobody is at it: `strangler plan apply` goes on."


def _after_done(step: Step, facts: Facts, mark: Mark) -> tuple[StepState, str]:
    behind = [
        f"{toggle.name} is at {told_reached(toggle.reached)}, and the step had brought it to {told_reached(wanted)}"
        for move in step.moves
        if isinstance(move, FlipMove | RolloutMove)
        for toggle, wanted in _behind(move, facts)
    ]
    if mark.meaning != step.meaning:
        told = f"Its block was written anew after it was done.{_told_behind(behind)}"
        return StepState.CHANGED, f"{told} `strangler plan apply {step.id}` judges it as it is written now."
    missing = [
        f"nothing is named {', '.join(move.names)} any more"
        for move in step.moves
        if isinstance(move, FlipMove | RolloutMove) and not facts.matching(move.names)
    ]
    if behind or missing:
        told = _told_behind([*missing, *behind])
        return StepState.DRIFTED, f"It was undone by hand:{told} `strangler history` says by whom."
    at = datetime.fromtimestamp(mark.done_at or 0.0, UTC).astimezone()
    return StepState.DONE, f"Done at {at:%Y-%m-%d %H:%M:%S} by {mark.done_by}."


def _told_behind(behind: list[str]) -> str:
    if not behind:
        return ""
    more = f"; and {len(behind) - 1} more are not where it left them" if len(behind) > 1 else ""
    return f" {behind[0]}{more}."
