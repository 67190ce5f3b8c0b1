"""How long a flip takes until every worker has acknowledged it, while customers keep the proxy busy."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

import httpx

from benchmarks.processes import free_port, running
from benchmarks.proxy import start_upstream

__all__ = ["main"]

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


def main() -> int:
    """Print the milliseconds from the control API's receipt to the last acknowledgement; 1 when one is missing."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port, control, upstream = free_port(), free_port(), start_upstream(stack, folder)
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
            for number in range(FLIPS):
                stage = "monolith" if number % 2 else "extracted"
                flip = {"names": ["bench.thing"], "stage": stage, "why": "bench", "force": True, "wait_seconds": 5}
                said = client.post("/api/v1/flip", json=flip).raise_for_status().json()
                seconds.append(said["seconds"])
                missing += len(said["missing"])
    print(f"A flip until 2 of 2 workers have acknowledged it, {FLIPS} flips while 8 connections ask without a pause")
    slowest = quantiles(seconds, n=100)[98]
    print(f"p50 {median(seconds) * 1000:.1f} ms, p99 {slowest * 1000:.1f} ms, {missing} not acknowledged")
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
