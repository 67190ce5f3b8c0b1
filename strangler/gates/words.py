"""Numbers as they stand in a judgement's sentence."""

from __future__ import annotations

__all__ = ["counted", "duration", "time"]


def time(seconds: float) -> str:
    """How long a request took."""
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def duration(seconds: float) -> str:
    """How long a stage lasted, to the minute where it is long."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def counted(number: int, word: str) -> str:
    """`1 request`, `1,204 requests`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
