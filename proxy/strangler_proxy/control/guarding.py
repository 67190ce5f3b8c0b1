"""Asking the guards and checks of moves: what they refuse is not moved, and is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from strangler.errors import MoveRefused
from strangler.toggles import MoveGuard, Refusal, Snapshot, Stage, Toggle, refused_by

__all__ = ["allowed"]

_FORCE: Final = "Or add `--force` with a `--why` that will stand in the audit."


def allowed(
    guards: Iterable[MoveGuard],
    before: Snapshot,
    planned: Sequence[Toggle],
    *,
    partly: bool,
    checks: Sequence[MoveGuard] = (),
) -> tuple[list[Toggle], tuple[Refusal, ...]]:
    """The planned toggles that may move, and the refusals of the others; asks the guards, so call it in a thread.

    `checks` are asked of forward moves only, where the guards do not refuse: what they say, force passes. Unless some
    may move without the others (`partly`), a refusal raises MoveRefused, which names every one.
    """
    refusals = {each.name: _refused(guards, checks, before[each.name], each) for each in planned}
    refused = tuple(refusal for refusal in refusals.values() if refusal is not None)
    if refused and not partly:
        wrong = " ".join(each.wrong for each in refused)
        raise MoveRefused(wrong if len(planned) == 1 else f"Nothing was moved: {wrong}", refused[0].remedy)
    return [each for each in planned if refusals[each.name] is None], refused


def _refused(guards: Iterable[MoveGuard], checks: Sequence[MoveGuard], before: Toggle, after: Toggle) -> Refusal | None:
    refusal = refused_by(guards, before, after)
    if refusal is not None or not _goes_forward(before, after):
        return refusal
    checked = refused_by(checks, before, after)
    return None if checked is None else replace(checked, remedy=f"{checked.remedy} {_FORCE}".strip())


def _goes_forward(before: Toggle, after: Toggle) -> bool:
    """Whether more customers get the candidate's answer than before, or it is asked at all for the first time."""
    wider = before.stage is after.stage is Stage.CANARY and after.share > before.share
    return wider or after.stage.position > before.stage.position
