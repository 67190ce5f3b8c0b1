"""How long the control room's pages take with 500 routes and 10,000 kept pairs, from the request to its last byte."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack

import httpx

from benchmarks import midway
from benchmarks.bars import Bar
from benchmarks.measured import percentile
from benchmarks.pace import Pace
from benchmarks.peers import strangler
from benchmarks.processes import cpu_seconds, free_port, running, workplace

__all__ = ["measure"]

BAR_MS = 300.0
ROUNDS = 40
_ROUTE = "context12.route-7"


def measure(pace: Pace) -> list[Bar]:
    """Print each page's milliseconds, the first time after a start and then the median and p95 of rounds, and the mean
    processor time of all of the proxy's processes meanwhile; the bar is on the first time and on p95."""
    with ExitStack() as stack:
        folder = workplace(stack)
        port, control = free_port(), free_port()
        (folder / "strangler.toml").write_text(midway.configuration(port, control, free_port()))
        (folder / "migration_plan.md").write_text(midway.plan())
        kept = midway.fill(folder / ".strangler", time.time())
        command = [sys.executable, "-m", "strangler_proxy", "--config", str(folder / "strangler.toml"), "serve"]
        process = stack.enter_context(running(command, port, folder))
        secret = strangler.token(folder / ".strangler" / "control.token")
        client = stack.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{control}", timeout=60, follow_redirects=True, trust_env=False)
        )
        _sign_in(client, secret)
        pages = _pages(kept[len(kept) // 2])
        first = {name: _asked(client, path) for name, path in pages.items()}
        seen: dict[str, list[float]] = {name: [] for name in pages}
        used = dict.fromkeys(pages, 0.0)
        for _ in range(pace.rounds(ROUNDS)):
            for name, path in pages.items():
                before = cpu_seconds(process)
                seen[name].append(_asked(client, path)[0])
                used[name] += cpu_seconds(process) - before
    rounds = len(seen["overview"])
    print(f"Pages of the control room, {midway.ROUTES} routes and {len(kept):,} kept pairs, {rounds} rounds")
    print(f"{'':<26}{'first ms':>10}{'median':>10}{'p95':>10}{'CPU ms':>10}{'KB':>10}")
    bars = []
    for name, milliseconds in seen.items():
        ordered = sorted(milliseconds)
        p95 = percentile(ordered, 0.95)
        took, size = first[name]
        told = (took, percentile(ordered, 0.5), p95, used[name] / rounds * 1000, size / 1000)
        print(f"{name:<26}{''.join(f'{each:>10.0f}' for each in told)}")
        bars.append(Bar(f"the page {name}: p95", p95, BAR_MS, "ms"))
        bars.append(Bar(f"the page {name}: first", took, BAR_MS, "ms"))
    return bars


def _pages(pair: str) -> Mapping[str, str]:
    return {
        "overview": "/room/",
        "overview, chart": "/room/progress.json?range=day",
        "route": f"/room/routes/{_ROUTE}",
        "route, agreement": f"/room/routes/{_ROUTE}/agreement.json?range=month",
        "differences": "/room/differences",
        "differences of a route": f"/room/differences/{_ROUTE}",
        "pair": f"/room/pairs/{pair}",
        "plan": "/room/plan",
        "audit": "/room/audit",
        "upstreams": "/room/upstreams",
        "sessions": "/room/sessions",
    }


def _sign_in(client: httpx.Client, secret: str) -> None:
    """As a person with a browser does: the cookie stays with the client."""
    sent = {"who": "bench", "token": secret}
    signed = client.post("/room/sign-in", data=sent, headers={"Origin": str(client.base_url).rstrip("/")})
    if signed.status_code != 200:
        raise RuntimeError(f"signing in was answered {signed.status_code}: {signed.text[:300]}")


def _asked(client: httpx.Client, path: str) -> tuple[float, int]:
    """The milliseconds that a page took, and its bytes."""
    began = time.perf_counter()
    answered = client.get(path)
    took = (time.perf_counter() - began) * 1000
    if answered.status_code != 200 or answered.url.path == "/room/sign-in":
        raise RuntimeError(f"{path} was answered {answered.status_code}: {answered.text[:300]}")
    return took, len(answered.content)
