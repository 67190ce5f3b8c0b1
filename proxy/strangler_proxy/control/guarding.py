"""Asking the guards of moves: what they refuse is not moved, and is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from strangler.errors import MoveRefused
from strangler.toggles import MoveGuard, Refusal, Snapshot, Toggle, refused_by

__all__ = ["allowed"]


def allowed(
    guards: Iterable[MoveGuard], before: Snapshot, planned: Sequence[Toggle], *, partly: bool
) -> tuple[list[Toggle], tuple[Refusal, ...]]:
    """The planned toggles that may move, and the refusals of the others; asks the guards, so call it in a thread.

    Unless some may move without the others (`partly`), a refusal raises MoveRefused, which names every one.
    """
    refusals = {each.name: refused_by(guards, before[each.name], each) for each in planned}
    refused = tuple(refusal for refusal in refusals.values() if refusal is not None)
    if refused and not partly:
        wrong = " ".join(each.wrong for each in refused)
        raise MoveRefused(wrong if len(planned) == 1 else f"Nothing was moved: {wrong}", refused[0].remedy)
    return [each for each in planned if refusals[each.name] is None], refused
