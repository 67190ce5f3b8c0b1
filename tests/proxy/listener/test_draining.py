"""What a worker that is to end waits for, and for how long."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace

import pytest

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import Connection, Proxy, config
from tests.waiting import until

UPGRADE = b"GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
GET = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"


def never(connection: Connection) -> None:
    """An upstream that opens tunnels and echoes in them, and answers nothing else."""
    if b"Upgrade: websocket" in connection.head():
        connection.send(SWITCHED)
        connection.send(b"echo " + connection.exactly(4))
    connection.rest()


@pytest.mark.parametrize(("drain", "tunnel"), [(0.2, 60.0), (60.0, 0.2)])
def test_answers_and_tunnels_each_have_a_time_of_their_own(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, drain: float, tunnel: float
) -> None:
    upstream = make_upstream(never)
    proxy = make_proxy(replace(config(upstream.port), drain_timeout=drain, tunnel_grace=tunnel))
    with proxy.client() as waiting, proxy.client() as tunnelled:
        waiting.send(GET)
        tunnelled.send(UPGRADE)
        assert tunnelled.head().startswith(b"HTTP/1.1 101 ")
        until(lambda: len(upstream.connections) == 2)
        draining = Draining(proxy)
        short, long = (waiting, tunnelled) if drain < tunnel else (tunnelled, waiting)
        short.socket.settimeout(20)
        try:
            assert short.socket.recv(1) == b""
        except ConnectionResetError:
            assert short is waiting
        assert not draining.over.is_set()
        if long is tunnelled:
            tunnelled.send(b"ping")
            assert tunnelled.exactly(9) == b"echo ping"
    assert draining.over.wait(20)


class Draining:
    """A worker's end, under way in its own loop."""

    def __init__(self, proxy: Proxy) -> None:
        self.over = threading.Event()
        done = asyncio.run_coroutine_threadsafe(proxy.worker.drain(), proxy.loop)
        done.add_done_callback(lambda _: self.over.set())
        self.began = time.monotonic()
