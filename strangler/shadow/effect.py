"""What would have left the process while a copy was served, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from strangler.shadow.strategy import Strategy

__all__ = ["Effect", "EffectCounts", "Outcome", "Reaction"]


class Reaction(StrEnum):
    """What whoever wants an effect is told instead: an error, or a success that is only recorded."""

    RAISE = "raise"
    RECORD = "record"


class Outcome(StrEnum):
    """What became of an effect: it was had, it raised EffectStopped, or it only looked as if it had been had."""

    PASSED = "passed"
    STOPPED = "stopped"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect. `target` says whom it was for as far as a log may know: a host, no path, no mail address."""

    kind: str
    target: str
    strategy: Strategy
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class EffectCounts:
    """How often each thing became of one kind of effect, since the process started."""

    passed: int = 0
    stopped: int = 0
    recorded: int = 0
