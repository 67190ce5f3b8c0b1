"""How numbers are told to people: shares, times, durations."""

from __future__ import annotations

import math
from datetime import UTC, datetime

__all__ = ["milliseconds", "moment", "percent"]


def percent(share: float) -> str:
    """A share, never rounded up to more than it is."""
    return f"{math.floor(share * 100_000) / 1000:.3f}".rstrip("0").rstrip(".") + " %"


def moment(seconds: float) -> str:
    """A time in seconds since 1970 as a local one."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def milliseconds(seconds: float | None) -> str:
    """A duration in seconds, or a dash where there is none."""
    return "-" if seconds is None else f"{seconds * 1000:.3g} ms"
