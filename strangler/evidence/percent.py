"""A share as people read it."""

from __future__ import annotations

import math

__all__ = ["percent"]


def percent(share: float, *, up: bool = False) -> str:
    """A share in per cent, never nearer to what is wanted than it is: rounded down to three digits, or `up`."""
    scaled = share * 100_000
    # What is a hair off for being a float is meant as it was written.
    whole = round(scaled) if abs(scaled - round(scaled)) < 1e-6 else (math.ceil if up else math.floor)(scaled)
    return f"{whole / 1000:.3f}".rstrip("0").rstrip(".") + " %"
