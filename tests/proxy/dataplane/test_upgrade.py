"""Upgraded connections are tunnels: bytes both ways as they come, each direction with an end of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.sync.client import connect

from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import Connection, answer, config, route, snapshot
from tests.waiting import until

ASK = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-A: b\r\n\r\n"


def echo(connection: Connection) -> None:
    assert b"\r\nConnection: Upgrade\r\nUpgrade: echo\r\n" in connection.head()
    connection.send(SWITCH)
    while True:
        data = connection.socket.recv(65536)
        if not data:
            connection.send(b"bye")
            return
        connection.send(data)


def test_an_upgrade_becomes_a_tunnel_with_half_close(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    proxy = make_proxy(config(make_upstream(echo).port))
    with proxy.client() as client:
        client.send(ASK)
        head = client.head()
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\nX-A: b\r\n")
        assert b"\r\nUpgrade: echo\r\n" in head
        assert b"\r\nConnection: Upgrade\r\n" in head
        client.send(b"\x00\xff\r\n\r\nGET /")
        assert client.exactly(11) == b"\x00\xff\r\n\r\nGET /"
        client.half_close()
        assert client.rest() == b"bye"
    until(lambda: not proxy.worker.gateway.clients)
    assert proxy.log()[0]["status"] == 101


def test_the_upstream_may_end_its_direction_first(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    def speak_first(connection: Connection) -> None:
        connection.head()
        connection.send(SWITCH + b"hello")
        connection.half_close()
        assert connection.rest() == b"still here"

    upstream = make_upstream(speak_first)
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        client.send(ASK)
        client.head()
        assert client.rest() == b"hello"
        client.send(b"still here")
        client.half_close()
        until(lambda: not proxy.worker.gateway.clients)


def test_bytes_sent_before_the_switch_are_not_lost(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    proxy = make_proxy(config(make_upstream(echo).port))
    with proxy.client() as client:
        client.send(ASK + b"early")
        client.head()
        assert client.exactly(5) == b"early"


@pytest.mark.parametrize("leaves", ["client", "upstream"])
def test_when_one_end_is_reset_the_other_is_closed(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, leaves: str
) -> None:
    def serve_one(connection: Connection) -> None:
        connection.head()
        connection.send(SWITCH)
        connection.exactly(1)
        if leaves == "upstream":
            connection.reset()
        else:
            connection.rest()

    upstream = make_upstream(serve_one)
    proxy = make_proxy(config(upstream.port))
    client = proxy.client()
    client.send(ASK)
    client.head()
    client.send(b"x")
    if leaves == "client":
        client.reset()
    else:
        assert client.ended()
        client.close()
    until(lambda: not proxy.worker.gateway.clients)
    until(lambda: upstream.connections[0].socket.fileno() < 0)


def test_a_large_transfer_passes_a_tunnel_whole(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    proxy = make_proxy(config(make_upstream(echo).port))
    data = bytes(range(256)) * 40_000
    with proxy.client() as client:
        client.send(ASK)
        client.head()
        sending = threading.Thread(target=client.send, args=(data,))
        sending.start()
        assert client.exactly(len(data)) == data
        sending.join()


def test_a_refused_upgrade_is_an_ordinary_answer(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    upstream = make_upstream(answer(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno"))
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        for _ in range(2):
            assert client.ask(ASK)[1] == b"no"


def test_an_upgrade_that_nobody_asked_for_is_refused(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    proxy = make_proxy(config(make_upstream(answer(SWITCH)).port))
    head, _ = proxy.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 502 ")


def test_an_upgrade_to_another_protocol_than_asked_is_refused(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    proxy = make_proxy(config(make_upstream(answer(SWITCH.replace(b"echo", b"other"))).port))
    assert proxy.ask(ASK)[0].startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize(
    "fields",
    [
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
        b"Upgrade: websocket\r\n",
        b"Connection: Upgrade\r\n",
    ],
)
def test_what_is_no_upgrade_is_passed_on_without_one(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, fields: bytes
) -> None:
    upstream = make_upstream()
    assert make_proxy(config(upstream.port)).ask(b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n")[1] == b"ok"
    assert b"pgrade" not in upstream.received
    assert b"HTTP2" not in upstream.received


def test_a_candidates_tunnel_falls_back_when_it_refuses_the_connection(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    gone = make_upstream()
    gone.close()
    routes = (route("chat.ws", "/ws"),)
    proxy = make_proxy(config(make_upstream(echo).port, gone.port, routes=routes), snapshot(Stage.EXTRACTED, "chat.ws"))
    with proxy.client() as client:
        client.send(ASK)
        assert client.head().startswith(b"HTTP/1.1 101 ")


@contextmanager
def websocket_echo() -> Iterator[int]:
    started = threading.Event()
    port = [0]
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def each(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async def main() -> None:
        async with serve(each, "127.0.0.1", 0) as server:
            port[0] = next(iter(server.sockets)).getsockname()[1]
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
    thread.start()
    assert started.wait(10)
    try:
        yield port[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def test_a_websocket_echoes_text_and_large_binary_messages(make_proxy: MakeProxy) -> None:
    with websocket_echo() as port:
        proxy = make_proxy(config(port))
        with connect(f"ws://127.0.0.1:{proxy.port}/chat?room=1", proxy=None, max_size=None) as socket:
            for message in ("hello", "ü" * 1000, b"\x00" * 500_000):
                socket.send(message)
                assert socket.recv() == message
        until(lambda: not proxy.worker.gateway.clients)
