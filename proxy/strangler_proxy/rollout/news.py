"""What is worth telling of a rollout: to the audit as an event, to people as a notice. Pure."""

from __future__ import annotations

from typing import Any, Final

from strangler.evidence import GateVerdict
from strangler_proxy.notify import Notice, NoticeKind
from strangler_proxy.rollout.decide import Seen
from strangler_proxy.rollout.rollout import Rollout, RolloutState

__all__ = ["action_of", "notice_of", "waiting_notice"]

_ACTIONS: Final = {
    RolloutState.PAUSED: "rollout.pause",
    RolloutState.STEPPED_BACK: "rollout.step-back",
    RolloutState.OVERTAKEN: "rollout.overtaken",
    RolloutState.FINISHED: "rollout.finish",
    RolloutState.ABORTED: "rollout.end",
}
_KINDS: Final = {
    RolloutState.PAUSED: NoticeKind.PAUSE,
    RolloutState.STEPPED_BACK: NoticeKind.STEP_BACK,
    RolloutState.OVERTAKEN: NoticeKind.PERSON_WANTED,
    RolloutState.FINISHED: NoticeKind.FINISH,
}
_APPROVAL: Final = "approval"


def action_of(before: Rollout, after: Rollout) -> str:
    """What the audit calls the change; empty for one that is nobody's business."""
    if after.place != before.place and after.state in (RolloutState.RUNNING, RolloutState.FROZEN):
        return "rollout.advance"
    if after.place != before.place or after.state is not before.state:
        return _ACTIONS[after.state]
    # Only the evidence of a station that begins anew says so by another time.
    return "rollout.renew" if after.since != before.since else ""


def notice_of(before: Rollout, after: Rollout, seen: Seen) -> Notice | None:
    """What people are told of the change; None where it is nothing that they have to know."""
    if after.place == before.place and after.state is before.state:
        return None
    kind = _KINDS.get(after.state)
    if after.state is RolloutState.PAUSED and after.failed:
        # It could not go back: that is worse than a gate that is not passed yet.
        kind = NoticeKind.PERSON_WANTED
    return None if kind is None else _notice(kind, after, after.reason, seen)


def waiting_notice(rollout: Rollout, seen: Seen, now: float) -> Notice | None:
    """That a station's time is over and nothing is missing but a person's word; None where that is not so."""
    if rollout.station is None or now < rollout.since + rollout.station.seconds:
        return None
    lacking = [
        (name, each)
        for name, judgements in seen.judgements.items()
        for each in judgements
        if each.verdict is not GateVerdict.PASS
    ]
    if not lacking or any(each.name != _APPROVAL for _, each in lacking):
        return None
    told = " ".join(f"{name}: {each.reason}" for name, each in lacking)
    return _notice(NoticeKind.PERSON_WANTED, rollout, f"{rollout.place} waits for a person's word: {told}", seen)


def _notice(kind: NoticeKind, rollout: Rollout, text: str, seen: Seen) -> Notice:
    detail: dict[str, Any] = {
        "toggles": list(rollout.toggles),
        "state": rollout.state.value,
        "place": rollout.place.to_json(),
        "began": rollout.began.to_json(),
        "gates": seen.evidence(),
    }
    return Notice(kind, rollout.name, f"Rollout {rollout.name}: {text}", detail)
