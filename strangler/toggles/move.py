"""Which moves the stages allow. Pure: a move is planned against a snapshot and gives the toggles as they would be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from strangler.errors import IllegalMove
from strangler.toggles.bucket import BUCKETS
from strangler.toggles.snapshot import Snapshot
from strangler.toggles.stage import Side, Stage
from strangler.toggles.toggle import Toggle

__all__ = ["Move", "plan_back", "plan_move", "plan_moves"]


@dataclass(frozen=True, slots=True)
class Move:
    """What somebody wants of one toggle.

    `share` counts in buckets and belongs to stage `canary`; None keeps it. `overrides` are merged into the toggle's
    own; None as a side takes that subject's override away. `force` lets a stage be skipped. `confirm` must repeat the
    toggle's name for the one-way door to `retired`.
    """

    stage: Stage
    share: int | None = None
    overrides: Mapping[str, Side | None] = field(default_factory=dict)
    force: bool = False
    confirm: str | None = None


def plan_move(toggle: Toggle, move: Move) -> Toggle:
    """The toggle as it would be after `move`; the same toggle when nothing would change.

    Raises IllegalMove: out of `retired`; forward by more than one stage without force; to `retired` from anywhere but
    `extracted`, or without its name as confirmation; into `canary` without a share.
    """
    name = toggle.name
    if toggle.stage is Stage.RETIRED:
        if move.stage is Stage.RETIRED:
            return toggle
        raise IllegalMove(f"{name} is retired: that was a one-way door, and the monolith's side may be gone.")
    _check_order(toggle, move)
    return Toggle(
        name=name,
        kind=toggle.kind,
        stage=move.stage,
        share=_share(toggle, move),
        overrides=_overrides(toggle, move),
        salt=toggle.salt,
        revision=toggle.revision,
    )


def _check_order(toggle: Toggle, move: Move) -> None:
    name, following = toggle.name, toggle.stage.following
    if move.stage is Stage.RETIRED:
        if following is not Stage.RETIRED:
            raise IllegalMove(
                f"{name} can be retired from `extracted` only; it is in `{toggle.stage}`. Force does not change that.",
                f"Move it to `extracted` first: `strangler flip {name} extracted --why ...`.",
            )
        if move.confirm != name:
            raise IllegalMove(
                f"Retiring {name} is a one-way door: there is no way back to the monolith.",
                f"Confirm it by name: `--confirm {name}`.",
            )
    elif move.stage.position > toggle.stage.position and move.stage is not following and not move.force:
        raise IllegalMove(
            f"{name} would skip from `{toggle.stage}` to `{move.stage}`; forward goes one stage at a time, so next is"
            f" `{following}`.",
            "Go there step by step, or add `--force` with a `--why` that will stand in the audit.",
        )


def _share(toggle: Toggle, move: Move) -> int:
    if move.stage is not Stage.CANARY:
        if move.share is not None:
            raise IllegalMove(
                f"Stage `{move.stage}` has no share ({toggle.name}).",
                "Leave --share away, or say stage `canary`.",
            )
        return 0
    share = toggle.share if move.share is None and toggle.stage is Stage.CANARY else move.share
    if share is None:
        raise IllegalMove(f"Stage `canary` needs a share ({toggle.name}).", "Say which, such as `--share 10%`.")
    if not 0 <= share <= BUCKETS:
        raise IllegalMove(f"A share lies between 0% and 100% ({toggle.name}).")
    return share


def _overrides(toggle: Toggle, move: Move) -> dict[str, Side]:
    merged: dict[str, Side | None] = {**toggle.overrides, **move.overrides}
    return {subject: side for subject, side in merged.items() if side is not None}


def plan_moves(snapshot: Snapshot, patterns: Iterable[str], move: Move) -> list[Toggle]:
    """The toggles that `move` would change, over names and globs: all of them or an error, never some.

    Toggles which already are as wanted are left out. Raises UnknownToggle, or IllegalMove naming every refusal.
    """
    wanted = {toggle.name: toggle for pattern in patterns for toggle in snapshot.matching(pattern)}
    planned: list[Toggle] = []
    refused: list[IllegalMove] = []
    for toggle in wanted.values():
        try:
            planned.append(plan_move(toggle, move))
        except IllegalMove as error:
            refused.append(error)
    if len(refused) == 1:
        raise refused[0]
    if refused:
        raise IllegalMove("Nothing was moved: " + " ".join(error.wrong for error in refused), refused[0].remedy)
    return [toggle for toggle in planned if toggle != wanted[toggle.name]]


def plan_back(snapshot: Snapshot, patterns: Iterable[str] | None = None) -> list[Toggle]:
    """The toggles that a way back to the monolith would change; `None` means all of them.

    A retired toggle cannot go back: named, it is an IllegalMove; under `None` it is left as it is, since the kill
    switch must not fail for the sake of one.
    """
    if patterns is None:
        names = [toggle.name for toggle in snapshot.toggles.values() if toggle.stage is not Stage.RETIRED]
        return plan_moves(snapshot, names, Move(Stage.MONOLITH))
    return plan_moves(snapshot, patterns, Move(Stage.MONOLITH))
