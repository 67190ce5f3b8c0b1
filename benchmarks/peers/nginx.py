"""nginx as a proxy."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.peers.site import CONNECTIONS, Serving, Site
from benchmarks.processes import PROXY_CORES, free_port, running

__all__ = ["PROGRAM", "config", "start"]

PROGRAM = "/usr/sbin/nginx"

_CONFIG = """
daemon off; worker_processes {workers}; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  log_format line escape=json '{{"time":"$time_iso8601","method":"$request_method","path":"$uri","status":$status,'
    '"upstream":"$upstream_addr","seconds":$request_time}}';
  access_log {folder}/access.log line buffer=64k flush=1s;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000; client_max_body_size 0;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Request-Id $request_id;
  proxy_pass_header Server; proxy_pass_header Date;
  upstream monolith {{ server 127.0.0.1:{upstream}; keepalive {connections}; keepalive_requests 1000000000; }}
  upstream candidate {{ server 127.0.0.1:{upstream}; keepalive {connections}; keepalive_requests 1000000000; }}
{mirrored}  server {{
    listen 127.0.0.1:{port} backlog=4096;
{locations}
    location / {{ proxy_pass http://monolith; {streams} }}
  }}
}}
"""
_MIRRORED = (
    "  upstream mirrored {{ server 127.0.0.1:{mirror}; keepalive {connections}; keepalive_requests 1000000000; }}\n"
)
# The copy's body is sent along, so that a POST can be copied.
_MIRROR = "    location = /mirrored { internal; proxy_pass http://mirrored$request_uri; }"
# Large bodies pass through as they come, as they do through the others: by default nginx would write them to disk.
_STREAMS = "proxy_request_buffering off; proxy_max_temp_file_size 0;"


def config(site: Site, port: int) -> str:
    """nginx's own file: a location for each route."""
    # With copies the body is read whole first, whatever is asked for.
    extra = "mirror /mirrored;" if site.mirror else _STREAMS
    locations = [f"    location {each} {{ proxy_pass http://candidate; {extra} }}" for each in site.prefixes()]
    if site.mirror:
        locations.append(_MIRROR)
    return _CONFIG.format(
        mirrored=_MIRRORED.format(mirror=site.mirror, connections=CONNECTIONS) if site.mirror else "",
        workers=site.workers,
        folder=site.folder,
        upstream=site.upstream,
        connections=CONNECTIONS,
        port=port,
        locations="\n".join(locations),
        streams=_STREAMS,
    )


def start(stack: ExitStack, site: Site, *, name: str = "nginx", cores: frozenset[int] | None = PROXY_CORES) -> Serving:
    """Run it until the stack closes."""
    port = free_port()
    path = site.folder / "nginx.conf"
    path.write_text(config(site, port))
    command = [PROGRAM, "-c", str(path), "-p", str(site.folder), "-e", "stderr"]
    return Serving(name, port, stack.enter_context(running(command, port, site.folder, cores=cores)))
