"""The threads in which the control plane waits for its stores: those who look have few of them, and never the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, ParamSpec, TypeVar

__all__ = ["Threads", "looking"]

_THREADS: Final = 32
_LOOKING: Final = 8

_is_looking: ContextVar[bool] = ContextVar("looking", default=False)

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def looking() -> Iterator[None]:
    """What waits in a thread within this is for somebody who looks, and changes nothing."""
    before = _is_looking.set(True)
    try:
        yield
    finally:
        _is_looking.reset(before)


class Threads(ThreadPoolExecutor):
    """An event loop's own threads. What is begun within `looking` gets its turn in a few threads apart: whoever may
    only look can make others who look wait, and nobody who goes back."""

    def __init__(self) -> None:
        super().__init__(_THREADS, "control")
        self._looking = ThreadPoolExecutor(_LOOKING, "looking")

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have it done in one of the threads."""
        return self._looking.submit(fn, *args, **kwargs) if _is_looking.get() else super().submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take nothing on any more."""
        self._looking.shutdown(wait, cancel_futures=cancel_futures)
        super().shutdown(wait, cancel_futures=cancel_futures)
