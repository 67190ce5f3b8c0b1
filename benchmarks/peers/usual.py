"""The usual Python way: a Starlette application that asks with httpx, under uvicorn with uvloop and httptools."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from benchmarks.peers.site import CONNECTIONS, Serving, Site
from benchmarks.processes import PROXY_CORES, free_port, running

__all__ = ["program", "start"]

_PROGRAM = """
import httpx
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
HOP_BY_HOP = {{b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"}}
limits = httpx.Limits(max_connections={connections}, max_keepalive_connections={connections})
client = httpx.AsyncClient(base_url="http://127.0.0.1:{upstream}", limits=limits, timeout=60)
async def forward(request):
    headers = [(name, value) for name, value in request.headers.raw if name not in HOP_BY_HOP]
    headers.append((b"x-forwarded-for", request.client.host.encode()))
    body = request.stream() if request.method == "POST" else None
    asked = client.build_request(request.method, request.url.path, headers=headers, content=body)
    answer = await client.send(asked, stream=True)
    said = StreamingResponse(answer.aiter_raw(), answer.status_code)
    said.raw_headers = [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in HOP_BY_HOP]
    said.background = None
    return said
app = Starlette(routes=[Route("/{{path:path}}", forward, methods=["GET", "POST"])])
"""


def program(site: Site) -> str:
    """The application's source."""
    return _PROGRAM.format(upstream=site.upstream, connections=CONNECTIONS)


def start(stack: ExitStack, site: Site) -> Serving:
    """Run it until the stack closes."""
    port = free_port()
    (site.folder / "usual.py").write_text(program(site))
    command = [sys.executable, "-m", "uvicorn", "usual:app", "--app-dir", str(site.folder), "--port", str(port)]
    pid = stack.enter_context(running(command, port, site.folder, cores=PROXY_CORES))
    return Serving("Starlette + httpx", port, pid)
