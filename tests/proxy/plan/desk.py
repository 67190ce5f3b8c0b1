"""Somebody at a plan, with a world to move."""

from __future__ import annotations

from strangler_proxy.plan.engine import Engine
from strangler_proxy.plan.plan import Plan
from strangler_proxy.plan.standing import Standing, StepState, standings
from strangler_proxy.plan.told import Told

from strangler.toggles import Stage
from tests.proxy.plan.plans import READS, plan_of
from tests.proxy.plan.worlds import FakeWorld

__all__ = ["BOTH", "Desk"]

BOTH = ("catalog.detail", "catalog.list")


class Desk:
    """A plan, a world, and somebody at it."""

    def __init__(self, text: str = READS) -> None:
        self.plan: Plan = plan_of(text)
        self.world = FakeWorld(*BOTH)
        self.told: list[Told] = []
        self.engine = Engine(self.plan, self.world, who="ben", tell=self.told.append)

    def apply(self, name: str, confirm: str = "") -> Standing:
        return self.engine.apply(self.plan.step(name), confirm=confirm)

    def states(self) -> dict[str, str]:
        return {name: each.state.value for name, each in standings(self.plan, self.world.look()).items()}

    def stages(self) -> list[tuple[Stage, int]]:
        return [self.world.toggles[name].reached for name in BOTH]

    def up_to(self, name: str) -> None:
        """Everything up to and with that step is done."""
        for step in self.plan.steps.values():
            self.world.approve(step)
            assert self.apply(step.id, confirm=step.one_way).state is StepState.DONE
            if step.id == name:
                return
