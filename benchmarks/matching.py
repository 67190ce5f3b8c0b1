"""What finding the route of a request costs, with one route and with a thousand."""

from __future__ import annotations

import random
from functools import partial
from statistics import median
from time import process_time
from timeit import repeat

from strangler_proxy.routes import RouteTable
from strangler_proxy.routes.route import Route

from benchmarks.bars import Bar
from benchmarks.pace import Pace

__all__ = ["measure"]

BAR = 1.1
_CALLS = 5_000
_ROUNDS = 9


def _table(count: int) -> RouteTable:
    paths = ["/api/v1/products/<int:id>/", *(f"/api/v1/things{number}/<int:id>/" for number in range(count - 1))]
    routes = [Route(f"bench.r{number}", frozenset({"GET", "HEAD"}), path, "c") for number, path in enumerate(paths)]
    random.Random(1).shuffle(routes)
    return RouteTable(routes)


def measure(pace: Pace) -> list[Bar]:
    """Print µs of processor time a match, medians of interleaved rounds; the bar is on a thousand routes to one."""
    tables = {1: _table(1), 1000: _table(1000)}
    seen: dict[int, list[float]] = {count: [] for count in tables}
    for _ in range(pace.rounds(_ROUNDS)):
        for count, table in tables.items():
            match = partial(table.match, "GET", b"/api/v1/products/7/", b"", ())
            seen[count].append(min(repeat(match, number=_CALLS, repeat=3, timer=process_time)) / _CALLS * 1e6)
    one, many = median(seen[1]), median(seen[1000])
    print("Finding a request's route")
    print(f"1 route {one:.2f} µs, 1,000 routes {many:.2f} µs, ratio {many / one:.2f}")
    return [Bar("finding a route among 1,000, to among one", many / one, BAR)]
