"""The control plane's process."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
from types import FrameType
from typing import Final

import uvicorn

from strangler_proxy.config.values import Config
from strangler_proxy.control.activation import Activation
from strangler_proxy.control.app import app
from strangler_proxy.control.bootstrap import Bootstrap
from strangler_proxy.control.notifying import notifier_of
from strangler_proxy.control.plane import ControlPlane
from strangler_proxy.control.replicas import replica_name
from strangler_proxy.control.upstreams import upstream_rows
from strangler_proxy.gates.headers import require_headers
from strangler_proxy.heaps import share_heaps
from strangler_proxy.life import SERVING, Tie
from strangler_proxy.listener_tls import listener_context
from strangler_proxy.priority import interrupt_nobody
from strangler_proxy.state import StateDir
from strangler_proxy.store import open_documents, open_evidence, open_store

__all__ = ["run", "settings_of"]

# A request's line and headers together.
_HEAD_LIMIT: Final = 32 * 1024

_log = logging.getLogger("strangler.control")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, plane: ControlPlane, tie: Tie) -> None:
        super().__init__(config)
        self._plane = plane
        self._tie = tie
        self._loop = asyncio.get_running_loop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is there now stays. To look through all of it again and again would hold up whoever waits for a move.
        gc.collect()
        gc.freeze()
        if self.started:
            self._tie.say(SERVING)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Who waits for news would otherwise hold up the end for a minute.
        self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self._plane.close_waits()))
        super().handle_exit(sig, frame)


def run(config: Config, listening: list[socket.socket], tie: Tie) -> None:
    """Serve the control plane on `listening` until SIGTERM. Raises StranglerError when it cannot start.

    `tie` is told how far it is, and says when it may begin: at a reload, once its predecessor has ended.
    """
    share_heaps()
    interrupt_nobody()
    state = StateDir.of(config)
    state.create()
    bootstrap = Bootstrap.of(state.token, os.environ)
    notifier = notifier_of(config, os.environ, replica_name(config))
    require_headers(config, os.environ)
    stores = open_store(config), state, open_evidence(config), open_documents(config)
    plane = ControlPlane(config, *stores, notifier)
    plane.checks.append(Activation(config, lambda: upstream_rows(config.upstreams, plane.workers)))
    tie.wait_for_go()
    _log.info("control plane of %s, state in %s", config.path, state.path)
    asyncio.run(_serve(plane, bootstrap, listening, tie))
    _log.info("ended at revision %d", plane.snapshot.revision)


def settings_of(plane: ControlPlane, bootstrap: Bootstrap) -> uvicorn.Config:
    """How the control API is served, by TLS where the configuration says so. Raises ListenerTlsError."""
    settings = uvicorn.Config(
        app(plane, bootstrap),
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=512,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=_HEAD_LIMIT,
    )
    if plane.config.control_tls is not None:
        settings.load()
        settings.ssl = listener_context(plane.config.control_tls)
    return settings


async def _serve(plane: ControlPlane, bootstrap: Bootstrap, listening: list[socket.socket], tie: Tie) -> None:
    server = _Server(settings_of(plane, bootstrap), plane, tie)
    await server.serve(sockets=listening)
    if not server.started:
        raise SystemExit(1)
