"""How a rollout tells of times."""

from __future__ import annotations

__all__ = ["told_seconds"]


def told_seconds(seconds: float) -> str:
    """A time in the largest unit that it is at least one of: `12 s`, `5 min`, `1.5 h`, `2 d`."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        # A second less than an hour is an hour to people, and not 60 minutes.
        if seconds >= 0.995 * size:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{max(0.0, seconds):.0f} s"
