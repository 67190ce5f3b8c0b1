"""The mark of the request at hand: known to whatever serves it, in this task and in those it starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from strangler.shadow.strategy import SAFE_METHODS, Strategy

__all__ = ["current_shadow", "is_shadow", "read_mark", "shadowed"]

_CURRENT: Final[ContextVar[Strategy | None]] = ContextVar("strangler_shadow", default=None)
_STRICTNESS: Final = (Strategy.SANDBOX, Strategy.READ, Strategy.DRY_RUN, Strategy.SKIP)
_MARKS: Final = {each.value: each for each in (Strategy.READ, Strategy.SANDBOX, Strategy.DRY_RUN)}


def read_mark(values: Iterable[str], method: str) -> Strategy | None:
    """The strategy that the lines of SHADOW_HEADER ask for; None for a request without any, which is a customer's own.

    Whatever is not understood is `dry-run`, the strictest: an unknown value, two lines, or a `read` that is no read.
    """
    lines = [value.strip() for value in values]
    if not lines:
        return None
    strategy = _MARKS.get(lines[0], Strategy.DRY_RUN) if len(lines) == 1 else Strategy.DRY_RUN
    return Strategy.DRY_RUN if strategy is Strategy.READ and method not in SAFE_METHODS else strategy


def current_shadow() -> Strategy | None:
    """How the copy that is being served has to be served; None while a customer's own request is, or none.

    It holds in the tasks that a request starts and in `asyncio.to_thread`, as they copy its context. A thread that is
    started otherwise has to be given it: `contextvars.copy_context().run`.
    """
    return _CURRENT.get()


def is_shadow() -> bool:
    """Whether a copy is being served."""
    return _CURRENT.get() is not None


@contextmanager
def shadowed(strategy: Strategy) -> Iterator[None]:
    """A block that serves a copy. Within another one the stricter strategy holds."""
    outer = _CURRENT.get()
    token = _CURRENT.set(strategy if outer is None else max(outer, strategy, key=_STRICTNESS.index))
    try:
        yield
    finally:
        _CURRENT.reset(token)
