"""Copies of every request: what they cost beside peers that only send them, and that no customer waits for them."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from statistics import median, quantiles

from benchmarks import open_loop
from benchmarks.bars import Bar
from benchmarks.measured import Measured, known_median, ratio, table
from benchmarks.pace import Pace
from benchmarks.peers import envoy, nginx, strangler
from benchmarks.peers.site import ROUTES, Serving, Site
from benchmarks.peers.strangler import judged
from benchmarks.processes import workplace
from benchmarks.throughput import full_load
from benchmarks.traffic import GETS, write_script
from benchmarks.upstream import start_upstream
from benchmarks.watch import Watch

__all__ = ["measure"]

TO_NGINX = 0.9
TO_ENVOY = 0.75
DROPPED = 0.001
# What copies may add to a customer's p99: a tenth of it, or so many milliseconds where that is more.
ADDED = 0.1
ADDED_MS = 0.3
ROUNDS = 5
# The kernel's own chores hold a core up for milliseconds, of which a p99 sees some in one round and none in the next:
# the rounds of a build that is judged are so many that its median is known to a small part of what is allowed.
LATENCY_ROUNDS = 20
LATENCY_ROUNDS_JUDGED = 80
# The load comes and goes here as it never does: the pace would be taken for trouble, and copies held back.
EVERYTHING = "[shadow]\nslowdown = 0\nqueue = 4096\nrecheck = 0\n"
BARE = " without copies"
_MISSED = re.compile(r'strangler_shadow_missed_total\{.*cause="(?P<cause>[^"]+)"')


def measure(pace: Pace) -> list[Bar]:
    """Print a table for full load, one for a quarter of it, and what was dropped; a bar for each."""
    bars: list[Bar] = []
    for build, packages in strangler.builds():
        with ExitStack() as stack:
            folder = workplace(stack)
            main, second = folder / "main", folder / "mirror"
            main.mkdir()
            second.mkdir()
            upstream = start_upstream(stack, main, alike=True).port
            site = Site(folder, upstream, mirror=start_upstream(stack, second, alike=True).port)
            ours = strangler.start(
                stack, site.within("ours"), name=build, packages=packages, stage="shadow", shadow=EVERYTHING
            )
            bare = strangler.start(stack, site.within("bare"), name=f"{build}{BARE}", packages=packages, stage="shadow")
            hung = strangler.start(
                stack,
                replace(site, mirror=_hung(stack)).within("hung"),
                name=f"{build}, hung",
                packages=packages,
                stage="shadow",
            )
            peers = [
                ours,
                bare,
                nginx.start(stack, site.within("nginx"), name="nginx mirror"),
                replace(envoy.start(stack, site.within("envoy")), name="Envoy mirror"),
            ]
            script = write_script(folder, GETS[1], ROUTES)
            rounds, seconds = pace.rounds(ROUNDS), pace.seconds(3)
            watch = Watch(peers)
            before = strangler.counters(site.folder / "ours")
            seen = full_load(peers, script, connections=32, rounds=rounds, seconds=seconds)
            print(f"1 KB GET, 32 connections, every request copied; medians of {rounds} rounds of {seconds} s")
            print(table(seen, build, watch.peaks()), flush=True)
            compared, missed = _compared(site, before)
            print(f"{build}: {compared:.0f} pairs compared, {_causes(missed)}\n")
            bars += _cost(build, seen)
            most = median(each.rate for each in seen[build])
            bars.append(_dropped(build, site, ours, most / 2, pace))
            bars += _noticed(build, [bare, ours, hung], most / 4, pace)
    return bars


def _cost(build: str, seen: dict[str, list[Measured]]) -> list[Bar]:
    ours = [each.cpu for each in seen[build]]
    held = (("nginx mirror", TO_NGINX), ("Envoy mirror", TO_ENVOY))
    return [
        Bar(
            f"copies, {build}: CPU a request to {peer}'s",
            ratio(ours, [each.cpu for each in seen[peer]]),
            most,
            binding=build == judged(),
        )
        for peer, most in held
    ]


def _compared(site: Site, before: dict[str, float]) -> tuple[float, Counter[str]]:
    """How many pairs were compared since, and how many requests became none, by cause."""
    missed: Counter[str] = Counter()
    pairs = 0.0
    for row, value in strangler.counters(site.folder / "ours").items():
        grown = value - before.get(row, 0.0)
        if row.startswith("strangler_shadow_pairs_total"):
            pairs += grown
        elif grown and (found := _MISSED.match(row)):
            missed[found["cause"]] += int(grown)
    return pairs, missed


def _causes(missed: Counter[str]) -> str:
    told = ", ".join(f"{count} {cause}" for cause, count in missed.most_common())
    return f"{missed.total()} dropped" + (f" ({told})" if told else "")


def _dropped(build: str, site: Site, ours: Serving, rate: float, pace: Pace) -> Bar:
    """The share of requests at half of the most that were not compared."""
    before = strangler.counters(site.folder / "ours")
    rounds, seconds = pace.rounds(ROUNDS), pace.seconds(5)
    asked = sum(
        open_loop.run(ours.port, rate=rate, seconds=seconds, routes=ROUTES, seed=seed).count for seed in range(rounds)
    )
    compared, missed = _compared(site, before)
    print(f"{build} at {rate:.0f} requests a second, half of its most: {asked} requests,", end=" ")
    print(f"{compared:.0f} pairs compared, {_causes(missed)}\n", flush=True)
    return Bar(f"copies, {build}: dropped at half", missed.total() / asked, DROPPED, binding=build == judged())


def _noticed(build: str, peers: Sequence[Serving], rate: float, pace: Pace) -> list[Bar]:
    """The customers' p99 at a quarter of the most: without copies, with them, and with a candidate that hangs."""
    p99: dict[str, list[float]] = {peer.name: [] for peer in peers}
    binding = build == judged()
    rounds, seconds = pace.rounds(LATENCY_ROUNDS_JUDGED if binding else LATENCY_ROUNDS), pace.seconds(2)
    for seed in range(rounds):
        for peer in peers[:: -1 if seed % 2 else 1]:
            p99[peer.name].append(open_loop.run(peer.port, rate=rate, seconds=seconds, routes=ROUTES, seed=seed).p99)
    print(f"p99 at {rate:.0f} requests a second, a quarter of the most; {rounds} interleaved rounds of {seconds} s")
    bare = p99[peers[0].name]
    allowed = max(ADDED * median(bare), ADDED_MS)
    added = {name: [mine - theirs for mine, theirs in zip(each, bare, strict=True)] for name, each in p99.items()}
    for name, each in p99.items():
        print(f"{name:<40}{median(each):>8.2f} ms, rounds differ by {_spread(each):.0%}; added {_range(added[name])}")
    print(flush=True)
    return [
        Bar(
            f"copies, {peer.name}: ms added to customers' p99",
            median(added[peer.name]),
            allowed,
            binding=binding,
        )
        for peer in peers[1:]
    ]


def _range(rounds: Sequence[float]) -> str:
    """The median, within what it is known with 95 % confidence, and between what the middle half lies."""
    low, middle, high = quantiles(rounds, n=4) if len(rounds) > 1 else [rounds[0]] * 3
    least, most = known_median(rounds)
    return f"{middle:+.2f} ms (known to be {least:+.2f} to {most:+.2f}; middle half {low:+.2f} to {high:+.2f})"


def _spread(rounds: Sequence[float]) -> float:
    """By how much the middle half of the rounds differ, relative to their median."""
    if len(rounds) < 2:
        return 0.0
    low, _, high = quantiles(rounds, n=4)
    return (high - low) / median(rounds)


def _hung(stack: ExitStack) -> int:
    """The port of a server that takes connections and requests, and never says a word."""
    listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=4096))
    port: int = listening.getsockname()[1]
    return port
