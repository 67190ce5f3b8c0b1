"""Amounts as people write them on the command line: numbers, for click's `type`; shares, durations and sizes, for its
`callback`."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import click

__all__ = ["Finite", "duration", "lasting", "past", "share", "size"]

_SECONDS: Final = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_BYTES: Final = {"": 1, "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE | re.ASCII)


class Finite(click.FloatRange):
    """A number within a range. What is not finite is none: `nan` would lie within every range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


def duration(_: click.Context, __: click.Parameter, text: str) -> float:
    """From a second to a day, such as `90s`, `10m` or `2h`; in seconds."""
    seconds = _amount(text, _SECONDS)
    if not 1 <= seconds <= 86400:
        raise click.BadParameter(f"{text!r} is no time from a second to a day. Write one such as 90s, 10m or 2h.")
    return seconds


def lasting(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    """However long, such as `30m`, `8h` or `90d`; in seconds. None, for ever, stays None."""
    seconds = None if text is None else _amount(text, _SECONDS)
    if seconds is not None and not math.isfinite(seconds):
        raise click.BadParameter(f"{text!r} is no length of time. Write one such as 30m, 8h or 90d.")
    return seconds


def past(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    """A time: so long ago, such as `90m` or `7d`, or a date with or without a time of the day, local unless it says its
    zone; in seconds since 1970. None stays None."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        at = time.time() - _amount(text, _SECONDS)
    if not at >= 0 or math.isinf(at):
        raise click.BadParameter(f"{text!r} is no time. Write one such as 90m, 7d, 2026-11-01 or 2026-11-01T09:30.")
    return at


def size(_: click.Context, __: click.Parameter, text: str) -> int:
    """From 1 KiB up, such as `500KiB`, `64MiB` or `1GiB`; in bytes."""
    found = _amount(text, _BYTES)
    if not 1024 <= found < 2**53:
        raise click.BadParameter(f"{text!r} is no size from 1KiB up. Write one such as 500KiB, 64MiB or 1GiB.")
    return int(found)


def share(_: click.Context, __: click.Parameter, text: str) -> str:
    """Above 0 and up to 100 %, such as `10%` or `0.1`, to three decimals; as the control API takes it."""
    bare = text.strip().removesuffix("%")
    try:
        percent = round(float(bare) * (1 if bare != text.strip() else 100), 3)
    except ValueError:
        percent = math.nan
    if not 0 < percent <= 100:
        raise click.BadParameter(f"{text!r} is no share above 0% and up to 100%. Write one such as 10%.")
    return f"{percent:.3f}%"


def _amount(text: str, units: Mapping[str, int]) -> float:
    """Not a number where it is none."""
    found = _AMOUNT.fullmatch(text.strip())
    unit = None if found is None else units.get(found[2].lower())
    return math.nan if found is None or unit is None else float(found[1]) * unit
