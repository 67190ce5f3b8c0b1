"""The plan: its steps in the order of the document, and how they stand to each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from strangler.errors import PlanError
from strangler.toggles import Stage
from strangler_proxy.plan.moves import FlipMove, Reached, RolloutMove
from strangler_proxy.plan.step import Step

__all__ = ["Plan", "brings", "is_at_least"]

_START: Final[Reached] = (Stage.MONOLITH, 0)


class Plan:
    """The steps of the file at `path`. `text` is the whole document; its steps stand in it by their lines."""

    def __init__(self, path: Path, text: str, steps: Iterable[Step]) -> None:
        self.path = path
        self.text = text
        self.steps = {step.id: step for step in steps}
        self._before: dict[str, list[Step]] = {}
        self._brought: dict[tuple[str, str], Reached | None] = {}

    @property
    def name(self) -> str:
        """What the plan's state is kept under: the file's name without its ending."""
        return self.path.stem

    def step(self, name: str) -> Step:
        """The step of that id. Raises PlanError."""
        if name in self.steps:
            return self.steps[name]
        near = get_close_matches(name, self.steps, n=1)
        right = f"Did you mean {near[0]!r}?" if near else "`strangler plan status` lists them."
        raise PlanError(f"{self.path} has no step {name!r}.", right)

    def before(self, step: Step) -> list[Step]:
        """All steps that `step` needs, directly or by way of others, in the order of the document."""
        if step.id not in self._before:
            wanted, open_ = set[str](), list(step.needs)
            while open_:
                name = open_.pop()
                if name not in wanted:
                    wanted.add(name)
                    open_ += self.steps[name].needs
            self._before[step.id] = [each for each in self.steps.values() if each.id in wanted]
        return self._before[step.id]

    def behind(self, step: Step) -> list[Step]:
        """All steps that need `step`, directly or by way of others, in the order of the document."""
        return [each for each in self.steps.values() if any(one.id == step.id for one in self.before(each))]

    def ordered(self) -> list[Step]:
        """The steps so that each comes behind those it needs, else in the order of the document."""
        ordered: dict[str, Step] = {}
        left = dict(self.steps)
        while left:
            following = next(step for step in left.values() if not left.keys() & set(step.needs))
            ordered[following.id] = left.pop(following.id)
        return list(ordered.values())

    def left_at(self, step: Step, name: str) -> Reached:
        """How far the steps that `step` needs have brought the toggle `name`: where an undo takes it."""
        reached = [each for earlier in self.before(step) if (each := self._brings(earlier, name)) is not None]
        return max(reached, key=_order, default=_START)

    def _brings(self, step: Step, name: str) -> Reached | None:
        """As `brings`, once for each: a plan of many steps is looked at again and again."""
        if (step.id, name) not in self._brought:
            self._brought[step.id, name] = brings(step, name)
        return self._brought[step.id, name]


def brings(step: Step, name: str) -> Reached | None:
    """How far `step` brings the toggle `name`; None where it does not move it."""
    reached = [
        move.reached
        for move in step.moves
        if isinstance(move, FlipMove | RolloutMove) and any(fnmatchcase(name, pattern) for pattern in move.names)
    ]
    return max(reached, key=_order, default=None)


def is_at_least(reached: Reached, wanted: Reached) -> bool:
    """Whether a toggle that is at `reached` has come as far as `wanted`."""
    return _order(reached) >= _order(wanted)


def _order(reached: Reached) -> tuple[int, int]:
    stage, share = reached
    return stage.position, share if stage is Stage.CANARY else 0
