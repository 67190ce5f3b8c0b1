"""The proxy beside nginx and beside the usual Python way: the same upstream, one worker each, rounds interleaved."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.processes import cpu_seconds, free_port, running

__all__ = ["Measured", "main", "measure", "start_upstream"]

BODY = 1024
CONNECTIONS = 32
SECONDS = 3
ROUNDS = 3

_NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx-{port}.pid; error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{ access_log {log}; client_body_temp_path {folder}; proxy_temp_path {folder};
fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
keepalive_requests 10000000;
{http}
}}
"""
_UPSTREAM = 'server {{ listen 127.0.0.1:{port}; default_type application/json; location / {{ return 200 "{body}"; }} }}'
_PEER = """upstream up {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 10000000; }}
server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://up; proxy_http_version 1.1;
proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; }} }}"""
_CONFIG = """[proxy]
listen = "127.0.0.1:{port}"
workers = 1
[control]
listen = "127.0.0.1:{control}"
[upstreams.monolith]
url = "http://127.0.0.1:{upstream}"
[upstreams.candidate]
url = "http://127.0.0.1:{upstream}"
{routes}
"""
_ROUTE = """[[routes]]
name = "bench.route-{number}"
methods = ["GET"]
path = "/api/{number}/things/<int:id>/"
candidate = "candidate"
"""
_USUAL = """
import httpx
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
client = httpx.AsyncClient(base_url="http://127.0.0.1:{upstream}")
async def forward(request):
    headers = [(k, v) for k, v in request.headers.raw if k.lower() not in (b"connection", b"host")]
    sent = client.build_request(request.method, request.url.path, headers=headers)
    answer = await client.send(sent, stream=True)
    return StreamingResponse(answer.aiter_raw(), answer.status_code, dict(answer.headers))
app = Starlette(routes=[Route("/{{path:path}}", forward)])
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians over the rounds: requests a second, latency in ms at two quantiles, processor µs a request."""

    name: str
    requests: float
    p50: float
    p99: float
    cpu: float


def measure(*, rounds: int = ROUNDS, seconds: int = SECONDS) -> list[Measured]:
    """Measure each proxy in turn, `rounds` times over."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = start_upstream(stack, folder)
        peers = {
            "strangler": _start_strangler(stack, folder, upstream),
            "nginx": _start_peer(stack, folder, upstream),
            "starlette + httpx": _start_usual(stack, folder, upstream),
        }
        seen: dict[str, list[Measured]] = {name: [] for name in peers}
        for _ in range(rounds):
            for name, (port, pid) in peers.items():
                seen[name].append(_load(name, port, pid, seconds))
    return [
        Measured(
            name, *(median(getattr(each, field) for each in measured) for field in ("requests", "p50", "p99", "cpu"))
        )
        for name, measured in seen.items()
    ]


def _load(name: str, port: int, pid: int, seconds: int) -> Measured:
    url = f"http://127.0.0.1:{port}/api/7/things/42/"
    before = cpu_seconds(pid)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = cpu_seconds(pid) - before
    if errors := re.search(r"Non-2xx.*|Socket errors.*", said):
        raise RuntimeError(f"{name}: {errors.group()}")
    count = int(_found(r"(\d+) requests in", said)[0])
    return Measured(
        name,
        float(_found(r"Requests/sec:\s+([\d.]+)", said)[0]),
        _milliseconds(said, "50%"),
        _milliseconds(said, "99%"),
        used / count * 1e6,
    )


def _found(pattern: str, said: str) -> tuple[str, ...]:
    found = re.search(pattern, said)
    if found is None:
        raise RuntimeError(f"wrk did not say {pattern!r}:\n{said}")
    return found.groups()


def _milliseconds(said: str, quantile: str) -> float:
    value, unit = _found(rf"{quantile}\s+([\d.]+)(us|ms|s)", said)
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def start_upstream(stack: ExitStack, folder: Path) -> int:
    """Start what answers every request with `BODY` bytes, in C so that it is not what is measured; its port."""
    port = free_port()
    return _start_nginx(stack, folder, _UPSTREAM.format(port=port, body="x" * BODY), port, "off")


def _start_nginx(stack: ExitStack, folder: Path, http: str, port: int, log: str) -> int:
    path = folder / f"nginx-{port}.conf"
    path.write_text(_NGINX.format(folder=folder, port=port, log=log, http=http))
    stack.enter_context(running(["/usr/sbin/nginx", "-c", str(path), "-p", str(folder)], port, folder))
    return port


def _start_peer(stack: ExitStack, folder: Path, upstream: int) -> tuple[int, int]:
    port = free_port()
    path = folder / f"nginx-{port}.conf"
    http = _PEER.format(upstream=upstream, port=port)
    path.write_text(_NGINX.format(folder=folder, port=port, log=f"{folder}/access.log", http=http))
    return port, stack.enter_context(running(["/usr/sbin/nginx", "-c", str(path), "-p", str(folder)], port, folder))


def _start_strangler(stack: ExitStack, folder: Path, upstream: int) -> tuple[int, int]:
    port, control = free_port(), free_port()
    path = folder / "strangler.toml"
    routes = "".join(_ROUTE.format(number=number) for number in range(50))
    path.write_text(_CONFIG.format(port=port, control=control, upstream=upstream, routes=routes))
    command = [sys.executable, "-m", "strangler_proxy", "--config", str(path), "serve"]
    return port, stack.enter_context(running(command, port, folder))


def _start_usual(stack: ExitStack, folder: Path, upstream: int) -> tuple[int, int]:
    port = free_port()
    (folder / "usual.py").write_text(_USUAL.format(upstream=upstream))
    command = [sys.executable, "-m", "uvicorn", "usual:app", "--app-dir", str(folder), "--port", str(port)]
    return port, stack.enter_context(running(command, port, folder))


def main() -> int:
    """Print the table; 2 when a peer is not on this machine."""
    for program in ("wrk", "/usr/sbin/nginx"):
        if shutil.which(program) is None:
            print(
                f"benchmarks.proxy: {program} is not on this machine; on Debian: apt-get install wrk nginx-light",
                file=sys.stderr,
            )
            return 2
    print(f"GET of {BODY} bytes, {CONNECTIONS} connections, 50 routes, access log on, one worker each;")
    print(f"medians of {ROUNDS} interleaved rounds")
    print(f"{'':<20}{'req/s':>10}{'p50 ms':>10}{'p99 ms':>10}{'CPU µs/req':>12}{'to nginx':>10}")
    measured = measure()
    base = next(each.cpu for each in measured if each.name == "nginx")
    for each in measured:
        figures = f"{each.requests:>10.0f}{each.p50:>10.2f}{each.p99:>10.2f}{each.cpu:>12.1f}{each.cpu / base:>10.2f}"
        print(f"{each.name:<20}{figures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
