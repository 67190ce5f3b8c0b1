"""The proxy beside its peers under full load: sizes, a POST, few and many connections."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.bars import Bar
from benchmarks.measured import Measured, ratio, table
from benchmarks.pace import Pace
from benchmarks.peers import start_peers
from benchmarks.peers.site import ROUTES, Site
from benchmarks.peers.strangler import COMPILED, NAME, judged
from benchmarks.processes import workplace
from benchmarks.throughput import full_load
from benchmarks.traffic import GETS, ORDERS, Kind, write_script
from benchmarks.upstream import start_upstream
from benchmarks.watch import Watch

__all__ = ["SCENARIOS", "Scenario", "measure"]

TO_ENVOY = 0.7
TO_NGINX = 2.0
TO_NGINX_TARGET = 1.6
MANY = 1000


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is asked of every peer with so many `routes`, over how many connections; `barred` ones are held to the
    bars."""

    title: str
    kind: Kind
    connections: int
    routes: int = ROUTES
    rounds: int = 3
    seconds: int = 2
    barred: bool = False


SCENARIOS = (
    Scenario("1 KB GET", GETS[1], 32, rounds=5, seconds=3, barred=True),
    Scenario("1 KB POST", ORDERS, 32, rounds=11, barred=True),
    Scenario("1 KB GET, 256 connections", GETS[1], 256, rounds=5, barred=True),
    Scenario("10 KB GET", GETS[10], 32),
    Scenario("100 KB GET", GETS[100], 32),
    Scenario("1 KB GET", GETS[1], 32, routes=MANY),
)


def measure(pace: Pace) -> list[Bar]:
    """Print a table a scenario; the bars are on processor time a request, to Envoy's and to nginx's."""
    bars: list[Bar] = []
    for routes in (ROUTES, MANY):
        with ExitStack() as stack:
            folder = workplace(stack)
            peers = start_peers(stack, Site(folder, start_upstream(stack, folder).port, routes=routes))
            watch = Watch(peers)
            for scenario in [each for each in SCENARIOS if each.routes == routes]:
                script = write_script(folder, scenario.kind, routes)
                rounds, seconds = pace.rounds(scenario.rounds), pace.seconds(scenario.seconds)
                seen = full_load(peers, script, connections=scenario.connections, rounds=rounds, seconds=seconds)
                print(f"{scenario.title}: {scenario.connections} connections, {routes:,} routes, extracted,", end=" ")
                print(f"access log on, one worker each; medians of {rounds} interleaved rounds of {seconds} s")
                print(table(seen, judged(), watch.peaks()), flush=True)
                print()
                bars += _bars(scenario, seen)
    return bars


def _bars(scenario: Scenario, seen: dict[str, list[Measured]]) -> list[Bar]:
    bars = []
    for build in (NAME, COMPILED):
        if build not in seen or not scenario.barred:
            continue
        title = f"{scenario.title}, {build}: CPU a request to"
        ours = [each.cpu for each in seen[build]]
        to_envoy, to_nginx = (ratio(ours, [each.cpu for each in seen[peer]]) for peer in ("Envoy", "nginx"))
        binding = build == judged()
        bars.append(Bar(f"{title} Envoy's", to_envoy, TO_ENVOY, binding=binding))
        bars.append(Bar(f"{title} nginx's", to_nginx, TO_NGINX, binding=binding))
        bars.append(Bar(f"{title} nginx's, target", to_nginx, TO_NGINX_TARGET, binding=False))
    return bars
