"""One attempt at a step. Killed at any point, the next attempt goes on where the world is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from textwrap import shorten
from typing import Any, Final

from strangler.errors import PlanError, PlanWaits
from strangler.evidence import GateVerdict
from strangler.gates import overall
from strangler.toggles import Stage
from strangler_proxy.plan.facts import Facts, RolloutWord
from strangler_proxy.plan.mark import Failure, Mark
from strangler_proxy.plan.moves import ApprovalMove, CommandMove, FlipMove, RolloutMove, StepMove, WaitMove, spoken
from strangler_proxy.plan.plan import Plan, is_at_least
from strangler_proxy.plan.standing import Standing, entered, is_made, since, standing_of, wait_ends, walked
from strangler_proxy.plan.step import Step, StepGates
from strangler_proxy.plan.told import Told, ToldKind
from strangler_proxy.plan.way_back import last_line, return_toggles
from strangler_proxy.plan.world import Judged, World

__all__ = ["Attempt", "judge_routes"]

_LOOK_EVERY: Final = 1.0
# What a gate that is a command is called.
_COMMAND: Final = "command"
# What the audit keeps of a command's output and of verdicts.
_MOST_OUTPUT: Final = 4000
_MOST_VERDICTS: Final = 40
_LONGEST_REASON: Final = 4000
_CUSTOMERS_NOTICE: Final = frozenset({Stage.CANARY, Stage.EXTRACTED})


class Attempt:
    """Does what is left of `step`; the lease is held by whoever makes one.

    Each act is such that doing it twice is doing it once, and what the world cannot tell is kept in the step's mark
    right after it; a failure is kept before anything is taken back for it.
    """

    def __init__(self, plan: Plan, world: World, step: Step, *, who: str, tell: Callable[[Told], None]) -> None:
        self._plan = plan
        self._world = world
        self._step = step
        self._who = who
        self._tell = tell
        self._mark = Mark(step.meaning, 0.0, who)

    def run(self) -> Standing:
        """Where the step stands then. Raises PlanError when somebody interferes."""
        step = self._step
        self._begin()
        if self._mark.failure is not None and self._mark.failure.take_back:
            self._take_back(self._mark.failure)
            return self._standing()
        try:
            # Where nothing is moved, what was seen before a death is all that there would be.
            if self._mark.passed_at is None or not step.moves:
                self._pass()
                self._keep(replace(self._mark, passed_at=self._world.look().now), "plan.pass")
            for index, move in enumerate(step.moves):
                self._make(index, move)
            self._wait_for("after", step.after, since(step, self._world.look(), self._mark))
        except _Failed as failed:
            self._fail(failed)
        except _Waits:
            pass
        else:
            now = self._world.look().now
            self._keep(replace(self._mark, done_at=now, done_by=self._who, failure=None), "plan.done")
        return self._standing()

    def _standing(self) -> Standing:
        return standing_of(self._plan, self._step, self._world.look())

    def _keep(self, mark: Mark, action: str, **detail: Any) -> None:
        self._world.write(self._step.id, mark, action=action, why=self._step.reason, detail=detail)
        self._mark = mark

    def _say(self, kind: ToldKind, text: str, judged: Sequence[Judged] = ()) -> None:
        self._tell(Told(kind, self._step.id, text, tuple(judged)))

    def _begin(self) -> None:
        """Take up the mark, or make a new one: for a step that was never begun, is tried again, was done once, or says
        something else by now."""
        facts = self._world.look()
        mark = facts.marks.get(self._step.id)
        failure = None if mark is None else mark.failure
        if mark is not None and mark.done_at is None:
            owes = failure is not None and failure.take_back
            if owes or (mark.meaning == self._step.meaning and (failure is None or failure.again)):
                self._mark = mark
                return
        tried = None if failure is None else replace(failure, again=True)
        self._say(ToldKind.BEGUN, self._step.title)
        self._keep(Mark(self._step.meaning, facts.now, self._who, failure=tried), "plan.begin")

    def _pass(self) -> None:
        """Let checks and gates speak before the first move. Raises _Failed or _Waits."""
        if self._step.checks is not None:
            judged = self._world.check(self._step.checks)
            verdict = overall(each.judgement for each in judged)
            self._say(ToldKind.JUDGED, verdict.reason, judged)
            if verdict.verdict is GateVerdict.FAIL:
                raise _Failed("checks", verdict.reason, judged)
            if verdict.verdict is GateVerdict.INCONCLUSIVE:
                raise _Waits
        self._wait_for("before", self._step.before, entered(self._step, self._world.look()))

    def _wait_for(self, what: str, gates: StepGates | None, from_: float) -> None:
        """Judge again and again until all gates pass. Raises _Failed as soon as one fails.

        Commands are run once all the others pass: they may take their time, and some cost something.
        """
        while gates is not None:
            judged = judge_routes(self._world, self._step, gates, from_, commands=False)
            verdict = overall(each.judgement for each in judged if each.judgement.name != _COMMAND)
            if verdict.verdict is GateVerdict.PASS and gates.wanted.commands:
                judged = judge_routes(self._world, self._step, gates, from_, commands=True)
                verdict = overall(each.judgement for each in judged)
            self._say(ToldKind.JUDGED, verdict.reason, judged)
            if verdict.verdict is GateVerdict.PASS:
                return
            if verdict.verdict is GateVerdict.FAIL:
                raise _Failed(what, verdict.reason, judged)
            self._hold()
            if what == "after":
                self._still_there()

    def _hold(self) -> None:
        """Let time pass, and go on holding the lease. Raises PlanWaits when somebody else has it by now."""
        self._world.pause(_LOOK_EVERY)
        holder = self._world.take_lease()
        if holder:
            raise PlanWaits(f"{holder} took over: the lease had run out.", "Look at `strangler plan status`.")

    def _still_there(self) -> None:
        """Raises PlanError when somebody has moved the toggles back in the meantime: there is nothing to wait for."""
        facts = self._world.look()
        for index, move in enumerate(self._step.moves):
            if isinstance(move, FlipMove | RolloutMove) and not is_made(self._step, index, facts, self._mark):
                raise PlanError(
                    f"Somebody undid {move} while the gates of {self._step.id} were looking.",
                    f"`strangler history` says who; `strangler plan apply {self._step.id}` begins there again.",
                )

    def _make(self, index: int, move: StepMove) -> None:
        """Make the move unless it is made, and stay until it is. Raises _Failed or _Waits."""
        facts = self._world.look()
        if is_made(self._step, index, facts, self._mark):
            return
        if not isinstance(move, ApprovalMove):
            self._say(ToldKind.MOVES, str(move))
        while not is_made(self._step, index, facts, self._mark):
            self._do(index, move, facts)
            facts = self._world.look()
        self._say(ToldKind.MADE, str(move))

    def _do(self, index: int, move: StepMove, facts: Facts) -> None:
        """What the move asks for next: all of it, or to wait for a moment."""
        match move:
            case FlipMove(names=names, force=force):
                seen = facts.matching(names)
                behind = [toggle.name for toggle in seen if not is_at_least(toggle.reached, move.reached)]
                self._world.flip(behind, move.reached, step=self._step.id, why=self._step.reason, force=force)
            case RolloutMove():
                self._walk(index, move, facts)
            case CommandMove(command=command, timeout=timeout):
                ran = self._world.run(command, timeout)
                if ran.code:
                    raise _Failed("move", f"`{command}` ended with {ran.code}: {last_line(ran.output)}")
                moved = {**self._mark.moved, index: self._world.look().now}
                detail = {"command": command, "code": ran.code, "output": ran.output[-_MOST_OUTPUT:]}
                self._keep(replace(self._mark, moved=moved), "plan.run", **detail)
            case ApprovalMove():
                raise _Waits
            case WaitMove():
                left = wait_ends(self._step, index, facts, self._mark) - facts.now
                self._say(ToldKind.WAITS, f"{spoken(_about(left))} left")
                self._hold()

    def _walk(self, index: int, move: RolloutMove, facts: Facts) -> None:
        """Start the rollout, or look on for a moment. Raises _Failed when it has stopped short, _Waits when it wants a
        person.

        That it is to be started is kept first: one that has failed since is never taken for an earlier one.
        """
        if index not in self._mark.moved:
            self._keep(replace(self._mark, moved={**self._mark.moved, index: facts.now}), "plan.rollout")
        ours = walked(move, self._mark.moved[index], facts)
        if not ours:
            self._world.start_rollout(move.names, move.schedule, why=self._step.reason)
            return
        for each in ours:
            if each.word is RolloutWord.FAILED:
                raise _Failed("move", f"The rollout did not arrive: {each.reason}")
            if each.word is RolloutWord.WAITING:
                raise _Waits
        self._say(ToldKind.WAITS, ours[0].reason)
        self._hold()

    def _fail(self, failed: _Failed) -> None:
        """Keep the failure first and take the toggles back then: whoever dies in between is found out by the mark."""
        take_back = failed.what == "after" and self._customers_notice()
        reason = shorten(failed.reason, _LONGEST_REASON, placeholder=" …")
        failure = Failure(failed.what, reason, self._world.look().now, take_back)
        gates = [each.to_json() for each in failed.judged][:_MOST_VERDICTS]
        self._keep(replace(self._mark, failure=failure), "plan.fail", reason=reason, gates=gates)
        if take_back:
            self._take_back(failure)

    def _customers_notice(self) -> bool:
        """Whether the step has brought a toggle to where the candidate answers customers."""
        return any(
            toggle.reached[0] in _CUSTOMERS_NOTICE and toggle.reached != self._plan.left_at(self._step, toggle.name)
            for toggle in self._world.look().matching(self._step.toggles)
        )

    def _take_back(self, failure: Failure) -> None:
        self._say(ToldKind.BACK, failure.reason)
        why = f"{self._step.reason}; taken back: {failure.reason}"
        return_toggles(self._plan, self._world, self._step, why=why, evidence={"reason": failure.reason})
        self._keep(replace(self._mark, failure=replace(failure, take_back=False)), "plan.back")


def _about(seconds: float) -> float:
    """A time as exactly as anybody wants to know it: to the second, from ten minutes on to the minute, from a day on to
    the hour."""
    size = next((size for least, size in ((86400, 3600), (600, 60)) if seconds >= least), 1)
    return max(1.0, float(round(seconds / size) * size))


class _Failed(Exception):
    """A gate, a check, a command or a rollout said no."""

    def __init__(self, what: str, reason: str, judged: Sequence[Judged] = ()) -> None:
        self.what = what
        self.reason = reason
        self.judged = judged
        super().__init__(reason)


class _Waits(Exception):
    """A person is wanted, or there is not enough to tell: whoever applies the step next goes on from here."""


def judge_routes(world: World, step: Step, gates: StepGates, from_: float, *, commands: bool) -> list[Judged]:
    """What the gates say of each route that the step looks at, by what was seen since `from_`."""
    routes = [toggle.name for toggle in world.look().matching(step.looked_at)]
    return world.judge(gates, routes, from_, commands=commands)
