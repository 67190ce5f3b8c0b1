"""A worker: the process that serves customers on the listening sockets it is given."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from socket import socket
from typing import Final

from strangler_proxy.access_log import AccessLog
from strangler_proxy.config import Config
from strangler_proxy.downstream import ClientConnection
from strangler_proxy.gateway import Gateway
from strangler_proxy.link import ControlLink
from strangler_proxy.state import StateDir
from strangler_proxy.subject import Subjects, load_or_create_key

__all__ = ["GRACE", "Worker", "event_loop", "run"]

# How long a worker that was told to stop waits for the answers under way.
GRACE: Final = 10.0
# Exchanges leave no cycles behind, so the garbage collector is called seldom.
_COLLECTOR: Final = (20_000, 20, 50)
_BACKLOG: Final = 2048


def event_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the event loop: uvloop's where there is one, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


class Worker:
    """Serves on `sockets` from `start` until `drain`, inside a running event loop."""

    def __init__(self, config: Config, subjects: Subjects, *, log: AccessLog | None = None) -> None:
        self.gateway = Gateway(config, subjects, asyncio.get_running_loop(), log=log)
        self._servers: list[asyncio.Server] = []

    async def start(self, sockets: Sequence[socket]) -> None:
        """Accept connections."""
        gateway = self.gateway
        gateway.start()
        for each in sockets:
            each.setblocking(False)
            self._servers.append(
                await gateway.loop.create_server(lambda: ClientConnection(gateway), sock=each, backlog=_BACKLOG)
            )

    def stop_accepting(self) -> None:
        """Accept no more; connections that are queued wait for whoever shares the sockets."""
        for server in self._servers:
            server.close()
        self._servers.clear()

    async def drain(self, grace: float = GRACE) -> None:
        """Accept no more, let the answers under way end within `grace` seconds, then close what is left."""
        self.stop_accepting()
        self.gateway.drain()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.gateway.drained.wait(), grace)
        self.gateway.stop()
        # Closed connections are let go of in the loop's next turn.
        await asyncio.sleep(0)


def run(
    slot: int, config: Config, sockets: list[socket], state: Path, leaving: Callable[[], None] = lambda: None
) -> None:
    """Be the worker in `slot`: serve on `sockets` by the newest snapshot known, until SIGTERM, then drain and return.

    `state` is the state folder. The control plane need not be there, then or ever. `leaving` is called once it accepts
    no more, before it drains.
    """
    # An interrupt from the terminal reaches the whole process group; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with asyncio.Runner(loop_factory=event_loop()) as runner:
        runner.run(_serve(slot, config, sockets, StateDir(state), leaving))


async def _serve(
    slot: int, config: Config, sockets: list[socket], state: StateDir, leaving: Callable[[], None]
) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    log = AccessLog(sys.stdout.fileno() if config.access_log else None)
    worker = Worker(config, Subjects(load_or_create_key(state.subject_key), config.subject), log=log)
    gateway = worker.gateway
    link = ControlLink(
        state.socket, slot, state.path, gateway.put_into_force, gateway.counts.take, config=config.digest
    )
    link.load_snapshot()
    # What is there now stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTOR)
    await worker.start(sockets)
    linked = asyncio.create_task(link.run())
    await stop.wait()
    worker.stop_accepting()
    leaving()
    await worker.drain()
    # Cancelled only now, so that the last answers are counted too.
    linked.cancel()
    with suppress(asyncio.CancelledError):
        await linked
