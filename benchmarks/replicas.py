"""How long a flip takes until every worker of three replicas that share a PostgreSQL has acknowledged it."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.bars import Bar
from benchmarks.moves import move, start_replica, told
from benchmarks.pace import Pace
from benchmarks.peers import strangler
from benchmarks.peers.site import Site
from benchmarks.processes import workplace
from benchmarks.upstream import start_upstream
from tests.servers.postgres import Postgres

__all__ = ["measure"]

BAR_MS = 150.0
REPLICAS = 3


def measure(pace: Pace) -> list[Bar]:
    """Print the milliseconds from one control API's receipt to the last acknowledgement of all; none may be missing."""
    packages = dict(strangler.builds())[strangler.judged()]
    with ExitStack() as stack:
        folder = workplace(stack)
        server = Postgres(folder / "postgres", durable=True)
        stack.callback(server.stop)
        store = f'[store]\nurl = "{server.start()}/postgres"\n'
        upstream = start_upstream(stack, folder, cores=None).port
        site = Site(folder, upstream, routes=1)
        replicas = [start_replica(stack, site.within(str(number)), packages, store) for number in range(REPLICAS)]
        moved = move(replicas, folder, pace, expected=REPLICAS)
    print(
        f"{strangler.judged()}: a flip until {REPLICAS} replicas of a worker each over PostgreSQL have acknowledged it,"
    )
    print(f"{len(moved.seconds)} flips: {told(moved)}", flush=True)
    return [
        Bar("replicas: p99 of a flip", moved.p99, BAR_MS, "ms", strict=True),
        Bar("replicas: flips not acknowledged", moved.missing, 0),
    ]
