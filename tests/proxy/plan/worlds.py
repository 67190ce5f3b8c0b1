"""A world made of dictionaries, that a test can turn as it likes and that can die after any act."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from strangler_proxy.plan.checks import Checks
from strangler_proxy.plan.facts import Consent, Facts, RolloutSeen, RolloutWord, ToggleSeen
from strangler_proxy.plan.mark import Mark
from strangler_proxy.plan.moves import Reached
from strangler_proxy.plan.step import Step, StepGates
from strangler_proxy.plan.world import Judged, Ran

from strangler.errors import IllegalMove
from strangler.evidence import GateVerdict
from strangler.gates import GateJudgement
from strangler.toggles import Move, Stage, Toggle, plan_move

__all__ = ["Died", "FakeWorld", "Impatient"]


class Died(BaseException):
    """kill -9, as far as the code that runs can tell."""


class Impatient(BaseException):
    """Whoever waits has pressed Ctrl-C."""


class FakeWorld:
    """Toggles obey the real rules of moves. `says` gives a gate's verdict on a route; `codes` how commands end, 0 where
    they are not named. `die_in` is after how many acts from now it dies; `patience` after how many seconds of waiting
    in one go somebody presses Ctrl-C. `acts` tells all that was done."""

    def __init__(self, *names: str) -> None:
        self.now = 1000.0
        self.toggles = {name: ToggleSeen(name, (Stage.MONOLITH, 0), 0.0) for name in names}
        self.rollouts: dict[str, RolloutSeen] = {}
        self.marks: dict[str, Mark] = {}
        self.consents: dict[str, Consent] = {}
        self.holder = ""
        self.says: Callable[[StepGates, str], GateVerdict] = lambda *_: GateVerdict.PASS
        self.checked = GateVerdict.PASS
        self.codes: dict[str, int] = {}
        self.arrives = RolloutWord.COMPLETED
        self.acts: list[tuple[str, str]] = []
        self.events: list[tuple[str, str, Mapping[str, Any]]] = []
        self.judged: list[tuple[str, float]] = []
        self.die_in: int | None = None
        self.patience = 100_000.0
        self.on_act: Callable[[str, str], None] = lambda *_: None

    def hand(self, name: str, stage: Stage, share: int = 0) -> None:
        """Somebody moves a toggle by hand, past the rules."""
        self.toggles[name] = ToggleSeen(name, (stage, share), self.now)

    def approve(self, step: Step, who: str = "anna") -> None:
        """Somebody says yes to the step as it is."""
        self.consents[step.id] = Consent(who, self.now, step.meaning)

    def _acted(self, what: str, on: str) -> None:
        self.acts.append((what, on))
        if self.die_in is not None:
            self.die_in -= 1
            if self.die_in <= 0:
                self.die_in = None
                self.holder = ""
                raise Died

    def look(self) -> Facts:
        """The world as it is."""
        return Facts(
            self.now, dict(self.toggles), dict(self.rollouts), dict(self.marks), dict(self.consents), self.holder
        )

    def take_lease(self) -> str:
        """Ours, unless somebody else has it."""
        if self.holder not in ("", "us"):
            return self.holder
        self.holder = "us"
        return ""

    def leave_lease(self) -> None:
        """Let go."""
        if self.holder == "us":
            self.holder = ""

    def write(self, step: str, mark: Mark | None, *, action: str, why: str, detail: Mapping[str, Any]) -> None:
        """Keep the mark."""
        assert self.holder == "us"
        assert why
        self.on_act(action, step)
        self.events.append((action, step, detail))
        if mark is None:
            self.marks.pop(step, None)
        else:
            self.marks[step] = Mark.from_json(mark.to_json())
        self._acted(action, step)

    def flip(
        self,
        names: Sequence[str],
        reached: Reached,
        *,
        step: str,
        why: str,
        force: bool = False,
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        """Move toggles by the real rules."""
        assert self.holder == "us"
        assert names
        assert why
        stage, share = reached
        moved = {}
        for name in names:
            before = self.toggles[name].reached
            toggle = Toggle(name, stage=before[0], share=before[1])
            moved[name] = plan_move(
                toggle, Move(stage, share if stage is Stage.CANARY else None, force=force, confirm=name)
            )
        self.on_act(f"flip {stage}", step)
        for name, toggle in moved.items():
            self.toggles[name] = ToggleSeen(name, (toggle.stage, toggle.share), self.now)
        self._acted(f"flip {stage}", ",".join(names))

    def start_rollout(self, names: Sequence[str], schedule: str, *, why: str) -> None:
        """It runs from now on, for five seconds."""
        for toggle in self.look().matching(names):
            if toggle.reached[0] is Stage.MONOLITH:
                raise IllegalMove(f"{toggle.name} would skip shadow")
            self.rollouts[toggle.name] = RolloutSeen(RolloutWord.RUNNING, "", self.now)
        self._acted("rollout", ",".join(names))

    def abort_rollout(self, names: Sequence[str], *, why: str) -> None:
        """They end, and stay where they are."""
        for toggle in self.look().matching(names):
            if toggle.name in self.rollouts and self.rollouts[toggle.name].word is not RolloutWord.COMPLETED:
                self.rollouts[toggle.name] = RolloutSeen(RolloutWord.FAILED, "aborted", self.now)
        self._acted("abort", ",".join(names))

    def judge(self, gates: StepGates, routes: Sequence[str], since: float, *, commands: bool) -> list[Judged]:
        """What `says` says."""
        self.judged += [(route, since) for route in routes]
        return [
            Judged(route, GateJudgement("agreement", self.says(gates, route), f"seen since {since:g}"))
            for route in routes or [""]
        ]

    def check(self, checks: Checks) -> list[Judged]:
        """What `checked` says."""
        return [Judged("", GateJudgement("no traffic", self.checked, "somebody was looked for"))]

    def run(self, command: str, timeout: float) -> Ran:
        """As `codes` says."""
        code = self.codes.get(command, 0)
        self._acted("run", command)
        return Ran(code, f"{command} was here\n", 0.1)

    def pause(self, seconds: float) -> None:
        """Time passes; rollouts go their way."""
        self.now += seconds
        self.patience -= seconds
        if self.patience < 0:
            self.patience = 100_000.0
            raise Impatient
        for name, seen in list(self.rollouts.items()):
            if seen.word is RolloutWord.RUNNING and self.now - seen.at >= 5:
                self.rollouts[name] = replace(seen, word=self.arrives, at=self.now, reason="so it went")
                if self.arrives is RolloutWord.COMPLETED:
                    self.hand(name, Stage.EXTRACTED)
