"""Reading JSON that may be garbled: each value has the type that is wanted, or ValueError says what is wrong."""

from __future__ import annotations

import sys
from typing import Any, Final

__all__ = ["MOST_COUNTED", "count_of", "items_of", "member_of", "number_of", "text_of"]

MOST_COUNTED: Final = 2**62
"""No honest count is greater, and what a store can hold is."""


def text_of(value: Any, what: str, most: int = 10_000) -> str:
    """A text of at most `most` characters."""
    if not isinstance(value, str) or len(value) > most:
        raise ValueError(f"{what} is not a text of at most {most} characters")
    return value


def count_of(value: Any, what: str) -> int:
    """A whole number from 0 up."""
    if type(value) is not int or not 0 <= value <= MOST_COUNTED:
        raise ValueError(f"{what} is not a whole number from 0 up")
    return value


def number_of(value: Any, what: str) -> float:
    """A finite number."""
    # By its size, since a whole number may have more digits than a float can tell of.
    most = sys.float_info.max
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        raise ValueError(f"{what} is not a number")
    return float(value)


def items_of(value: Any, what: str, length: int | None = None) -> list[Any]:
    """A list, of that length where one is given."""
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise ValueError(f"{what} is not a list" + ("" if length is None else f" of {length}"))
    return value


def member_of(value: Any, key: str, what: str) -> Any:
    """The value at `key` of an object."""
    if not isinstance(value, dict) or key not in value:
        raise ValueError(f"{what} is not an object with {key!r}")
    return value[key]
