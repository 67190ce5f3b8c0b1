"""How a rollout tells of times, and of schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strangler_proxy.rollout.place import Place

__all__ = ["told_schedule", "told_seconds"]


def told_schedule(schedule: Mapping[str, Any]) -> str:
    """A schedule's stations, as its JSON has them, in a line: `canary 5% (10 min) → extracted (2 h)`."""
    stations = schedule["stations"]
    return " → ".join(f"{Place.from_json(each)} ({told_seconds(each['seconds'])})" for each in stations)


def told_seconds(seconds: float) -> str:
    """A time in the largest unit that it is at least one of: `12 s`, `5 min`, `1.5 h`, `2 d`."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        # A second less than an hour is an hour to people, and not 60 minutes.
        if seconds >= 0.995 * size:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{max(0.0, seconds):.0f} s"
