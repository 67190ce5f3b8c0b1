"""How long a flip takes until every worker has acknowledged it, while customers keep the proxy busy."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from statistics import median, quantiles

import httpx

from benchmarks.bars import Bar
from benchmarks.pace import Pace
from benchmarks.processes import free_port, running, workplace
from benchmarks.upstream import start_upstream

__all__ = ["measure"]

FLIPS = 300
_CONFIG = """[proxy]
listen = "127.0.0.1:{port}"
workers = 2
[control]
listen = "127.0.0.1:{control}"
[upstreams.monolith]
url = "http://127.0.0.1:{upstream}"
[upstreams.candidate]
url = "http://127.0.0.1:{upstream}"
[[routes]]
name = "bench.thing"
methods = ["GET"]
path = "/things/<int:id>/"
candidate = "candidate"
"""


def measure(pace: Pace) -> list[Bar]:
    """Print the milliseconds from the control API's receipt to the last acknowledgement; none may be missing."""
    count = 20 if pace.quick else FLIPS
    with ExitStack() as stack:
        folder = workplace(stack)
        port, control, upstream = free_port(), free_port(), start_upstream(stack, folder).port
        path = folder / "strangler.toml"
        path.write_text(_CONFIG.format(port=port, control=control, upstream=upstream))
        stack.enter_context(
            running([sys.executable, "-m", "strangler_proxy", "--config", str(path), "serve"], port, folder)
        )
        load = ["wrk", "-t1", "-c8", "-d300s", f"http://127.0.0.1:{port}/things/1/"]
        customers = stack.enter_context(
            subprocess.Popen(load, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
        stack.callback(customers.terminate)
        token = (folder / ".strangler" / "control.token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        seconds: list[float] = []
        missing = 0
        with httpx.Client(base_url=f"http://127.0.0.1:{control}", headers=headers, timeout=30) as client:
            for number in range(count):
                stage = "monolith" if number % 2 else "extracted"
                flip = {"names": ["bench.thing"], "stage": stage, "why": "bench", "force": True, "wait_seconds": 5}
                said = client.post("/api/v1/flip", json=flip).raise_for_status().json()
                seconds.append(said["seconds"])
                missing += len(said["missing"])
    print(f"A flip until 2 of 2 workers have acknowledged it, {count} flips while 8 connections ask without a pause")
    slowest = quantiles(seconds, n=100)[98]
    print(f"p50 {median(seconds) * 1000:.1f} ms, p99 {slowest * 1000:.1f} ms, {missing} not acknowledged")
    return [Bar("flips that a worker has not acknowledged", missing, 0)]
