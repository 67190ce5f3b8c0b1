"""What finding the route of a request costs, with one route and with a thousand."""

from __future__ import annotations

import random
import sys
from functools import partial
from statistics import median
from timeit import repeat

from strangler_proxy.routes import RouteTable
from strangler_proxy.routes.route import Route

__all__ = ["main"]

BAR = 1.1
_CALLS = 5_000
_ROUNDS = 9


def _table(count: int) -> RouteTable:
    paths = ["/api/v1/products/<int:id>/", *(f"/api/v1/things{number}/<int:id>/" for number in range(count - 1))]
    routes = [Route(f"bench.r{number}", frozenset({"GET", "HEAD"}), path, "c") for number, path in enumerate(paths)]
    random.Random(1).shuffle(routes)
    return RouteTable(routes)


def main() -> int:
    """Print µs a match, medians of interleaved rounds; 1 when a thousand routes cost a tenth more than one."""
    tables = {1: _table(1), 1000: _table(1000)}
    seen: dict[int, list[float]] = {count: [] for count in tables}
    for _ in range(_ROUNDS):
        for count, table in tables.items():
            match = partial(table.match, "GET", b"/api/v1/products/7/", b"", ())
            seen[count].append(min(repeat(match, number=_CALLS, repeat=3)) / _CALLS * 1e6)
    one, many = median(seen[1]), median(seen[1000])
    print(f"Finding a request's route (bar: 1,000 routes cost at most {BAR} of one)")
    print(f"1 route {one:.2f} µs, 1,000 routes {many:.2f} µs, ratio {many / one:.2f}")
    return int(many / one > BAR)


if __name__ == "__main__":
    sys.exit(main())
