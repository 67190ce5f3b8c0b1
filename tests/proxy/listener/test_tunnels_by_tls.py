"""Tunnels of which one side speaks TLS, where no direction can be ended by itself."""

from __future__ import annotations

import logging
import ssl
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from strangler_proxy.config import Address
from strangler_proxy.config.upstreams import Upstream, UpstreamTls

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import Connection, config
from tests.proxy.listener.test_listener import secured, tls, trusting
from tests.waiting import until

ASK = b"GET /ws HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def test_an_upstream_that_ends_a_tunnel_ends_it_for_a_client_by_tls_too(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, certificates: Path
) -> None:
    def each(connection: Connection) -> None:
        connection.head()
        connection.send(SWITCH + b"last words")

    proxy = make_proxy(tls(make_upstream(each).port, certificates))
    with secured(proxy.port, trusting(certificates)) as client:
        client.send(ASK)
        assert client.head().startswith(b"HTTP/1.1 101")
        client.socket.settimeout(5)
        assert client.rest() == b"last words"
    until(lambda: proxy.call(lambda: proxy.worker.gateway.monolith._tunnels) == 0)


def test_a_client_that_ends_a_tunnel_ends_it_for_an_upstream_by_tls_too(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, certificates: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "one.crt", certificates / "one.key")
    ended: list[bool] = []

    def each(connection: Connection) -> None:
        spoken = Connection(context.wrap_socket(connection.socket, server_side=True))
        spoken.head()
        spoken.send(SWITCH)
        spoken.rest()
        spoken.close()
        ended.append(True)

    upstream = make_upstream(each)
    configuration = config(1)
    secure = UpstreamTls(ca=certificates / "one.crt")
    monolith = Upstream("monolith", Address("127.0.0.1", upstream.port), tls=secure)
    proxy = make_proxy(replace(configuration, upstreams={"monolith": monolith}))
    with proxy.client() as client:
        client.send(ASK)
        assert client.head().startswith(b"HTTP/1.1 101")
        client.half_close()
        until(lambda: proxy.call(lambda: proxy.worker.gateway.monolith._tunnels) == 0)
    # The end of TLS takes a word of each side: a loop that is closed before has a connection left over.
    until(lambda: ended)
    proxy.call(lambda: None)


def test_a_client_by_tls_that_says_it_sends_no_more_writes_nothing_into_our_log(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, certificates: Path, caplog: pytest.LogCaptureFixture
) -> None:
    came: list[bool] = []

    def each(connection: Connection) -> None:
        connection.head()
        came.append(True)
        connection.rest()

    proxy = make_proxy(tls(make_upstream(each).port, certificates))
    with caplog.at_level(logging.WARNING), secured(proxy.port, trusting(certificates)) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        until(lambda: came)
        assert isinstance(client.socket, ssl.SSLSocket)
        client.socket.settimeout(1)
        with suppress(OSError):
            client.socket.unwrap()
        until(lambda: proxy.call(lambda: all(each.ended for each in proxy.worker.gateway.clients)))
    assert not caplog.records
