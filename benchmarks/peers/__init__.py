"""The proxies that are measured side by side, with the same care for each.

Every peer has one worker, the same routes, keep-alive to the same upstream, and an access log in a file with method,
path, status, duration and upstream.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.peers import caddy, envoy, haproxy, nginx, strangler, usual
from benchmarks.peers.compiled import compiled_packages
from benchmarks.peers.site import Serving, Site

__all__ = ["missing", "start_peers"]


def missing() -> list[str]:
    """The programs of the peers that are not on this machine."""
    programs = (nginx.PROGRAM, haproxy.PROGRAM, envoy.PROGRAM, caddy.PROGRAM)
    return [program for program in programs if not Path(program).exists()]


def start_peers(stack: ExitStack, site: Site, names: Sequence[str] = ()) -> list[Serving]:
    """Start them, each in a folder of its own, until the stack closes; with `names` only those."""
    starts = {
        strangler.NAME: strangler.start,
        "nginx": nginx.start,
        "HAProxy": haproxy.start,
        "Envoy": envoy.start,
        "Caddy": caddy.start,
        "Starlette + httpx": usual.start,
    }
    serving = []
    for name, start in starts.items():
        if names and name not in names:
            continue
        serving.append(start(stack, site.within(name.replace(" ", "-"))))
        if name == strangler.NAME and (packages := compiled_packages()):
            compiled = site.within("compiled")
            serving.append(strangler.start(stack, compiled, name=strangler.COMPILED, packages=packages))
    return serving
