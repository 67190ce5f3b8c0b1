"""What a toggle's decision costs, the subject at hand: at a settled stage, and in a canary where it is hashed."""

from __future__ import annotations

from functools import partial
from statistics import median
from time import process_time
from timeit import repeat

from benchmarks.bars import Bar
from benchmarks.pace import Pace
from strangler.toggles import Stage, Toggle, parse_share

__all__ = ["measure"]

BAR_NS = 1000
_CALLS = 100_000


def measure(pace: Pace) -> list[Bar]:
    """Print nanoseconds of processor time a decision, medians of rounds; the bar is on the slowest."""
    toggles = {
        "stage monolith": Toggle("catalog.product-list"),
        "stage canary": Toggle("catalog.product-list", stage=Stage.CANARY, share=parse_share("10%")),
    }
    print("A toggle's decision")
    worst = 0.0
    for name, toggle in toggles.items():
        rounds = repeat(
            partial(toggle.side, "c1b2a3d4e5f60718293a4b5c6d7e8f90"),
            number=_CALLS,
            repeat=pace.rounds(7),
            timer=process_time,
        )
        nanoseconds = median(rounds) / _CALLS * 1e9
        worst = max(worst, nanoseconds)
        print(f"{name:<20}{nanoseconds:>10.0f} ns")
    return [Bar("a toggle's decision", worst, BAR_NS, "ns", strict=True)]
