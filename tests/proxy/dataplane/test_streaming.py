"""Bodies stream both ways: the first byte at once, no more held than the slower side can be behind."""

from __future__ import annotations

import os
import socket
import threading

import pytest
from strangler_proxy.config import Limits

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import OK, Connection, Proxy, config
from tests.waiting import until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
# What the proxy holds (two high-water marks and a read) beside what the kernel's socket buffers take.
HELD = 1024 * 1024


def test_the_first_event_arrives_before_the_upstream_ends(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    seen = threading.Event()

    def events(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send(b"9\r\ndata: 1\n\n\r\n")
        assert seen.wait(10)
        connection.send(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    proxy = make_proxy(config(make_upstream(events).port))
    with proxy.client() as client:
        client.send(GET)
        client.head()
        assert client.until(b"data: 1\n\n\r\n") == b"9\r\ndata: 1\n\n\r\n"
        seen.set()
        assert client.until(b"0\r\n\r\n") == b"9\r\ndata: 2\n\n\r\n0\r\n\r\n"


def test_the_head_arrives_before_the_body(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    seen = threading.Event()

    def slow(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
        assert seen.wait(10)
        connection.send(b"x")

    proxy = make_proxy(config(make_upstream(slow).port))
    with proxy.client() as client:
        client.send(GET)
        assert client.head().startswith(b"HTTP/1.1 200 OK\r\n")
        seen.set()
        assert client.exactly(1) == b"x"


def test_a_body_reaches_the_upstream_as_it_comes(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    seen = threading.Event()

    def reading(connection: Connection) -> None:
        connection.head()
        connection.exactly(1)
        seen.set()
        connection.exactly(1)
        connection.send(OK)

    proxy = make_proxy(config(make_upstream(reading).port))
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
        assert seen.wait(10)
        client.send(b"b")
        assert client.response()[1] == b"ok"


def test_a_slow_reader_holds_the_upstream_back(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    size = 32 * 1024 * 1024
    sent = [0]

    def flood(connection: Connection) -> None:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        piece = b"x" * 65536
        while sent[0] < size:
            connection.send(piece)
            sent[0] += len(piece)

    proxy = make_proxy(config(make_upstream(flood).port))
    with proxy.client(receive_buffer=65536) as client:
        client.send(GET)
        client.head()
        gateway = proxy.worker.gateway
        until(lambda: proxy.call(lambda: any(each.writing_paused for each in gateway.clients)))
        buffered = proxy.call(lambda: sum(each.transport.get_write_buffer_size() for each in gateway.clients))
        assert buffered < HELD
        assert sent[0] < size
        assert len(client.exactly(size)) == size


def test_a_slow_upstream_holds_the_client_back(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    size = 32 * 1024 * 1024
    go_on = threading.Event()

    def slow(connection: Connection) -> None:
        connection.head()
        assert go_on.wait(10)
        connection.remembers = False
        left = size
        while left:
            left -= len(connection.exactly(min(left, 1 << 20)))
        connection.send(OK)

    proxy = make_proxy(config(make_upstream(slow).port))
    sent = [0]
    with proxy.client() as client:

        def upload() -> None:
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
            piece = b"x" * 65536
            while sent[0] < size:
                client.send(piece)
                sent[0] += len(piece)

        uploading = threading.Thread(target=upload)
        uploading.start()
        gateway = proxy.worker.gateway
        until(lambda: proxy.call(lambda: any(each._reading_paused for each in gateway.clients)))
        assert sent[0] < size
        go_on.set()
        assert client.response()[1] == b"ok"
        uploading.join()


def test_a_client_that_takes_nothing_for_too_long_is_let_go(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    def flood(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while True:
            connection.send(b"x" * 65536)

    upstream = make_upstream(flood)
    proxy = make_proxy(config(upstream.port, limits=Limits(body_timeout=0.3)))
    with proxy.client(receive_buffer=65536) as client:
        client.send(GET)
        until(lambda: upstream.connections and upstream.connections[0].socket.fileno() < 0)
        until(lambda: not proxy.worker.gateway.clients)
    assert proxy.log()[0]["error"] == "client-stalled"


def test_pipelining_does_not_let_a_slow_reader_pile_up_answers(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    body = b"x" * 100_000

    def big(connection: Connection) -> None:
        while True:
            connection.head()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + body)

    proxy = make_proxy(config(make_upstream(big).port))
    with proxy.client(receive_buffer=65536) as client:
        client.send(GET * 300)
        gateway = proxy.worker.gateway
        until(lambda: proxy.call(lambda: any(each.writing_paused for each in gateway.clients)))
        # Each look is a turn of the loop, in which a proxy that does not hold back would go on.
        for _ in range(300):
            assert proxy.call(lambda: sum(each.transport.get_write_buffer_size() for each in gateway.clients)) < HELD
        for _ in range(300):
            assert client.response()[1] == body


@pytest.mark.slow
def test_memory_does_not_grow_with_an_upload(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    size = 256 * 1024 * 1024

    def sink(connection: Connection) -> None:
        connection.head()
        connection.remembers = False
        left = size
        while left:
            left -= len(connection.exactly(min(left, 1 << 20)))
        connection.send(OK)

    def resident() -> int:
        with open("/proc/self/statm") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    proxy: Proxy = make_proxy(config(make_upstream(sink).port))
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        piece = b"x" * (1 << 20)
        client.send(piece * 16)
        before = resident()
        for _ in range(240):
            client.send(piece)
        assert client.response()[1] == b"ok"
        assert resident() - before < 32 * 1024 * 1024


def test_an_upstream_that_stops_reading_is_504(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    done = threading.Event()

    def deaf(connection: Connection) -> None:
        connection.head()
        assert done.wait(10)

    proxy = make_proxy(config(make_upstream(deaf).port, idle_timeout=0.3))
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
        client.socket.settimeout(0.5)
        piece = b"x" * 65536
        try:
            while True:
                client.send(piece)
        except (TimeoutError, ConnectionError):
            pass
        until(lambda: proxy.log())
    done.set()
    line = proxy.log()[0]
    assert (line["status"], line["error"]) == (504, "upstream-stalled")
