"""What a rollout becomes by an act. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from strangler_proxy.rollout.decide import Act, ActKind
from strangler_proxy.rollout.rollout import Rollout, RolloutState

__all__ = ["followed", "held_back", "intended"]


def intended(rollout: Rollout, act: Act) -> Rollout:
    """With the act's move written down, before it is made."""
    return replace(rollout, pending=act.intent)


def followed(rollout: Rollout, act: Act, now: float, heard: Mapping[str, frozenset[str]] | None = None) -> Rollout:
    """After the act; of a move, once it was made, with the releases that were heard of then."""
    match act.kind:
        case ActKind.ADVANCE | ActKind.BACK | ActKind.SETTLE if act.intent is not None:
            return replace(
                rollout,
                state=act.intent.state,
                place=act.intent.place,
                at=act.intent.at,
                since=now,
                waiting=now,
                reason=act.reason,
                failed=rollout.failed or act.intent.state is RolloutState.STEPPED_BACK,
                releases={name: tuple(sorted(each)) for name, each in (heard or {}).items() if each},
                pending=None,
            )
        case ActKind.PAUSE:
            return replace(rollout, state=RolloutState.PAUSED, reason=act.reason)
        case ActKind.FINISH:
            return replace(rollout, state=RolloutState.FINISHED, reason=act.reason)
        case ActKind.YIELD:
            return replace(rollout, state=RolloutState.OVERTAKEN, reason=act.reason, pending=None)
        case ActKind.RENEW:
            # One that waits for a person goes on saying why.
            reason = act.reason if rollout.state is RolloutState.RUNNING else rollout.reason
            return replace(rollout, since=now, waiting=now, reason=reason, releases=dict(act.releases))
        case ActKind.MEET:
            return replace(rollout, releases=dict(act.releases))
        case ActKind.CANCEL:
            return replace(rollout, pending=None)
        case _:
            return rollout


def held_back(rollout: Rollout, act: Act, refusal: str) -> Rollout:
    """After a move was refused by a guard of moves or by the stages: it stays where it is, and a person is wanted."""
    wanted = act.intent.place if act.intent is not None else rollout.place
    return replace(
        rollout,
        state=RolloutState.PAUSED,
        reason=f"It was to go to {wanted}, and that is refused: {refusal}",
        failed=rollout.failed or act.kind is ActKind.BACK,
        pending=None,
    )
