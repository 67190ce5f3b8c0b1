"""How fast a side answers now, and how fast it usually does: whether copies would come at a bad time. Pure."""

from __future__ import annotations

from math import exp, log
from typing import Final

__all__ = ["Pace"]

# In this many seconds an estimate has taken in two thirds of a change.
_FAST: Final = 2.0
_SLOW: Final = 120.0
# So many answers, and so much time with answers in it, make "usually" mean something.
_ENOUGH: Final = 20
_SETTLED: Final = 2.0
# Answers are gathered for so long before they count, or a busy second would weigh as little as a quiet one.
_PART: Final = 0.1
# Between two parts counts at most this much time: silence tells nothing.
_MOST_BETWEEN: Final = 1.0
# While it is halted one copy goes out so often, since nobody else may ask this side at all.
_TRY_EVERY: Final = 1.0
_SHORTEST: Final = 1e-5


class Pace:
    """Two moving means of the durations of one side's answers, of their logarithms, so that one answer that takes a
    minute does not outweigh a thousand.

    `halted` from when the fast mean is `slowdown` times the slow one (0: never) until it is back below half of the way
    from the usual. `now` is the caller's clock in seconds, never going back, the same for all calls; time without
    answers does not pass. What is slow for good becomes the usual in some minutes.
    """

    __slots__ = (
        "_began",
        "_count",
        "_fast",
        "_halt",
        "_known",
        "_resume",
        "_seen",
        "_slow",
        "_sum",
        "_taken",
        "_tried",
        "halted",
    )

    def __init__(self, slowdown: float) -> None:
        self._halt: float = log(slowdown) if slowdown else float("inf")
        self._resume: float = log(1.0 + (slowdown - 1.0) / 2.0) if slowdown else float("inf")
        self._sum: float = 0.0
        self._count: int = 0
        self._began: float = 0.0
        self._seen: int = 0
        self._known: float = 0.0
        # When the last part was taken in.
        self._taken: float = 0.0
        self._fast: float = 0.0
        self._slow: float = 0.0
        self._tried: float = 0.0
        self.halted: bool = False

    @property
    def usual(self) -> float:
        """What an answer usually takes, in seconds; 0 where nothing is known yet."""
        return exp(self._slow) if self._seen else 0.0

    @property
    def present(self) -> float:
        """What an answer takes now, in seconds; 0 where nothing is known yet."""
        return exp(self._fast) if self._seen else 0.0

    def add(self, seconds: float, now: float) -> None:
        """An answer came that took so long, or none came for so long."""
        if self._count and now - self._began >= _PART:
            self._take_in(now)
        if not self._count:
            self._began = now
        self._sum += log(seconds) if seconds > _SHORTEST else log(_SHORTEST)
        self._count += 1

    def admits(self, now: float) -> bool:
        """Whether a copy may be sent: while it is halted, one now and then."""
        if self._count and now - self._began >= _PART:
            self._take_in(now)
        if not self.halted:
            return True
        if now - self._tried < _TRY_EVERY:
            return False
        self._tried = now
        return True

    def _take_in(self, now: float) -> None:
        mean = self._sum / self._count
        if not self._seen:
            self._fast = self._slow = mean
        else:
            passed = min(now - self._taken, _MOST_BETWEEN)
            self._known += passed
            self._fast += (mean - self._fast) * (1.0 - exp(-passed / _FAST))
            # At first the slow one is the mean of all that was seen, so that it does not cling to the first answer.
            weight = 1.0 - exp(-passed / _SLOW)
            self._slow += (mean - self._slow) * max(weight, passed / (self._known + _PART))
        self._taken = now
        self._seen = min(self._seen + self._count, _ENOUGH)
        self._sum = 0.0
        self._count = 0
        ahead = self._fast - self._slow
        if self.halted:
            self.halted = ahead > self._resume
        elif ahead > self._halt and self._seen >= _ENOUGH and self._known >= _SETTLED:
            self.halted = True
            self._tried = now
