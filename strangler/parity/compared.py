"""What came of asking both sides."""

from __future__ import annotations

from dataclasses import dataclass

from strangler.compare import Comparison, Noise, Pair

__all__ = ["Compared"]


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of a request: both answers, how they compare, and what the old side did not repeat."""

    pair: Pair
    comparison: Comparison
    noise: tuple[Noise, ...] = ()
