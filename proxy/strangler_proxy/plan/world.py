"""The port by which a plan sees and moves the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from strangler.gates import GateJudgement
from strangler_proxy.gates.command import Ran
from strangler_proxy.plan.checks import Checks
from strangler_proxy.plan.facts import Facts
from strangler_proxy.plan.mark import Mark
from strangler_proxy.plan.moves import Reached
from strangler_proxy.plan.step import StepGates

__all__ = ["Judged", "Ran", "World"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A gate's verdict on a route; `about` is its name, empty where the gate is of no route."""

    about: str
    judgement: GateJudgement

    def __str__(self) -> str:
        return f"{self.about}: {self.judgement.reason}" if self.about else self.judgement.reason

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain JSON types."""
        return {"about": self.about, **self.judgement.to_json()}


class World(Protocol):
    """What an engine needs. Every method raises a StranglerError when it cannot be done; then nothing was done."""

    def look(self) -> Facts:
        """The world as it is now."""
        ...

    def take_lease(self) -> str:
        """Take the lease or go on holding it: empty when it is ours, else who has it."""
        ...

    def leave_lease(self) -> None:
        """Let go of the lease; nothing where it is not ours."""
        ...

    def write(self, step: str, mark: Mark | None, *, action: str, why: str, detail: Mapping[str, Any]) -> None:
        """Keep the mark, or forget it, and in the same moment write the act into the audit."""
        ...

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
        """Move toggles, all or none. A retired one is confirmed by its name."""
        ...

    def start_rollout(self, names: Sequence[str], schedule: str, *, why: str) -> None:
        """Start a rollout of the routes that `names` match, or let theirs go on that has stopped; one that runs is left
        alone."""
        ...

    def abort_rollout(self, names: Sequence[str], *, why: str) -> None:
        """End the rollouts of these routes that are not over; they stay where they are."""
        ...

    def judge(self, gates: StepGates, routes: Sequence[str], since: float, *, commands: bool) -> list[Judged]:
        """Judge gates on each of the routes, by what was seen since a moment. Without `commands` none is run, and they
        are inconclusive."""
        ...

    def check(self, checks: Checks) -> list[Judged]:
        """See whether the old code is needed by anybody."""
        ...

    def run(self, command: str, timeout: float) -> Ran:
        """Run a command in the operator's shell, with its output shown."""
        ...

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        ...
