"""Our own proxy, as a user runs it: routes on toggles, header hygiene, limits, metrics and access log are all on."""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from benchmarks.peers.compiled import compiled_packages
from benchmarks.peers.site import CONNECTIONS, Serving, Site
from benchmarks.processes import PROXY_CORES, free_port, running

__all__ = ["COMPILED", "NAME", "NO_COPIES", "builds", "config", "counters", "flip", "judged", "start", "token"]

NAME = "Strangler"
COMPILED = "Strangler, compiled"
NO_COPIES = "[shadow]\nsample = 0\n"

_CONFIG = """[proxy]
listen = "127.0.0.1:{port}"
workers = {workers}
subject = ["cookie:visitor"]
[control]
listen = "127.0.0.1:{control}"
[upstreams.monolith]
url = "http://127.0.0.1:{upstream}"
connections = {connections}
[upstreams.candidate]
url = "http://127.0.0.1:{candidate}"
connections = {connections}
"""
_ROUTE = """[[routes]]
name = "bench.c{number}"
methods = ["GET", "POST"]
path = "/api/v1/c{number}/<slug:kind>/<int:id>/"
candidate = "candidate"
"""


def judged() -> str:
    """The build that the bars hold for: the compiled one, as users install it, where there is one."""
    return NAME if compiled_packages() is None else COMPILED


def builds() -> list[tuple[str, Path | None]]:
    """The builds that can be measured, each with the folder that its packages are in; None for the source tree."""
    compiled = compiled_packages()
    return [(NAME, None)] if compiled is None else [(NAME, None), (COMPILED, compiled)]


def config(site: Site, port: int, control: int, shadow: str = NO_COPIES) -> str:
    """strangler.toml, with a template for each route; `shadow` is its table of that name."""
    head = _CONFIG.format(
        port=port,
        workers=site.workers,
        control=control,
        upstream=site.upstream,
        candidate=site.mirror or site.upstream,
        connections=CONNECTIONS,
    )
    return head + shadow + "".join(_ROUTE.format(number=number) for number in range(site.routes))


def start(
    stack: ExitStack,
    site: Site,
    *,
    name: str = NAME,
    packages: Path | None = None,
    stage: str = "extracted",
    shadow: str = NO_COPIES,
    cores: frozenset[int] | None = PROXY_CORES,
) -> Serving:
    """Run it until the stack closes, with all toggles at `stage` (`canary` is for half of the subjects); `shadow` is
    the table `[shadow]`."""
    port, control = free_port(), free_port()
    path = site.folder / "strangler.toml"
    path.write_text(config(site, port, control, shadow))
    command = [sys.executable, "-m", "strangler_proxy", "--config", str(path), "serve"]
    environment = {} if packages is None else {"PYTHONPATH": str(packages)}
    pid = stack.enter_context(running(command, port, site.folder, environment, cores=cores))
    if stage != "monolith":
        flip(site.folder, control, stage)
    return Serving(name, port, pid)


def flip(folder: Path, control: int, stage: str) -> None:
    """Move every toggle to a stage, and wait for the workers' acknowledgements."""
    secret = token(folder / ".strangler" / "control.token")
    asked: dict[str, object] = {"names": ["bench.*"], "stage": stage, "why": "bench", "force": True, "wait_seconds": 10}
    if stage == "canary":
        asked["share"] = "50%"
    said = httpx.post(
        f"http://127.0.0.1:{control}/api/v1/flip",
        json=asked,
        headers={"Authorization": f"Bearer {secret}"},
        timeout=60,
    )
    said.raise_for_status()
    if missing := said.json()["missing"]:
        raise RuntimeError(f"workers {missing} have not acknowledged the flip to {stage}")


def counters(folder: Path) -> dict[str, float]:
    """The metrics of the proxy in `folder` by name and labels, once every worker has told them, which it does once a
    second."""
    time.sleep(2.5)
    addresses = json.loads((folder / ".strangler" / "addresses.json").read_text())
    secret = token(folder / ".strangler" / "control.token")
    said = httpx.get(
        f"http://{addresses['control']}/metrics", headers={"Authorization": f"Bearer {secret}"}, timeout=60
    )
    said.raise_for_status()
    told = (line.rpartition(" ") for line in said.text.splitlines() if not line.startswith("#"))
    return {row: float(value) for row, _, value in told}


def token(path: Path) -> str:
    """The control plane's token, which is written a moment after the proxy has begun to listen."""
    deadline = time.monotonic() + 30
    while True:
        try:
            if secret := path.read_text().strip():
                return secret
        except FileNotFoundError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.01)
