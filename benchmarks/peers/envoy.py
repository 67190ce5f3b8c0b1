"""Envoy."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

from benchmarks.peers.site import INSTALLED, Serving, Site
from benchmarks.processes import PROXY_CORES, free_port, running

__all__ = ["PROGRAM", "command", "config", "start"]

PROGRAM = str(INSTALLED / "envoy" / "_bin" / "envoy")

_HTTP = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_LOG = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
_LINE = (
    '{"time":"%START_TIME%","method":"%REQ(:METHOD)%","path":"%REQ(:PATH)%","status":%RESPONSE_CODE%,'
    '"upstream":"%UPSTREAM_CLUSTER%","ms":%DURATION%,"id":"%REQ(X-REQUEST-ID)%"}\n'
)


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _cluster(name: str, port: int) -> dict[str, Any]:
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "circuit_breakers": {
            "thresholds": [{"max_connections": 4096, "max_pending_requests": 4096, "max_requests": 4096}]
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}],
        },
    }


def config(site: Site, port: int) -> str:
    """Envoy's own file, as JSON: a prefix for each route."""
    action: dict[str, Any] = {"cluster": "candidate", "timeout": "0s"}
    if site.mirror:
        everything = {"default_value": {"numerator": 100}}
        action["request_mirror_policies"] = [{"cluster": "mirror", "runtime_fraction": everything}]
    routes = [{"match": {"prefix": prefix}, "route": action} for prefix in site.prefixes()]
    routes.append({"match": {"prefix": "/"}, "route": {"cluster": "monolith", "timeout": "0s"}})
    manager = {
        "@type": _HTTP,
        "stat_prefix": "customers",
        "codec_type": "HTTP1",
        "use_remote_address": True,
        "request_headers_timeout": "15s",
        "route_config": {"virtual_hosts": [{"name": "shop", "domains": ["*"], "routes": routes}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
        "access_log": [
            {
                "name": "file",
                "typed_config": {
                    "@type": _LOG,
                    "path": f"{site.folder}/access.log",
                    "log_format": {"text_format_source": {"inline_string": _LINE}},
                },
            }
        ],
    }
    listener = {
        "name": "customers",
        "address": _address(port),
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
    clusters = [_cluster("monolith", site.upstream), _cluster("candidate", site.upstream)]
    if site.mirror:
        clusters.append(_cluster("mirror", site.mirror))
    return json.dumps({"static_resources": {"listeners": [listener], "clusters": clusters}}, indent=1)


def command(site: Site, port: int) -> list[str]:
    """What starts it; the configuration is written first."""
    path = site.folder / "envoy.json"
    path.write_text(config(site, port))
    return [
        *(PROGRAM, "-c", str(path), "--concurrency", str(site.workers)),
        *("--disable-hot-restart", "--log-level", "error"),
    ]


def start(stack: ExitStack, site: Site) -> Serving:
    """Run it until the stack closes."""
    port = free_port()
    pid = stack.enter_context(running(command(site, port), port, site.folder, cores=PROXY_CORES))
    return Serving("Envoy", port, pid)
