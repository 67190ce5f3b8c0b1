"""Clients that send and do not take what they are answered, and such as go before they are."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from time import monotonic

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import Connection, answer, config
from tests.waiting import until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OURS = b"OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n"


def test_answers_of_our_own_that_nobody_takes_do_not_pile_up(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    proxy = make_proxy(config(make_upstream().port))
    with proxy.client(receive_buffer=4096) as client:
        client.socket.settimeout(1.0)
        with suppress(TimeoutError):
            for _ in range(400):
                client.send(OURS * 1000)
        held = proxy.call(lambda: max(each.transport.get_write_buffer_size() for each in proxy.worker.gateway.clients))
        client.reset()
    assert held < 4 * 1024 * 1024


def test_a_client_that_does_not_take_its_answers_is_not_held_against_the_upstream(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" + b"x" * 40000
    upstream = make_upstream(answer(large))
    proxy = make_proxy(config(upstream.port, first_byte_timeout=1.0))
    with proxy.client(receive_buffer=4096) as client:
        client.send(GET * 300)
        gateway = proxy.worker.gateway
        until(lambda: proxy.call(lambda: any(each.writing_paused for each in gateway.clients)))
        late = monotonic() + 2.5
        until(lambda: monotonic() > late)
        assert proxy.call(gateway.counts.take_causes)["failures"] == []
        assert not any(each.ejections for each in gateway.monolith.endpoints)
        # Whoever reads on after all gets every answer.
        for _ in range(300):
            assert client.response()[1] == b"x" * 40000


def test_an_answer_without_end_to_a_client_that_has_gone_is_not_read_on(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    go, ended = threading.Event(), threading.Event()

    def each(connection: Connection) -> None:
        connection.head()
        go.wait(5)
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while not ended.wait(0.01):
                connection.send(b"1\r\nx\r\n")
        except OSError:
            ended.set()

    upstream = make_upstream(each)
    proxy = make_proxy(config(upstream.port))
    client = proxy.client()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    until(lambda: upstream.received.endswith(b"\r\n\r\n"))
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    gateway = proxy.worker.gateway
    until(lambda: proxy.call(lambda: all(each._closed for each in gateway.clients)))
    go.set()
    try:
        until(lambda: proxy.call(lambda: gateway.monolith._in_flight) == 0)
        assert proxy.call(lambda: len(gateway.clients)) == 0
        until(ended.is_set)
    finally:
        ended.set()
