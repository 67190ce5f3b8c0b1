"""The threads in which the control plane waits for its stores: those who look have few of them, and never the last, and
what nobody waits for gives way to customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, ParamSpec, TypeVar

from strangler_proxy.priority import give_way_in_thread

__all__ = ["Threads", "aside", "looking"]

_THREADS: Final = 32
_LOOKING: Final = 8
_CHORES: Final = 8

_pool: ContextVar[str] = ContextVar("pool", default="")

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def looking() -> Iterator[None]:
    """What waits in a thread within this is for somebody who looks, and changes nothing."""
    with _in("looking"):
        yield


@contextmanager
def aside(pool: Literal["chores", "evidence"] = "chores") -> Iterator[None]:
    """What is done in a thread within this nobody waits for: customers' requests have the processor first.

    `evidence` is one thread, in turn: what is taken apart there is megabytes, of which each thread that ever had a turn
    would keep room for its own.
    """
    with _in(pool):
        yield


@contextmanager
def _in(pool: str) -> Iterator[None]:
    before = _pool.set(pool)
    try:
        yield
    finally:
        _pool.reset(before)


class Threads(ThreadPoolExecutor):
    """An event loop's own threads. What is begun within `looking` gets its turn in a few threads apart: whoever may
    only look can make others who look wait, and nobody who goes back. What is begun within `aside` gives way."""

    def __init__(self) -> None:
        super().__init__(_THREADS, "control")
        self._apart = {
            "looking": ThreadPoolExecutor(_LOOKING, "looking"),
            "chores": ThreadPoolExecutor(_CHORES, "chores", initializer=give_way_in_thread),
            "evidence": ThreadPoolExecutor(1, "evidence", initializer=give_way_in_thread),
        }

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have it done in one of the threads."""
        apart = self._apart.get(_pool.get())
        return super().submit(fn, *args, **kwargs) if apart is None else apart.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take nothing on any more."""
        for each in self._apart.values():
            each.shutdown(wait, cancel_futures=cancel_futures)
        super().shutdown(wait, cancel_futures=cancel_futures)
