"""Waiting for what comes by itself: tests never sleep for a time of their own choice."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["until"]

T = TypeVar("T")

_SELDOM = 0.1


def until(condition: Callable[[], T | None], *, seconds: float = 60, every: float = 0.01) -> T:
    """What `condition` gives once that is true; AssertionError when it has not come true in `seconds`. It is looked at
    `every` so many seconds at first; what takes longer is looked at less often, and not held up by that."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds:g} s in vain"
        time.sleep(every)
        every = max(every, min(every * 1.1, _SELDOM))
    return found
