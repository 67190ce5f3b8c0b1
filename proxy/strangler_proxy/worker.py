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
from strangler_proxy.door import Door, raise_descriptor_limit
from strangler_proxy.gateway import Gateway
from strangler_proxy.life import LEAVING, SERVING, Tie, beat, go_or_stop
from strangler_proxy.link import ControlLink
from strangler_proxy.listener import Listener
from strangler_proxy.listener_tls import listener_context
from strangler_proxy.priority import answer_soon
from strangler_proxy.proxied_line import ProxiedLine
from strangler_proxy.report import Report
from strangler_proxy.secret import keep_secret
from strangler_proxy.shadow.outlet import Outlet
from strangler_proxy.state import StateDir
from strangler_proxy.subject import Subjects, load_or_create_key
from strangler_proxy.tracing import Tracer
from strangler_proxy.vouch_secret import vouch_secret

__all__ = ["Worker", "event_loop", "run"]

# Exchanges leave no cycles behind, so the garbage collector is called seldom.
_COLLECTOR: Final = (20_000, 20, 50)


def event_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the event loop: uvloop's where there is one, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


class Worker:
    """Serves on `sockets` from `start` until `drain`, inside a running event loop.

    `door` counts who was not let in. Raises ListenerTlsError where certificate and key cannot be used.
    """

    def __init__(
        self, config: Config, subjects: Subjects, *, log: AccessLog | None = None, tracer: Tracer | None = None
    ) -> None:
        self.gateway = Gateway(config, subjects, asyncio.get_running_loop(), log=log, tracer=tracer)
        gateway = self.gateway
        self.door = Door(config.limits, config.trusted_proxies, gateway.clients, gateway.loop.time)
        tls = None if config.tls is None else listener_context(config.tls)
        self._listener = Listener(gateway, self.door, tls)

    async def start(self, sockets: Sequence[socket]) -> None:
        """Accept connections."""
        self.gateway.start()
        self._listener.start(sockets)

    def stop_accepting(self) -> None:
        """Let in who is queued, and accept no more; whoever comes then waits for those who share the sockets."""
        self._listener.stop()

    async def drain(self, grace: float | None = None) -> None:
        """Accept no more, let what is under way end, then close what is left.

        Answers have the configuration's `drain_timeout`, tunnels its `tunnel_grace`; with `grace` both have that.
        """
        self.stop_accepting()
        config = self.gateway.config
        # Who was accepted and is not yet through would be forgotten.
        await self._listener.settle(
            min(config.limits.handshake_timeout, config.drain_timeout if grace is None else grace)
        )
        gateway = self.gateway
        began = gateway.loop.time()
        gateway.drain()
        limits = (
            {False: config.drain_timeout, True: config.tunnel_grace}
            if grace is None
            else dict.fromkeys((False, True), grace)
        )
        for tunnels, seconds in sorted(limits.items(), key=lambda each: each[1]):
            with suppress(TimeoutError):
                await asyncio.wait_for(gateway.drained.wait(), max(began + seconds - gateway.loop.time(), 0))
            for client in list(gateway.clients):
                exchange = client.exchange
                if tunnels == (exchange is not None and exchange.tunnelled):
                    client.ran_out_of_time() if tunnels else client.abort()
        gateway.stop()
        # Closed connections are let go of in the loop's next turn.
        await asyncio.sleep(0)


def run(
    slot: int, config: Config, sockets: list[socket], state: Path, tie: Tie, comparers: Sequence[Path] = ()
) -> None:
    """Be the worker in `slot`: serve on `sockets` by the newest snapshot known, until SIGTERM, then drain and return.

    `state` is the state folder. The control plane need not be there, then or ever. `tie` is told how far this worker
    is, and says when it may begin. `comparers` are the Unix sockets of those who are told what is unequal.
    """
    # An interrupt from the terminal reaches the whole process group; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answer_soon()
    with asyncio.Runner(loop_factory=event_loop()) as runner:
        runner.run(_serve(slot, config, sockets, StateDir(state), tie, comparers))


async def _serve(
    slot: int, config: Config, sockets: list[socket], state: StateDir, tie: Tie, comparers: Sequence[Path]
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    raise_descriptor_limit(config.limits.connections)
    log = AccessLog(
        sys.stdout.fileno() if config.access_log else None, config.access_log_sample, config.access_log_slow
    )
    tracer = None
    if config.tracing.endpoint:
        # Imported only where it is asked for: it is an extra, and takes its time and memory.
        from strangler_proxy.span_export import tracer_to

        tracer = tracer_to(config)
    subjects = Subjects(load_or_create_key(state.subject_key), config.subject)
    worker = Worker(config, subjects, log=log, tracer=tracer)
    gateway = worker.gateway
    shadow = gateway.shadow
    shadow.visitors.key = keep_secret(state.redaction_key).encode()
    gateway.be_known(ProxiedLine(vouch_secret(config)))
    if comparers:
        shadow.outlet = Outlet(comparers, loop)
        # Of a file there is one writer.
        gateway.recorder.tell(comparers[0])
    report = Report(gateway, worker.door.counts)
    vouching = gateway.vouching
    link = ControlLink(
        state.socket,
        slot,
        state.path,
        gateway.put_into_force,
        gateway.counts.take,
        config=config.digest,
        take_measures=report.take,
        take_evidence=shadow.take,
        untold=shadow.untold,
        on_forgotten=(lambda _: None) if vouching is None else vouching.forgotten,
        on_order=gateway.record,
        on_testers=subjects.testers.revoke,
    )
    if vouching is not None:
        vouching.tell = link.forget
    link.load_snapshot()
    subjects.testers.revoke(state.read_testers())
    # What is there now stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTOR)
    if not await go_or_stop(tie, stop):
        return
    # It may have moved while this worker was waiting.
    link.load_snapshot()
    await worker.start(sockets)
    report.start()
    linked = asyncio.create_task(link.run())
    beating = asyncio.create_task(beat(tie))
    tie.say(SERVING)
    await stop.wait()
    worker.stop_accepting()
    tie.say(LEAVING)
    link.leave()
    await worker.drain()
    # Cancelled only now, so that the last answers are counted too.
    for task in (linked, beating):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    report.stop()
