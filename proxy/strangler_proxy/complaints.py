"""Faults that may come a thousand times a second, said once each."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Final

__all__ = ["Complaints"]

_TENFOLD: Final = 10


class Complaints:
    """Logs each kind of fault once, with its traceback, and then by one line how often it has been: at the 10th, the
    100th, the 1,000th and so on. A kind is a type of exception and the place that raised it, so there are never many.

    `counts` has how often each has been.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self.counts: Counter[str] = Counter()

    def note(self, error: Exception, what: str) -> None:
        """Take note of `error`; `what` is the sentence that says what could not be done, without a stop."""
        kind = _kind(error)
        self.counts[kind] += 1
        count = self.counts[kind]
        if count == 1:
            self._log.error("%s. Further ones of this kind are counted", what, exc_info=error)
        elif _is_power_of_ten(count):
            self._log.error("%s: %d times by now, by %s", what, count, kind)


def _kind(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__qualname__
    return f"{type(error).__qualname__} at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _is_power_of_ten(count: int) -> bool:
    while count % _TENFOLD == 0:
        count //= _TENFOLD
    return count == 1
