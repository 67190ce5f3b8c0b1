"""Limits on what a client may send, and how slowly."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from strangler_proxy.config import Limits

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import Connection, RawUpstream, config
from tests.waiting import until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_body_longer_than_it_may_be_is_413_before_an_upstream_hears_of_it(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(body_bytes=10)))
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n")
        got = client.rest()
    assert got.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nConnection: close\r\n" in got
    assert not upstream.connections
    assert proxy.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789")[1] == b"ok"


def test_chunks_that_become_longer_than_a_body_may_be_are_413_and_never_whole(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(body_bytes=10)))
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with proxy.client() as client:
        client.send(head + b"a\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n")
        assert client.rest().startswith(b"HTTP/1.1 413 ")
    assert not upstream.received.endswith(b"0\r\n\r\n")
    assert proxy.ask(head + b"a\r\n0123456789\r\n0\r\n\r\n")[1] == b"ok"


def test_the_framing_of_chunks_counts_as_little_as_their_extensions_buy_time(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(body_bytes=100)))
    body = b"".join(b"1;" + b"e" * 1000 + b"\r\nx\r\n" for _ in range(100)) + b"0\r\n\r\n"
    assert proxy.ask(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body)[1] == b"ok"


@pytest.mark.parametrize("framing", [b"Content-Length: 100000", b"Transfer-Encoding: chunked"])
def test_a_body_that_drips_is_ended(make_proxy: MakeProxy, upstream: RawUpstream, framing: bytes) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(body_timeout=0.5, body_rate=1000)))
    with proxy.client() as client:
        client.socket.settimeout(0.05)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n" % framing)
        for _ in range(400):
            with suppress(ConnectionError):
                client.send(b"1\r\nx\r\n" if b"chunked" in framing else b"x")
            try:
                got = client.rest()
            except TimeoutError:
                continue
            except ConnectionError:
                got = client.received
            assert got.startswith(b"HTTP/1.1 408 ")
            return
    raise AssertionError("it was given more time")


def test_a_body_as_fast_as_it_must_be_is_not_ended(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(body_timeout=0.5, body_rate=1000)))
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n")
        end = time.monotonic() + 1.0
        sent = 0
        while time.monotonic() < end and sent < 19_000:
            client.send(b"x" * 500)
            sent += 500
            with suppress(TimeoutError):
                client.socket.settimeout(0.05)
                client._more()
        client.socket.settimeout(10)
        client.send(b"x" * (20_000 - sent))
        assert client.response()[1] == b"ok"


def test_interim_answers_without_end_are_garbage(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    def dithering(connection: Connection) -> None:
        connection.head()
        while True:
            connection.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)

    proxy = make_proxy(config(make_upstream(dithering).port))
    with proxy.client() as client:
        client.send(GET)
        while (head := client.head()).startswith(b"HTTP/1.1 102 "):
            pass
        assert head.startswith(b"HTTP/1.1 502 ")


def test_a_head_that_drips_costs_as_much_a_byte_at_its_end_as_at_its_beginning(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    proxy = make_proxy(config(upstream.port))
    client = proxy.client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
    gateway = proxy.worker.gateway
    until(lambda: len(gateway.clients) == 1)
    connection = next(iter(gateway.clients))
    until(lambda: connection._partial is not None)

    def drip(times: int) -> float:
        def fed() -> float:
            start = time.thread_time()
            for _ in range(times):
                connection.data_received(b"X")
            return time.thread_time() - start

        return proxy.call(fed)

    connection_start = min(drip(300) for _ in range(5))
    proxy.call(lambda: connection.data_received(b"X: " + b"y" * 60_000))
    at_the_end = min(drip(300) for _ in range(5))
    client.reset()
    assert at_the_end < 5 * connection_start
