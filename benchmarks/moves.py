"""Moves of toggles while customers keep proxies half busy: how long each takes until its last acknowledgement."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from benchmarks import open_loop, wrk
from benchmarks.pace import Pace
from benchmarks.peers import strangler
from benchmarks.peers.site import Site
from benchmarks.processes import free_port, running
from benchmarks.traffic import GETS, write_script

__all__ = ["Moved", "Replica", "move", "start_replica", "told"]

FLIPS = 1000
EVERY = 0.04


@dataclass(frozen=True, slots=True)
class Replica:
    """A running proxy with the route `bench.c0`: its folder, and the ports of customers and of operators."""

    folder: Path
    port: int
    control: int

    @property
    def headers(self) -> dict[str, str]:
        """What its operators send along."""
        return {"Authorization": f"Bearer {strangler.token(self.folder / '.strangler' / 'control.token')}"}


@dataclass(frozen=True, slots=True)
class Moved:
    """What moves came to: the seconds of each from the control API's receipt to the last acknowledgement, how many
    workers had not acknowledged in time, and how many requests of customers were answered at which rate meanwhile."""

    seconds: Sequence[float]
    missing: int
    answered: int
    rate: float

    @property
    def p99(self) -> float:
        """The slowest hundredth begins here, in milliseconds."""
        return quantiles(self.seconds, n=100, method="inclusive")[98] * 1000


def start_replica(stack: ExitStack, site: Site, packages: Path | None, store: str = "") -> Replica:
    """Run a proxy of one build in the site's folder until the stack closes; `store` is the table `[store]`."""
    port, control = free_port(), free_port()
    path = site.folder / "strangler.toml"
    path.write_text(strangler.config(site, port, control) + store)
    command = [sys.executable, "-m", "strangler_proxy", "--config", str(path), "serve"]
    environment = {} if packages is None else {"PYTHONPATH": str(packages)}
    stack.enter_context(running(command, port, site.folder, environment))
    return Replica(site.folder, port, control)


def move(replicas: Sequence[Replica], folder: Path, pace: Pace, *, expected: int) -> Moved:
    """Flip a route to and fro, 25 times a second, while customers ask at half of what one replica answers at most.

    All of it by the first replica; customers are spread over all. A move that `expected` workers have not acknowledged
    counts as not acknowledged. Raises OpenLoopError when a customer is answered with anything but 200.
    """
    count = 50 if pace.quick else FLIPS
    _wait_for_all(replicas[0], expected)
    script = write_script(folder, GETS[1], 1)
    full = wrk.load(replicas[0].port, script, connections=32, seconds=3, cores=None)
    rate, seconds = full.rate / 2 / len(replicas), count * EVERY
    taken: list[float] = []
    missing = 0
    with ThreadPoolExecutor(len(replicas)) as pool:
        customers = [
            pool.submit(open_loop.run, each.port, rate=rate, seconds=seconds + 1, routes=1, seed=number)
            for number, each in enumerate(replicas)
        ]
        first = replicas[0]
        with httpx.Client(base_url=f"http://127.0.0.1:{first.control}", headers=first.headers, timeout=30) as client:
            began = time.monotonic()
            for number in range(count):
                time.sleep(max(0.0, began + number * EVERY - time.monotonic()))
                stage = "extracted" if number % 2 else "monolith"
                said = _flip(client, stage)
                taken.append(said["seconds"])
                missing += expected - len(said["acknowledged"])
        paced = [each.result() for each in customers]
    return Moved(taken, missing, sum(each.count for each in paced), sum(each.rate for each in paced))


def _wait_for_all(replica: Replica, expected: int) -> None:
    """Until that many workers, of all replicas, are there."""
    deadline = time.monotonic() + 60
    with httpx.Client(base_url=f"http://127.0.0.1:{replica.control}", headers=replica.headers, timeout=30) as client:
        while len(_flip(client, "extracted")["acknowledged"]) < expected:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{expected} workers were not there after a minute")
            time.sleep(0.2)


def _flip(client: httpx.Client, stage: str) -> dict[str, Any]:
    asked = {"names": ["bench.c0"], "stage": stage, "why": "bench", "force": True, "wait_seconds": 5}
    said: dict[str, Any] = client.post("/api/v1/flip", json=asked).raise_for_status().json()
    return said


def told(moved: Moved) -> str:
    """The figures in a line."""
    middle, most = median(moved.seconds) * 1000, max(moved.seconds) * 1000
    return (
        f"p50 {middle:.1f} ms, p99 {moved.p99:.1f} ms, longest {most:.1f} ms,"
        f" {moved.missing} not acknowledged; {moved.answered} requests at {moved.rate:.0f} a second, each answered well"
    )
