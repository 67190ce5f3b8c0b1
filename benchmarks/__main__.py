"""Every measurement in one run: `python -m benchmarks`, or those that are named: `python -m benchmarks proxy low`."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    compare,
    flips,
    follow,
    footprint,
    latency,
    matching,
    proxy,
    replicas,
    room,
    routes,
    seam,
    shadow,
    toggles,
    workers,
    wrk,
)
from benchmarks.bars import Bar, told, verdict
from benchmarks.pace import Pace
from benchmarks.peers import missing
from benchmarks.peers.strangler import judged

__all__ = ["MEASUREMENTS", "main"]

MEASUREMENTS: dict[str, Callable[[Pace], list[Bar]]] = {
    "toggles": toggles.measure,
    "matching": matching.measure,
    "seam": seam.measure,
    "compare": compare.measure,
    "flips": flips.measure,
    "replicas": replicas.measure,
    "follow": follow.measure,
    "proxy": proxy.measure,
    "low": latency.low,
    "half": latency.half,
    "shadow": shadow.measure,
    "routes": routes.measure,
    "workers": workers.measure,
    "idle": footprint.idle,
    "large": footprint.large,
    "room": room.measure,
}


def main() -> int:
    """Run them one after the other: 1 when a binding bar does not hold, 2 when a peer is not on this machine."""
    arguments = argparse.ArgumentParser(prog="benchmarks", description="Measure, beside the peers, in one run.")
    arguments.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(MEASUREMENTS)}; all by default")
    arguments.add_argument("--quick", action="store_true", help="few short rounds, to try: no bar is judged")
    asked = arguments.parse_args()
    if unknown := [name for name in asked.names if name not in MEASUREMENTS]:
        arguments.error(f"there is no measurement {unknown[0]!r}; there are {', '.join(MEASUREMENTS)}")
    if absent := [program for program in (wrk.PROGRAM, *missing()) if not Path(program).exists()]:
        print(
            f"benchmarks: not on this machine: {', '.join(absent)}. Install them: scripts/setup --bench",
            file=sys.stderr,
        )
        return 2
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}; the bars hold for: {judged()}\n")
    bars: list[Bar] = []
    for name in asked.names or MEASUREMENTS:
        bars += MEASUREMENTS[name](Pace(asked.quick))
        print(flush=True)
    print(told(bars))
    if asked.quick:
        print("a quick run: no bar is judged by it")
        return 0
    return verdict(bars)


if __name__ == "__main__":
    sys.exit(main())
