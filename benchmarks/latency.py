"""Latency at fixed rates: what a proxy adds when little is to do, and its p99 at half of what it can do."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median

from benchmarks import open_loop
from benchmarks.bars import Bar
from benchmarks.measured import Measured, ratio, table
from benchmarks.pace import Pace
from benchmarks.peers import start_peers
from benchmarks.peers.site import ROUTES, Serving, Site
from benchmarks.peers.strangler import COMPILED, NAME, judged
from benchmarks.processes import cpu_seconds, workplace
from benchmarks.throughput import full_load
from benchmarks.traffic import GETS, write_script
from benchmarks.upstream import start_upstream
from benchmarks.watch import Watch

__all__ = ["half", "low"]

LOW_RATE = 100
LOW_ROUNDS = 3
ADDED_MS = 0.25
HALF_ROUNDS = 10


def low(pace: Pace) -> list[Bar]:
    """Every peer and the bare upstream at a low rate; the bar is on what ours adds to the median."""
    with ExitStack() as stack:
        folder = workplace(stack)
        upstream = start_upstream(stack, folder)
        peers = [upstream, *start_peers(stack, Site(folder, upstream.port))]
        rounds, seconds = pace.rounds(LOW_ROUNDS), pace.seconds(2)
        watch = Watch(peers)
        seen = _paced(peers, rate=LOW_RATE, rounds=rounds, seconds=seconds)
        peaks = watch.peaks()
    print(f"1 KB GET at {LOW_RATE} requests a second; medians of {rounds} interleaved rounds of {seconds} s")
    print(table(seen, judged(), peaks))
    direct = [each.p50 for each in seen[upstream.name]]
    bars = []
    for build in (NAME, COMPILED):
        if build in seen:
            added = median(each.p50 - bare for each, bare in zip(seen[build], direct, strict=True))
            bars.append(Bar(f"low rate, {build}: p50 added", added, ADDED_MS, "ms", binding=build == judged()))
    return bars


def half(pace: Pace) -> list[Bar]:
    """Ours beside Envoy, both at half of what the slower one can do; the bar is on p99, round by round."""
    bars = []
    with ExitStack() as stack:
        folder = workplace(stack)
        upstream = start_upstream(stack, folder)
        peers = start_peers(stack, Site(folder, upstream.port), (NAME, "Envoy"))
        script = write_script(folder, GETS[1], ROUTES)
        full = full_load(peers, script, connections=32, rounds=pace.rounds(3), seconds=pace.seconds(2))
        most = {name: median(each.rate for each in rounds) for name, rounds in full.items()}
        for build in (NAME, COMPILED):
            if build not in full:
                continue
            rate = round(min(most[build], most["Envoy"]) / 2)
            pair = [upstream, *(peer for peer in peers if peer.name in (build, "Envoy"))]
            rounds, seconds = pace.rounds(HALF_ROUNDS), pace.seconds(2)
            watch = Watch(pair)
            seen = _paced(pair, rate=rate, rounds=rounds, seconds=seconds)
            print(f"1 KB GET at {rate} requests a second, half of the slower one's most", end=" ")
            print(f"({', '.join(f'{name} {most[name]:.0f}' for name in (build, 'Envoy'))});", end=" ")
            print(f"medians of {rounds} interleaved rounds of {seconds} s")
            print(table(seen, build, watch.peaks()), flush=True)
            worse = ratio([each.p99 for each in seen[build]], [each.p99 for each in seen["Envoy"]])
            bars.append(Bar(f"half rate, {build}: p99 to Envoy's", worse, 1.0, binding=build == judged()))
    return bars


def _paced(peers: Sequence[Serving], *, rate: float, rounds: int, seconds: int) -> dict[str, list[Measured]]:
    seen: dict[str, list[Measured]] = {peer.name: [] for peer in peers}
    late: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for seed in range(rounds):
        for peer in peers:
            before = cpu_seconds(peer.pid)
            said = open_loop.run(peer.port, rate=rate, seconds=seconds, routes=ROUTES, seed=seed)
            used = cpu_seconds(peer.pid) - before
            took = said.count / said.rate
            seen[peer.name].append(Measured(said.rate, said.p50, said.p99, used / said.count * 1e6, used / took))
            late[peer.name].append(said.late99)
    print("the client was late to send, p99:", end=" ")
    print(", ".join(f"{name} {median(rounds_late):.2f} ms" for name, rounds_late in late.items()))
    return seen
