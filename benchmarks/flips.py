"""How long a flip takes until every worker has acknowledged it, while customers keep the proxy half busy."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.bars import Bar
from benchmarks.moves import move, start_replica, told
from benchmarks.pace import Pace
from benchmarks.peers import strangler
from benchmarks.peers.site import Site
from benchmarks.processes import workplace
from benchmarks.upstream import start_upstream

__all__ = ["measure"]

BAR_MS = 20.0
WORKERS = 2


def measure(pace: Pace) -> list[Bar]:
    """Print the milliseconds from the control API's receipt to the last acknowledgement; none may be missing."""
    bars = []
    for name, packages in strangler.builds():
        with ExitStack() as stack:
            folder = workplace(stack)
            site = Site(folder, start_upstream(stack, folder, cores=None).port, routes=1, workers=WORKERS)
            moved = move([start_replica(stack, site, packages)], folder, pace, expected=WORKERS)
        print(f"{name}: a flip until {WORKERS} of {WORKERS} workers have acknowledged it, {len(moved.seconds)} flips")
        print(told(moved), flush=True)
        binding = name == strangler.judged()
        bars += [
            Bar(f"flips, {name}: p99", moved.p99, BAR_MS, "ms", binding=binding, strict=True),
            Bar(f"flips, {name}: not acknowledged", moved.missing, 0, binding=binding),
        ]
    return bars
