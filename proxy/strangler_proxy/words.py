"""How numbers are told to people: counts, shares, times, durations."""

from __future__ import annotations

import math
from datetime import UTC, datetime

__all__ = ["counted", "milliseconds", "moment", "percent"]


def counted(count: int, word: str) -> str:
    """How many there are of what `word` names one of."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def percent(share: float) -> str:
    """A share, never rounded up to more than it is."""
    return f"{math.floor(share * 100_000) / 1000:.3f}".rstrip("0").rstrip(".") + " %"


def moment(at: float | str) -> str:
    """A time, in seconds since 1970 or as the control API writes it, as a local one."""
    when = datetime.fromisoformat(at) if isinstance(at, str) else datetime.fromtimestamp(at, UTC)
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def milliseconds(seconds: float | None) -> str:
    """A duration in seconds, or a dash where there is none."""
    return "-" if seconds is None else f"{seconds * 1000:.3g} ms"
