"""What the plan's page shows of each step: where it stands, and what the visitor can do about it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from strangler.errors import Problem
from strangler.evidence import GateVerdict
from strangler_proxy.plan import Plan, Standing, Step, StepState
from strangler_proxy.plan.approving import waits_for_approval
from strangler_proxy.plan.blocks import Block, step_blocks
from strangler_proxy.plan.facts import Facts
from strangler_proxy.plan.moves import CommandMove, FlipMove
from strangler_proxy.plan.own_hands import apply_by_hand, undo_by_hand
from strangler_proxy.plan.run import RunState, run_state
from strangler_proxy.plan.standing import no_way_back, upon
from strangler_proxy.plan.words import told_table, told_undo
from strangler_proxy.plan.world import Judged

__all__ = [
    "Act",
    "JudgedShown",
    "MoveShown",
    "PlanShown",
    "ProblemShown",
    "RunShown",
    "StepShown",
    "judged_shown",
    "plan_shown",
    "problems_shown",
    "run_shown",
    "step_shown",
]

_TO_DO: Final = frozenset(
    {
        StepState.READY,
        StepState.RUNNING,
        StepState.WAITING,
        StepState.FAILED,
        StepState.DRIFTED,
        StepState.CHANGED,
    }
)
_NOTHING: Final = "nothing is to be done"
_VERDICTS: Final = {GateVerdict.PASS: "pass", GateVerdict.FAIL: "fail", GateVerdict.INCONCLUSIVE: "not yet"}


@dataclass(frozen=True, slots=True)
class Act:
    """What can be done with a step: by a form where `offered`, by the line `command` on one's own machine where there
    is one, else not at all; `why` says why not by a form. It wants the role `role`."""

    offered: bool = False
    command: str = ""
    why: str = ""
    role: str = "operate"


@dataclass(frozen=True, slots=True)
class MoveShown:
    """A move in words, and whether it is made."""

    text: str
    made: bool


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step, as its place in the document shows it. `needs` are ids with their states, `way_back` what an undo does,
    `approvals` whether somebody's word is still wanted, `source` its block."""

    id: str
    title: str
    chapter: str
    line: int
    state: StepState
    reason: str
    owner: str
    needs: tuple[tuple[str, StepState], ...]
    before: str
    checks: str
    moves: tuple[MoveShown, ...]
    after: str
    way_back: tuple[str, ...]
    one_way: str
    begun: tuple[float, str] | None
    done: tuple[float, str] | None
    consent: tuple[str, float, str] | None
    digest: str
    source: str
    approve: Act
    apply: Act
    undo: Act

    @property
    def anchor(self) -> str:
        """Where it is on the page."""
        return f"step-{self.id}"

    @property
    def mark(self) -> str:
        """What changes with anything that a look at it shows."""
        made = "".join("x" if each.made else "." for each in self.moves)
        offers = [(each.offered, each.command, each.why) for each in (self.approve, self.apply, self.undo)]
        return f"{self.state}{made}{self.reason}{self.digest}{offers}{self.consent}"


@dataclass(frozen=True, slots=True)
class PlanShown:
    """The whole: `counts` are how many steps are in which state, `upcoming` is the first that is not done."""

    steps: tuple[StepShown, ...]
    done: int
    counts: tuple[tuple[StepState, int], ...]
    upcoming: StepShown | None

    def has(self, name: str) -> bool:
        """Whether there is a step of that id."""
        return any(each.id == name for each in self.steps)


@dataclass(frozen=True, slots=True)
class RunShown:
    """What a control plane does, or did last, with a step. `lines` are what it told, with their times."""

    step: str
    act: str
    who: str
    began_at: float
    state: RunState
    lines: tuple[tuple[float, str, str], ...]
    gates: tuple[JudgedShown, ...]
    waits: str
    ended_at: float | None
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class JudgedShown:
    """What a gate said: `verdict` is `pass`, `fail` or `not yet`."""

    verdict: str
    about: str
    gate: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProblemShown:
    """Something wrong in the plan's file; `block` is the line that its step's block begins in, None for none."""

    line: int | None
    key: str
    wrong: str
    right: str
    block: int | None


def plan_shown(plan: Plan, found: Mapping[str, Standing], facts: Facts) -> PlanShown:
    """All steps, in the order of the document."""
    sources = _sources(plan.text)
    steps = {name: step_shown(plan, found, facts, plan.steps[name], sources.get(name, "")) for name in plan.steps}
    counts = Counter(each.state for each in steps.values())
    upcoming = next((steps[each.id] for each in plan.ordered() if found[each.id].state is not StepState.DONE), None)
    told = tuple((state, counts[state]) for state in StepState if counts[state])
    return PlanShown(tuple(steps.values()), counts[StepState.DONE], told, upcoming)


@lru_cache(maxsize=4)
def _sources(text: str) -> Mapping[str, str]:
    """Each step's block as it is written, by its id."""
    return {block.id: block.text.lstrip("\n") for block in step_blocks(text, "")[0]}


