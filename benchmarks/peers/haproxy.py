"""HAProxy."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.peers.site import CONNECTIONS, Serving, Site
from benchmarks.processes import PROXY_CORES, free_port, running

__all__ = ["PROGRAM", "config", "start"]

PROGRAM = "/usr/sbin/haproxy"

# What it logs to standard output is in a file: `running` sees to that.
_CONFIG = """
global
  nbthread {workers}
  maxconn 8192
  log stdout format raw daemon
  tune.pool-high-fd-ratio 90
  tune.pool-low-fd-ratio 80

defaults
  mode http
  timeout connect 2s
  timeout client 75s
  timeout server 60s
  timeout http-request 15s
  log global
  log-format '{{"time":"%tr","method":"%HM","path":"%HP","status":%ST,"route":"%b","upstream":"%s","ms":%Ta}}'
  http-reuse always

frontend customers
  bind 127.0.0.1:{port} backlog 4096
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  use_backend %[path,map_beg({routes},monolith)]

backend monolith
  server one 127.0.0.1:{upstream} pool-max-conn {connections}

backend candidate
  server one 127.0.0.1:{upstream} pool-max-conn {connections}
"""


def config(site: Site, port: int) -> str:
    """HAProxy's own file; the routes are a map of prefixes beside it, which this writes."""
    routes = site.folder / "routes.map"
    routes.write_text("".join(f"{prefix} candidate\n" for prefix in site.prefixes()))
    return _CONFIG.format(
        workers=site.workers, port=port, routes=routes, upstream=site.upstream, connections=CONNECTIONS
    )


def start(stack: ExitStack, site: Site) -> Serving:
    """Run it until the stack closes."""
    port = free_port()
    path = site.folder / "haproxy.cfg"
    path.write_text(config(site, port))
    pid = stack.enter_context(running([PROGRAM, "-f", str(path)], port, site.folder, cores=PROXY_CORES))
    return Serving("HAProxy", port, pid)
