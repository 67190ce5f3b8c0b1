"""A step that a control plane carries out, as everybody can look on. Pure. Times are in seconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from textwrap import shorten
from typing import Any, Final

from strangler_proxy.plain import plain
from strangler_proxy.plan.told import Told, ToldKind

__all__ = ["Run", "RunAct", "RunState", "run_state", "told_run"]

_MOST_TOLD: Final = 40
_MOST_GATES: Final = 40
_LONGEST: Final = 500


class RunState(StrEnum):
    """Where a run is."""

    GOES_ON = "goes on"
    ENDED = "ended"
    CUT_OFF = "cut off"  # its control plane has ended; the world is as far as it came


class RunAct(StrEnum):
    """What is done with the step."""

    APPLY = "apply"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a step since `began_at`: what was `told`, each with its time and kind, oldest first; what the
    `gates` said last, and what it `waits` for.

    `ended_at` is None while it goes on; then `outcome` is the step's state, or `refused`, `called off` or `broken`, and
    `reason` says more. `holder` is who holds the lease for it.
    """

    plan: str
    step: str
    act: RunAct
    who: str
    holder: str
    began_at: float
    told: tuple[tuple[float, str, str], ...] = ()
    gates: tuple[dict[str, Any], ...] = ()
    waits: str = ""
    ended_at: float | None = None
    outcome: str = ""
    reason: str = ""

    def heard(self, told: Told, at: float) -> Run:
        """The run with what its engine told at that time."""
        text = _line(told.text)
        if told.kind is ToldKind.JUDGED:
            gates = tuple(each.to_json() for each in told.judged[:_MOST_GATES])
            return replace(self, gates=gates, waits=text)
        if told.kind is ToldKind.WAITS:
            return replace(self, waits=text)
        return replace(self, told=(*self.told, (at, told.kind.value, text))[-_MOST_TOLD:], waits="", gates=())

    def ended(self, at: float, outcome: str, reason: str) -> Run:
        """The run at its end."""
        return replace(self, ended_at=at, outcome=outcome, reason=_line(reason), waits="")

    def to_json(self) -> dict[str, Any]:
        """The run as plain JSON types."""
        return {
            "plan": self.plan,
            "step": self.step,
            "act": self.act.value,
            "who": self.who,
            "holder": self.holder,
            "began_at": self.began_at,
            "told": [{"at": at, "kind": kind, "text": text} for at, kind, text in self.told],
            "gates": [dict(each) for each in self.gates],
            "waits": self.waits,
            "ended_at": self.ended_at,
            "outcome": self.outcome,
            "reason": self.reason,
        }


def run_state(run: Mapping[str, Any], holder: str) -> RunState:
    """Where a run is, as the control API tells it; `holder` is who has the plan's lease."""
    if run["ended_at"] is not None:
        return RunState.ENDED
    return RunState.GOES_ON if run["holder"] == holder else RunState.CUT_OFF


def told_run(run: Mapping[str, Any], holder: str) -> str:
    """What became of a run, in a line or two."""
    verb = "apply" if run["act"] == RunAct.APPLY else "undo"
    whose = f"The control plane is to {verb} {run['step']} for {run['who']}"
    match run_state(run, holder):
        case RunState.GOES_ON:
            last = run["told"][-1]["text"] if run["told"] else "it has just begun"
            return f"{whose}: {run['waits'] or last}"
        case RunState.CUT_OFF:
            return f"{whose}, and ended before it was over. Nothing is lost: whoever does it again goes on from there."
    return f"{whose}: {run['outcome']}. {run['reason']}"


def _line(text: str) -> str:
    return shorten(plain(text), _LONGEST, placeholder=" …")