def step_shown(plan: Plan, found: Mapping[str, Standing], facts: Facts, step: Step, source: str = "") -> StepShown:
    """One step."""
    standing = found[step.id]
    mark, consent = standing.mark, facts.consents.get(step.id)
    counts = consent is not None and consent.meaning == step.meaning
    return StepShown(
        id=step.id,
        title=step.title,
        chapter=step.chapter,
        line=step.line,
        state=standing.state,
        reason=standing.reason,
        owner=step.owner,
        needs=tuple((name, found[name].state) for name in step.needs),
        before="" if step.before is None else told_table(step.before.table),
        checks="" if step.checks is None else told_table(step.table["checks"]),
        moves=tuple(MoveShown(str(move), made) for move, made in zip(step.moves, standing.made, strict=True)),
        after="" if step.after is None else told_table(step.after.table),
        way_back=_way_back(plan, standing, facts),
        one_way=step.one_way,
        begun=None if mark is None else (mark.begun_at, mark.begun_by),
        done=None if mark is None or mark.done_at is None else (mark.done_at, mark.done_by),
        consent=(consent.who, consent.at, consent.why) if consent is not None and counts else None,
        digest=step.digest,
        source=source,
        approve=Act(waits_for_approval(step) and not counts and standing.state is not StepState.DONE, role="approve"),
        apply=_apply(standing, facts),
        undo=_undo(plan, found, standing, facts),
    )


def _way_back(plan: Plan, standing: Standing, facts: Facts) -> tuple[str, ...]:
    """What an undo does; before the step was begun, what it would come to."""
    step = standing.step
    if step.one_way:
        return ()
    if standing.mark is None and step.undo is None and step.toggles:
        return ("its routes and seams go back to where the steps before left them",)
    return tuple(told_undo(plan, step, facts))


def _apply(standing: Standing, facts: Facts) -> Act:
    step = standing.step
    role = (
        "approve"
        if step.one_way or any(isinstance(move, FlipMove) and move.force for move in step.moves)
        else "operate"
    )
    if standing.state not in _TO_DO or _is_half_undone(standing):
        return Act(role=role)
    confirm = f" --confirm {step.one_way}" if step.one_way else ""
    line = f"strangler plan apply {step.id}{confirm}"
    by_hand = apply_by_hand(step)
    if by_hand:
        return Act(command=line, why=by_hand, role=role)
    if facts.holder:
        return Act(why=f"{facts.holder} is at it: one at a time.", role=role)
    return Act(offered=True, role=role)


def _undo(plan: Plan, found: Mapping[str, Standing], standing: Standing, facts: Facts) -> Act:
    step = standing.step
    role = "approve" if any(isinstance(move, FlipMove) and move.force for move in step.undo or ()) else "operate"
    if standing.mark is None or no_way_back(standing, facts):
        return Act(role=role)
    if step.undo is None and any(isinstance(move, CommandMove) for move in step.moves):
        return Act(why=f"It runs a command, and its block at line {step.line} has no `undo` yet.", role=role)
    failed = standing.mark.failure is not None and not standing.mark.undoing
    if failed and step.undo is None and told_undo(plan, step, facts) == [_NOTHING]:
        return Act(role=role)
    after = upon(plan, step, found)
    if after:
        return Act(why=f"{', '.join(after)} came after it: undo {after[-1]} first.", role=role)
    by_hand = undo_by_hand(step)
    if by_hand:
        return Act(command=f"strangler plan undo {step.id}", why=by_hand, role=role)
    if facts.holder:
        return Act(why=f"{facts.holder} is at it: one at a time.", role=role)
    return Act(offered=True, role=role)


def _is_half_undone(standing: Standing) -> bool:
    return standing.mark is not None and standing.mark.undoing


def run_shown(run: Mapping[str, Any] | None, holder: str) -> RunShown | None:
    """A run, as the control API tells it; None where there is none."""
    if run is None:
        return None
    return RunShown(
        step=run["step"],
        act=run["act"],
        who=run["who"],
        began_at=run["began_at"],
        state=run_state(run, holder),
        lines=tuple((each["at"], each["kind"], each["text"]) for each in run["told"]),
        gates=tuple(
            JudgedShown(_VERDICTS[GateVerdict(each["verdict"])], each["about"], each["gate"], each["reason"])
            for each in run["gates"]
        ),
        waits=run["waits"],
        ended_at=run["ended_at"],
        outcome=run["outcome"],
        reason=run["reason"],
    )


def judged_shown(judged: Iterable[Judged]) -> tuple[JudgedShown, ...]:
    """What gates said; of a command, which is not run here, what is wanted."""
    return tuple(
        JudgedShown(
            _VERDICTS[each.judgement.verdict],
            each.about,
            each.judgement.name,
            f"`{each.judgement.figures['run']}` is run by `strangler plan apply` and `verify`; 0 is wanted."
            if each.judgement.name == "command"
            else each.judgement.reason,
        )
        for each in judged
    )


def problems_shown(problems: Iterable[Problem], text: str, file: str) -> tuple[ProblemShown, ...]:
    """What is wrong in the file, whose text may be empty where it cannot be read."""
    blocks = step_blocks(text, file)[0] if text else []
    return tuple(
        ProblemShown(each.line, each.key, each.wrong, each.right, _block_of(blocks, each.line)) for each in problems
    )


def _block_of(blocks: Iterable[Block], line: int | None) -> int | None:
    return None if line is None else next((each.line for each in blocks if each.line <= line <= each.end), None)
