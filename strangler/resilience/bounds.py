"""What a setting may be; each wrong one is told with its name, its value and the remedy."""

from __future__ import annotations

from math import isfinite

from strangler.errors import PolicyError

__all__ = ["exception_types", "fraction", "longer", "positive", "whole"]


def positive(what: str, name: str, value: float) -> None:
    """A finite number above 0, or PolicyError."""
    if not _number(value) or value <= 0:
        raise PolicyError(f"{what}: {name} is {value!r}; give a number above 0.")


def longer(what: str, name: str, value: float, than: str, least: float) -> None:
    """A finite number that is not below `least`, which `than` names; or PolicyError."""
    if not _number(value) or value < least:
        raise PolicyError(f"{what}: {name} is {value!r}; give a number not below {than}.")


def fraction(what: str, name: str, value: float, *, zero: bool, one: bool) -> None:
    """A number from 0 to 1, with the ends where they are allowed; or PolicyError."""
    if not _number(value) or not 0 <= value <= 1 or (value == 0 and not zero) or (value == 1 and not one):
        low, high = "from 0" if zero else "above 0", "to 1" if one else "to below 1"
        raise PolicyError(f"{what}: {name} is {value!r}; give a number {low} {high}.")


def whole(what: str, name: str, value: object, *, least: int) -> None:
    """A whole number from `least` on, or PolicyError."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise PolicyError(f"{what}: {name} is {value!r}; give a whole number from {least} on.")


def exception_types(what: str, name: str, value: object) -> None:
    """A tuple of exception types, or PolicyError: a single one would be taken for a function."""
    kinds = value if isinstance(value, tuple) else (None,)
    if not all(isinstance(each, type) and issubclass(each, Exception) for each in kinds):
        raise PolicyError(f"{what}: {name} is {value!r}; give a tuple of exceptions, such as (OSError,).")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
