"""The control plane's process."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from types import FrameType

import uvicorn

from strangler_proxy.config.values import Config
from strangler_proxy.control.app import app
from strangler_proxy.control.plane import ControlPlane
from strangler_proxy.life import SERVING, Tie
from strangler_proxy.secret import keep_secret, token_from
from strangler_proxy.state import StateDir
from strangler_proxy.store import open_evidence, open_store

__all__ = ["run"]

_log = logging.getLogger("strangler.control")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, plane: ControlPlane, tie: Tie) -> None:
        super().__init__(config)
        self._plane = plane
        self._tie = tie
        self._loop = asyncio.get_running_loop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
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
    state = StateDir.of(config)
    state.create()
    token = token_from(os.environ) or keep_secret(state.token)
    plane = ControlPlane(config, open_store(config), state, open_evidence(config))
    tie.wait_for_go()
    _log.info("control plane of %s, state in %s", config.path, state.path)
    asyncio.run(_serve(plane, token, listening, tie))
    _log.info("ended at revision %d", plane.snapshot.revision)


async def _serve(plane: ControlPlane, token: str, listening: list[socket.socket], tie: Tie) -> None:
    settings = uvicorn.Config(
        app(plane, token),
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
    )
    server = _Server(settings, plane, tie)
    await server.serve(sockets=listening)
    if not server.started:
        raise SystemExit(1)
