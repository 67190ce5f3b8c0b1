"""Who is let in, over real sockets: PROXY headers, TLS, and floods of connections."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strangler_proxy.config import Config
from strangler_proxy.config.values import Limits, ListenerTls

from tests.proxy.dataplane.conftest import MakeProxy
from tests.proxy.dataplane.raw import Connection, Proxy, RawUpstream, config
from tests.proxy.listener.headers import LOCAL, SIGNATURE, field, told
from tests.waiting import until

GET = b"GET /p/ HTTP/1.1\r\nHost: shop\r\n\r\n"
LOOPBACK = (ip_network("127.0.0.0/8"),)


def proxied(port: int, **limits: float) -> Config:
    """A configuration of a worker behind an edge that speaks the PROXY protocol."""
    return replace(
        config(port, limits=replace(Limits(), **limits)),  # type: ignore[arg-type]
        proxy_protocol=True,
        trusted_proxies=LOOPBACK,
    )


def counted(proxy: Proxy, cause: str) -> int:
    """How many were refused for `cause`."""
    return proxy.call(lambda: proxy.worker.door.counts[cause])


@pytest.mark.parametrize("plain_asyncio", [False, True])
@pytest.mark.parametrize("host", ["203.0.113.9", "2001:db8::9"])
def test_the_upstream_is_told_of_the_client_that_the_edge_tells_of(
    make_proxy: MakeProxy, upstream: RawUpstream, host: str, plain_asyncio: bool
) -> None:
    proxy = make_proxy(proxied(upstream.port), plain_asyncio=plain_asyncio)
    with proxy.client() as client:
        client.send(told(host, 4711) + GET)
        assert client.response()[1] == b"ok"
        assert client.ask(GET)[1] == b"ok"
    sent = upstream.heads[-1]
    assert f"\r\nX-Forwarded-For: {host}\r\n".encode() in sent
    assert b"\r\nX-Forwarded-Proto: http\r\n" in sent


def test_a_client_whom_the_edge_served_by_tls_is_told_as_https(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(proxied(upstream.port))
    said = b"GET /p/ HTTP/1.1\r\nHost: shop\r\nX-Forwarded-Proto: ftp\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
    with proxy.client() as client:
        client.send(told("203.0.113.9", 1, field(0x20, b"\x01\0\0\0\0")) + said)
        assert client.response()[1] == b"ok"
    assert b"\r\nX-Forwarded-Proto: https\r\n" in upstream.heads[-1]
    assert b"6.6.6.6" not in upstream.heads[-1]


def test_an_edges_own_health_check_is_answered(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(proxied(upstream.port))
    with proxy.client() as client:
        client.send(LOCAL + GET)
        assert client.response()[1] == b"ok"
    assert b"\r\nX-Forwarded-For: 127.0.0.1\r\n" in upstream.heads[-1]


def test_a_header_may_come_byte_by_byte_and_what_follows_it_is_not_lost(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    proxy = make_proxy(proxied(upstream.port))
    with proxy.client() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in told("203.0.113.9", 1, field(4, b"x" * 30)) + GET:
            client.send(bytes([byte]))
        assert client.response()[1] == b"ok"


@pytest.mark.parametrize(
    "said",
    [
        GET,
        b"PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n" + GET,
        told("203.0.113.9", 1, b"\x01\0") + GET,
        SIGNATURE + b"\x21\x11\xff\xff",
        SIGNATURE + b"\x31\x11\0\x0c" + bytes(12) + GET,
    ],
)
def test_who_begins_with_anything_else_is_closed_and_counted(
    make_proxy: MakeProxy, upstream: RawUpstream, said: bytes
) -> None:
    proxy = make_proxy(proxied(upstream.port))
    with proxy.client() as client:
        client.send(said)
        assert client.ended()
    until(lambda: counted(proxy, "proxy-bad") == 1)
    assert upstream.heads == []
    with proxy.client() as client:
        client.send(told("203.0.113.9", 1) + GET)
        assert client.response()[1] == b"ok"


def test_a_header_that_is_late_is_waited_for_no_longer_than_the_limit(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    proxy = make_proxy(proxied(upstream.port, handshake_timeout=0.2))
    with proxy.client() as client:
        client.send(SIGNATURE)
        assert client.ended()
    assert counted(proxy, "proxy-late") == 1


def test_a_header_from_somebody_who_is_not_trusted_is_closed_and_counted(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    stranger = replace(proxied(upstream.port), trusted_proxies=(ip_network("10.0.0.0/8"),))
    proxy = make_proxy(stranger)
    with proxy.client() as client:
        assert client.ended()
    assert counted(proxy, "proxy-untrusted") == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=200), cut=st.integers(0, 60))
def test_no_bytes_before_http_harm_those_who_come_after(
    make_proxy: MakeProxy, upstream: RawUpstream, noise: bytes, cut: int
) -> None:
    proxy = make_proxy(proxied(upstream.port, handshake_timeout=0.1))
    for said in (noise, SIGNATURE + noise, (told("203.0.113.9", 1) + noise)[:cut]):
        with proxy.client() as client:
            client.send(said)
            # It may be closed by now.
            with suppress(OSError):
                client.socket.shutdown(socket.SHUT_WR)
                client.rest()
    with proxy.client() as client:
        client.send(told("203.0.113.9", 1) + GET)
        assert client.response()[1] == b"ok"


def tls(port: int, folder: Path, name: str = "one") -> Config:
    """A configuration of a worker that speaks TLS."""
    return replace(config(port), tls=ListenerTls(folder / f"{name}.crt", folder / f"{name}.key"))


def trusting(folder: Path, name: str = "one") -> ssl.SSLContext:
    """A client that trusts the certificate."""
    return ssl.create_default_context(cafile=folder / f"{name}.crt")


def secured(port: int, context: ssl.SSLContext, first: bytes = b"") -> Connection:
    """A connection that has shaken hands, `first` sent before."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)
    plain.sendall(first)
    return Connection(context.wrap_socket(plain, server_hostname="localhost"))


