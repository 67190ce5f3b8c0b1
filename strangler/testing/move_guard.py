# ruff: noqa: S101 - a suite asserts
"""A guard of moves for tests, and the suite that a guard must pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from strangler.toggles import MoveGuard, Refusal, Stage, Toggle

__all__ = ["FixedMoveGuard", "MoveGuardConformance"]


class FixedMoveGuard:
    """Refuses every move into one of `stages` (default: `monolith`) of the toggles that `refused` names, each with what
    is wrong with it. `asked` lists the moves that it was asked about, by name and stages."""

    def __init__(self, refused: Mapping[str, str], stages: Iterable[Stage] = (Stage.MONOLITH,)) -> None:
        self._refused = dict(refused)
        self._stages = frozenset(stages)
        self.asked: list[tuple[str, Stage, Stage]] = []

    def may_move(self, before: Toggle, after: Toggle) -> Refusal | None:
        """A refusal where it is to be one."""
        self.asked.append((before.name, before.stage, after.stage))
        if after.stage not in self._stages or before.name not in self._refused:
            return None
        return Refusal(before.name, self._refused[before.name], "Ask whoever wrote the test.")


class MoveGuardConformance:
    """Subclass it and give the fixture `guard`: the guard to be looked at. `names` are toggles that it is asked about:
    take in some that it has something against."""

    names: tuple[str, ...] = ("catalog.product-list",)

    def test_every_move_is_allowed_or_refused_by_name_and_in_words(self, guard: MoveGuard) -> None:
        for name, before, after in product(self.names, Stage, Stage):
            refusal = guard.may_move(_toggle(name, before), _toggle(name, after))
            if refusal is not None:
                assert refusal.name == name
                assert refusal.wrong.strip(), "a refusal says what is wrong"

    def test_asking_changes_nothing(self, guard: MoveGuard) -> None:
        for name, before, after in product(self.names, Stage, Stage):
            move = _toggle(name, before), _toggle(name, after)
            assert guard.may_move(*move) == guard.may_move(*move)

    def test_a_toggle_that_it_has_never_heard_of_is_nothing_to_fail_at(self, guard: MoveGuard) -> None:
        stranger = "nobody.knows-me"
        refusal = guard.may_move(_toggle(stranger, Stage.CANARY), _toggle(stranger, Stage.SHADOW))
        assert refusal is None or refusal.name == stranger


def _toggle(name: str, stage: Stage) -> Toggle:
    return Toggle(name, stage=stage, share=10_000 if stage is Stage.CANARY else 0)
