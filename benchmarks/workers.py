"""What a request costs with two workers and with one."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from benchmarks.bars import Bar
from benchmarks.measured import Measured, ratio, table
from benchmarks.pace import Pace
from benchmarks.peers import nginx, strangler
from benchmarks.peers.site import ROUTES, Serving, Site
from benchmarks.processes import workplace
from benchmarks.throughput import one_round
from benchmarks.traffic import GETS, write_script
from benchmarks.upstream import start_upstream
from benchmarks.watch import Watch

__all__ = ["measure"]

TO_ONE = 1.05
# One round is off by several per cent, for all processes share all cores: many of them are not.
ROUNDS = 11
EACH = 32


def measure(pace: Pace) -> list[Bar]:
    """Print a table a build; the bar is on two workers to one, with as many connections for each worker.

    No process is held to a core here: two workers want both, and share them with the load and the upstream. What that
    alone costs is seen by nginx's lines. Every other round goes the other way round, so that nobody always comes first.
    """
    bars = []
    rounds, seconds = pace.rounds(ROUNDS), pace.seconds(2)
    for build, packages in strangler.builds():
        with ExitStack() as stack:
            folder = workplace(stack)
            site = Site(folder, start_upstream(stack, folder, cores=None).port)
            script = write_script(folder, GETS[1], ROUTES)
            serving: list[tuple[int, Serving]] = []
            for workers, count in ((1, "one worker"), (2, "two workers")):
                ours = replace(site.within(f"ours-{workers}"), workers=workers)
                theirs = replace(site.within(f"nginx-{workers}"), workers=workers)
                serving += [
                    (workers, strangler.start(stack, ours, name=count, packages=packages, cores=None)),
                    (workers, nginx.start(stack, theirs, name=f"nginx, {count}", cores=None)),
                ]
            seen: dict[str, list[Measured]] = {each.name: [] for _, each in serving}
            watch = Watch([each for _, each in serving])
            for number in range(rounds):
                for workers, each in serving[:: -1 if number % 2 else 1]:
                    load = EACH * workers
                    seen[each.name].append(one_round(each, script, connections=load, seconds=seconds, cores=None))
            peaks = watch.peaks()
        print(f"{build}: 1 KB GET, {EACH} connections a worker, cores shared by all; medians of {rounds} rounds")
        print(table(seen, "one worker", peaks), flush=True)
        cpu = {name: [each.cpu for each in measured] for name, measured in seen.items()}
        cost = ratio(cpu["two workers"], cpu["one worker"])
        beside = ratio(cpu["nginx, two workers"], cpu["nginx, one worker"])
        print(f"a request with two workers to one with one: ours {cost:.3f}, nginx's in the same rounds {beside:.3f}")
        binding = build == strangler.judged()
        bars.append(Bar(f"two workers, {build}: CPU a request to one's", cost, TO_ONE, binding=binding))
    return bars