@pytest.mark.parametrize("plain_asyncio", [False, True])
def test_customers_are_served_by_tls_and_the_upstream_is_told_of_https(
    make_proxy: MakeProxy, upstream: RawUpstream, certificates: Path, plain_asyncio: bool
) -> None:
    proxy = make_proxy(tls(upstream.port, certificates), plain_asyncio=plain_asyncio)
    with secured(proxy.port, trusting(certificates)) as client:
        for _ in range(3):
            assert client.ask(GET)[1] == b"ok"
    assert b"\r\nX-Forwarded-Proto: https\r\n" in upstream.heads[-1]


def test_tls_follows_a_proxy_header(make_proxy: MakeProxy, upstream: RawUpstream, certificates: Path) -> None:
    both = replace(tls(upstream.port, certificates), proxy_protocol=True, trusted_proxies=LOOPBACK)
    proxy = make_proxy(both)
    with secured(proxy.port, trusting(certificates), told("203.0.113.9", 1)) as client:
        assert client.ask(GET)[1] == b"ok"
    assert b"\r\nX-Forwarded-For: 203.0.113.9\r\n" in upstream.heads[-1]
    assert b"\r\nX-Forwarded-Proto: https\r\n" in upstream.heads[-1]


def test_http_1_1_is_the_only_protocol_that_is_offered(
    make_proxy: MakeProxy, upstream: RawUpstream, certificates: Path
) -> None:
    proxy = make_proxy(tls(upstream.port, certificates))
    context = trusting(certificates)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with secured(proxy.port, context) as client:
        assert isinstance(client.socket, ssl.SSLSocket)
        assert client.socket.selected_alpn_protocol() == "http/1.1"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_what_is_older_than_tls_1_2_is_refused(
    make_proxy: MakeProxy, upstream: RawUpstream, certificates: Path
) -> None:
    proxy = make_proxy(tls(upstream.port, certificates))
    context = trusting(certificates)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        secured(proxy.port, context)
    until(lambda: counted(proxy, "tls") == 1)


@pytest.mark.parametrize("said", [GET, b"\x16\x03\x01\xff\xff" + bytes(100), b"\0" * 600])
def test_what_is_no_tls_is_closed_and_counted(
    make_proxy: MakeProxy, upstream: RawUpstream, certificates: Path, said: bytes
) -> None:
    proxy = make_proxy(tls(upstream.port, certificates))
    with proxy.client() as client:
        client.send(said)
        with suppress(ConnectionResetError):
            client.socket.shutdown(socket.SHUT_WR)
            client.rest()
    until(lambda: counted(proxy, "tls") == 1)
    with secured(proxy.port, trusting(certificates)) as client:
        assert client.ask(GET)[1] == b"ok"


