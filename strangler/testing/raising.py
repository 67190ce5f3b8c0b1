"""What a suite asks of an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["raises"]

_E = TypeVar("_E", bound=Exception)


# Not pytest's: the suites are part of the library, which must import where pytest is not installed.
@contextmanager
def raises(*kinds: type[_E]) -> Iterator[list[_E]]:
    """Expect one of `kinds`; the list holds what was caught. Raises AssertionError when nothing came."""
    caught: list[_E] = []
    try:
        yield caught
    except kinds as error:
        caught.append(error)
    else:
        raise AssertionError(f"{' or '.join(kind.__name__ for kind in kinds)} was not raised")
