"""What a toggle's decision costs among 1,000, the subject at hand: at a settled stage, and in a canary where it is
hashed."""

from __future__ import annotations

from functools import partial
from statistics import median
from time import process_time
from timeit import repeat

from benchmarks.bars import Bar
from benchmarks.pace import Pace
from strangler.toggles import Snapshot, Stage, Toggle, Toggles, parse_share

__all__ = ["measure"]

BAR_NS = 1000
_CALLS = 100_000
_TOGGLES = 1000


def measure(pace: Pace) -> list[Bar]:
    """Print nanoseconds of processor time a decision, medians of rounds; the bar is on the slowest."""
    tenth = parse_share("10%")
    names = [f"part-{number // 25}.route-{number}" for number in range(_TOGGLES)]
    kept = {name: Toggle(name, stage=Stage.CANARY, share=tenth) for name in names[::2]}
    kept |= {name: Toggle(name) for name in names[1::2]}
    toggles = Toggles(default=Snapshot(1, kept))
    print(f"A toggle's decision, {_TOGGLES} toggles")
    worst = 0.0
    for name in (names[_TOGGLES // 2 + 1], names[_TOGGLES // 2]):
        rounds = repeat(
            partial(toggles.side, name, "c1b2a3d4e5f60718293a4b5c6d7e8f90"),
            number=_CALLS,
            repeat=pace.rounds(7),
            timer=process_time,
        )
        nanoseconds = median(rounds) / _CALLS * 1e9
        worst = max(worst, nanoseconds)
        print(f"stage {toggles.stage(name):<14}{nanoseconds:>10.0f} ns")
    return [Bar(f"a toggle's decision among {_TOGGLES:,}", worst, BAR_NS, "ns", strict=True)]