@pytest.mark.parametrize("plain_asyncio", [False, True])
def test_a_handshake_that_is_not_finished_is_waited_for_no_longer_than_the_limit(
    make_proxy: MakeProxy, upstream: RawUpstream, certificates: Path, plain_asyncio: bool
) -> None:
    slow = tls(upstream.port, certificates)
    proxy = make_proxy(replace(slow, limits=replace(slow.limits, handshake_timeout=0.2)), plain_asyncio=plain_asyncio)
    with proxy.client() as client:
        client.send(b"\x16\x03\x01")
        assert client.ended()
    until(lambda: counted(proxy, "tls") == 1)


def test_a_connection_that_is_unused_makes_room_for_a_new_one(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port, limits=replace(Limits(), connections=16)))
    idle = [proxy.client() for _ in range(16)]
    for each in idle:
        assert each.ask(GET)[1] == b"ok"
        time.sleep(0.001)
    for _ in range(8):
        assert proxy.ask(GET)[1] == b"ok"
    assert idle[0].ended()
    assert idle[-1].ask(GET)[1] == b"ok"
    assert counted(proxy, "closed-for-room") > 0
    assert counted(proxy, "full") == 0
    for each in idle:
        each.close()


def test_as_many_as_there_is_room_for_are_let_in_and_nobody_is_closed_for_them(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    proxy = make_proxy(config(upstream.port, limits=replace(Limits(), connections=16)))
    for _ in range(40):
        clients = [proxy.client() for _ in range(16)]
        for each in clients:
            assert each.ask(GET)[1] == b"ok"
        for each in clients:
            each.close()
        until(lambda: not proxy.call(lambda: len(proxy.worker.gateway.clients)))
    assert counted(proxy, "closed-for-room") == counted(proxy, "full") == 0


def test_where_none_is_unused_a_newcomer_is_answered_503(make_proxy: MakeProxy, make_upstream: object) -> None:
    go: list[bool] = []

    def slow(connection: Connection) -> None:
        connection.head()
        until(lambda: go)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    upstream = make_upstream(slow)  # type: ignore[operator]
    proxy = make_proxy(config(upstream.port, limits=replace(Limits(), connections=16)))
    busy = [proxy.client() for _ in range(16)]
    for each in busy:
        each.send(GET)
    until(lambda: proxy.call(lambda: sum(client.exchange is not None for client in proxy.worker.gateway.clients)) == 16)
    with proxy.client() as client:
        head, _ = client.ask(GET)
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nConnection: close\r\n" in head
        assert client.ended()
    assert counted(proxy, "full") == 1
    go.append(True)
    for each in busy:
        assert each.response()[1] == b"ok"
        each.close()


def test_one_address_has_no_more_connections_than_its_limit_and_gets_new_ones_for_those_it_closed(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    proxy = make_proxy(config(upstream.port, limits=replace(Limits(), connections_per_peer=3)))
    clients = [proxy.client() for _ in range(3)]
    for each in clients:
        assert each.ask(GET)[1] == b"ok"
    assert proxy.ask(GET)[0].startswith(b"HTTP/1.1 503 ")
    assert counted(proxy, "peer") == 1
    clients.pop().close()
    until(lambda: proxy.ask(GET)[0].startswith(b"HTTP/1.1 200 "))
    for each in clients:
        each.close()


def test_a_trusted_proxy_may_have_any_number(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    few = config(upstream.port, limits=replace(Limits(), connections_per_peer=1))
    proxy = make_proxy(replace(few, trusted_proxies=LOOPBACK))
    clients = [proxy.client() for _ in range(5)]
    for each in clients:
        assert each.ask(GET)[1] == b"ok"
        each.close()


def test_who_is_queued_when_a_worker_stops_accepting_is_still_answered(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    proxy = make_proxy(config(upstream.port))
    proxy.grace = 10
    clients: list[Connection] = []

    def knock_and_stop() -> None:
        # In the loop's own turn, so that nobody is accepted in between.
        clients.extend(proxy.client() for _ in range(20))
        for each in clients:
            each.send(GET)
        proxy.worker.stop_accepting()

    proxy.call(knock_and_stop)
    for each in clients:
        assert each.response()[1] == b"ok"
        each.close()
