"""Our proxy with one route, with 50 and with 1,000, and with its toggles in a canary."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks.bars import Bar
from benchmarks.measured import Measured, ratio, table
from benchmarks.pace import Pace
from benchmarks.peers import strangler
from benchmarks.peers.site import Serving, Site
from benchmarks.processes import workplace
from benchmarks.throughput import one_round
from benchmarks.traffic import GETS, write_script
from benchmarks.upstream import start_upstream
from benchmarks.watch import Watch

__all__ = ["measure"]

MANY = 1000
TO_ONE = 1.10
ROUNDS = 5
_VARIANTS = ((1, "extracted"), (50, "extracted"), (MANY, "extracted"), (50, "canary"))


def measure(pace: Pace) -> list[Bar]:
    """Print a table a build; the bar is on 1,000 routes to one, both extracted, requests going to all of them."""
    bars = []
    rounds, seconds = pace.rounds(ROUNDS), pace.seconds(2)
    for build, packages in strangler.builds():
        with ExitStack() as stack:
            folder = workplace(stack)
            site = Site(folder, start_upstream(stack, folder).port)
            serving: dict[Serving, Path] = {}
            for routes, stage in _VARIANTS:
                name = f"{routes} {'route' if routes == 1 else 'routes'}, {stage}"
                within = replace(site.within(f"{routes}-{stage}"), routes=routes)
                started = strangler.start(stack, within, name=name, packages=packages, stage=stage)
                serving[started] = write_script(folder, GETS[1], routes)
            seen: dict[str, list[Measured]] = {each.name: [] for each in serving}
            watch = Watch(list(serving))
            for _ in range(rounds):
                for each, script in serving.items():
                    seen[each.name].append(one_round(each, script, connections=32, seconds=seconds))
            peaks = watch.peaks()
        print(f"{build}: 1 KB GET, 32 connections, the requests spread over all routes; a canary is for half of the")
        print(f"visitors, who are told by their cookie; medians of {rounds} interleaved rounds of {seconds} s")
        one, _, many, *_ = seen
        print(table(seen, one, peaks), flush=True)
        cost = ratio([each.cpu for each in seen[many]], [each.cpu for each in seen[one]])
        binding = build == strangler.judged()
        bars.append(Bar(f"{MANY:,} routes, {build}: CPU a request to one route's", cost, TO_ONE, binding=binding))
    return bars
