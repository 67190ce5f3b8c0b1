"""Caddy."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.peers.site import CONNECTIONS, INSTALLED, Serving, Site
from benchmarks.processes import PROXY_CORES, free_port, running

__all__ = ["PROGRAM", "config", "environment", "start"]

PROGRAM = str(INSTALLED / "bin" / "caddy")

_CONFIG = """{{
	admin off
	auto_https off
	persist_config off
}}
(pass) {{
	reverse_proxy 127.0.0.1:{upstream} {{
		header_up X-Request-Id {{http.request.uuid}}
		transport http {{
			keepalive_idle_conns_per_host {connections}
			compression off
		}}
	}}
}}
http://:{port} {{
	bind 127.0.0.1
	log {{
		output file {folder}/access.log {{
			roll_disabled
		}}
		format filter {{
			wrap json
			fields {{
				request>headers delete
				resp_headers delete
			}}
		}}
	}}
{routes}
	handle {{
		import pass
	}}
}}
"""
_ROUTE = """	handle {prefix}* {{
		import pass
	}}
"""


def config(site: Site, port: int) -> str:
    """Caddy's own file: a `handle` for each route. Its access log leaves the headers out, as the others do."""
    return _CONFIG.format(
        upstream=site.upstream,
        connections=CONNECTIONS,
        port=port,
        folder=site.folder,
        routes="".join(_ROUTE.format(prefix=prefix) for prefix in site.prefixes()),
    )


def environment(site: Site) -> dict[str, str]:
    """As many threads of Go at work as there are workers; its files stay in the folder."""
    return {
        "GOMAXPROCS": str(site.workers),
        "XDG_DATA_HOME": str(site.folder),
        "XDG_CONFIG_HOME": str(site.folder),
        "HOME": str(site.folder),
    }


def start(stack: ExitStack, site: Site) -> Serving:
    """Run it until the stack closes."""
    port = free_port()
    path = site.folder / "Caddyfile"
    path.write_text(config(site, port))
    command = [PROGRAM, "run", "--config", str(path), "--adapter", "caddyfile"]
    pid = stack.enter_context(running(command, port, site.folder, environment(site), cores=PROXY_CORES))
    return Serving("Caddy", port, pid)
