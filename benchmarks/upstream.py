"""What stands behind every peer: nginx answering from memory, in C so that it is not what is measured."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from benchmarks.peers import nginx
from benchmarks.peers.site import Serving
from benchmarks.processes import LOAD_CORES, free_port, running
from benchmarks.traffic import GETS, ORDERS

__all__ = ["start_upstream", "upstream_config"]

# The answers carry what Django's carry. The body of a POST is read whole before the answer, as an application does:
# `mirror` reads it, and the static files that follow refuse a POST, which `error_page` turns into the answer.
_CONFIG = """
daemon off; worker_processes 1; pid {folder}/upstream.pid; error_log {folder}/upstream-error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; root {folder};
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; client_max_body_size 0;
  client_body_buffer_size 64k; default_type application/json;
  open_file_cache max=100 inactive=1h; open_file_cache_valid 1h; sendfile on; server_tokens off;
  add_header Vary "Accept, Cookie" always; add_header Allow "GET, POST, HEAD, OPTIONS" always;
  add_header X-Frame-Options DENY always; add_header X-Content-Type-Options nosniff always;
  add_header Referrer-Policy same-origin always; add_header Cross-Origin-Opener-Policy same-origin always;
  {own}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
{locations}
    location ~ /{orders}/ {{ mirror /read; log_not_found off; error_page 404 405 =200 @made; }}
    location = /read {{ internal; return 204; }}
    location @made {{ return 200 "{one}"; }}
    location / {{ return 200 "{one}"; }}
  }}
}}
"""


def upstream_config(folder: Path, port: int, *, alike: bool = False) -> str:
    """nginx's file: for each kind of request an answer of its size, made up of what differs and of filling. `alike`
    is for two that answer the same request with the same bytes."""
    one = "${request_uri}" + "x" * (1024 - 32) if alike else "${request_id}" + "x" * (1024 - 32)
    locations = [f'    location ~ /{GETS[1].name}/ {{ return 200 "{one}"; }}']
    for size in (10, 100):
        name = GETS[size].name
        (folder / f"{name}.json").write_bytes(b"y" * GETS[size].answered)
        locations.append(f"    location ~ /{name}/ {{ rewrite ^ /{name}.json break; }}")
    own = "" if alike else "add_header X-Trace $request_id always;"
    return _CONFIG.format(
        folder=folder, port=port, locations="\n".join(locations), orders=ORDERS.name, one=one, own=own
    )


def start_upstream(
    stack: ExitStack, folder: Path, *, alike: bool = False, cores: frozenset[int] | None = LOAD_CORES
) -> Serving:
    """Start it until the stack closes."""
    port = free_port()
    path = folder / "upstream.conf"
    path.write_text(upstream_config(folder, port, alike=alike))
    command = [nginx.PROGRAM, "-c", str(path), "-p", str(folder), "-e", "stderr"]
    return Serving("no proxy", port, stack.enter_context(running(command, port, folder, cores=cores)))
