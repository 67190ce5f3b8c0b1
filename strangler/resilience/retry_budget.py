"""A bound on retries that all callers share, so that a failing service is not asked several times as often."""

from __future__ import annotations

import threading

from strangler.fork import renew_after_fork
from strangler.resilience.bounds import fraction, whole

__all__ = ["RetryBudget"]


class RetryBudget:
    """Of any number of calls, at most `share` of them (default 0.1), and `reserve` (default 10) on top, are retried.

    Each call pays `share` in, up to `reserve`, where it also begins; each retry takes 1 out. One budget belongs to
    one service that is called, and is shared by all that call it in this process. Raises PolicyError for a wrong
    setting.
    """

    def __init__(self, *, share: float = 0.1, reserve: int = 10) -> None:
        fraction("RetryBudget", "share", share, zero=True, one=True)
        whole("RetryBudget", "reserve", reserve, least=1)
        self._share = share
        self._reserve = reserve
        self._left = float(reserve)
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child: a fresh lock."""
        self._lock = threading.RLock()

    @property
    def left(self) -> float:
        """How many retries would be allowed now."""
        return self._left

    def called(self) -> None:
        """A first try is made."""
        with self._lock:
            self._left = min(self._left + self._share, self._reserve)

    def retry(self) -> bool:
        """Whether another try may be made; if so it has been taken out."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True
