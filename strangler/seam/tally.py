"""Counting what a seam does, and logging what goes wrong in it without flooding the log."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable
from time import monotonic
from typing import Final

from strangler.compare.values import Difference, DifferenceKind, Verdict
from strangler.seam.observation import SeamCounts

__all__ = ["Tally", "log_error"]

_LOG: Final = logging.getLogger("strangler.seam")
_LOG_EVERY: Final = 10.0
_LOGGED: Final[dict[tuple[str, str], float]] = {}
_MOST_LOGGED: Final = 1000


class Tally:
    """Counts that several threads add to. None of them is touched in stage `monolith`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._verdicts: Counter[Verdict] = Counter()
        self._kinds: Counter[str] = Counter()
        self._dropped = 0
        self._fallbacks = 0

    def verdict(self, verdict: Verdict, differences: Iterable[Difference]) -> None:
        kinds = {_kind(difference) for difference in differences}
        with self._lock:
            self._verdicts[verdict] += 1
            if verdict is Verdict.DIFFER:
                self._kinds.update(kinds)

    def drop(self) -> None:
        with self._lock:
            self._dropped += 1

    def fallback(self) -> None:
        with self._lock:
            self._fallbacks += 1

    def counts(self) -> SeamCounts:
        with self._lock:
            return SeamCounts(
                agree=self._verdicts[Verdict.AGREE],
                differ=self._verdicts[Verdict.DIFFER],
                inconclusive=self._verdicts[Verdict.INCONCLUSIVE],
                dropped=self._dropped,
                fallbacks=self._fallbacks,
                kinds=dict(self._kinds),
            )


def _kind(difference: Difference) -> str:
    if difference.kind is DifferenceKind.EXCEPTION:
        return f"{difference.kind}:{difference.new if difference.old == 'an answer' else difference.old}"
    return difference.kind.value


def log_error(doing: str, error: Exception) -> None:
    """Log a failure with its traceback, but the same kind of failure at most every ten seconds."""
    key, now = (doing, type(error).__name__), monotonic()
    if now - _LOGGED.get(key, -_LOG_EVERY) < _LOG_EVERY:
        return
    if len(_LOGGED) >= _MOST_LOGGED:
        _LOGGED.clear()
    _LOGGED[key] = now
    _LOG.warning("%s failed", doing, exc_info=error)
