"""What a trusted edge says of its client is passed on; what anybody else says is replaced."""

from __future__ import annotations

import socket
from dataclasses import replace
from ipaddress import ip_network

import pytest

from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy
from tests.proxy.dataplane.raw import Connection, Proxy, RawUpstream, config, route, snapshot

GET = b"GET /p/ HTTP/1.1\r\nHost: shop.example\r\n"
HTTPS = b"X-Forwarded-Proto: https\r\n"


def told(upstream: RawUpstream, name: bytes) -> list[bytes]:
    """The values of a field in the last request that the upstream got, whatever its spelling."""
    lines = (line.partition(b": ") for line in upstream.heads[-1].split(b"\r\n"))
    return [value for each, _, value in lines if each.lower().replace(b"_", b"-") == name.lower()]


def behind(make_proxy: MakeProxy, upstream: RawUpstream, *networks: str, family: int = socket.AF_INET) -> Proxy:
    """A worker that trusts `networks`, with a route in a canary."""
    settings = config(upstream.port, upstream.port, routes=(route("catalog.list", "/p/"),))
    trusted = replace(settings, trusted_proxies=tuple(map(ip_network, networks)))
    return make_proxy(trusted, snapshot(Stage.CANARY, "catalog.list", share=50_000), family=family)


@pytest.fixture
def edge(make_proxy: MakeProxy, upstream: RawUpstream) -> Proxy:
    """A worker that trusts those who connect to it in these tests."""
    return behind(make_proxy, upstream, "10.0.0.0/8", "127.0.0.0/8")


def test_what_a_trusted_edge_says_of_its_client_is_passed_on(edge: Proxy, upstream: RawUpstream) -> None:
    edge.ask(
        GET + HTTPS + b"X-Forwarded-For: 192.0.2.1, 10.1.1.1\r\nX-Forwarded-Host: www.shop.example:8443\r\n"
        b"Forwarded: for=192.0.2.1;proto=https\r\nForwarded: for=10.1.1.1\r\n\r\n"
    )
    assert told(upstream, b"X-Forwarded-For") == [b"192.0.2.1, 10.1.1.1, 127.0.0.1"]
    assert told(upstream, b"X-Forwarded-Proto") == [b"https"]
    assert told(upstream, b"X-Forwarded-Host") == [b"www.shop.example:8443"]
    assert told(upstream, b"Forwarded") == [b"for=192.0.2.1;proto=https", b"for=10.1.1.1"]
    assert told(upstream, b"Host") == [b"shop.example"]


def test_anybody_elses_word_is_replaced(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = behind(make_proxy, upstream, "10.0.0.0/8", "::1/128")
    head, _ = proxy.ask(
        GET + HTTPS + b"X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Host: evil\r\nForwarded: for=10.0.0.1\r\n\r\n"
    )
    assert told(upstream, b"X-Forwarded-For") == [b"127.0.0.1"]
    assert told(upstream, b"X-Forwarded-Proto") == [b"http"]
    assert told(upstream, b"X-Forwarded-Host") == [b"shop.example"]
    assert told(upstream, b"Forwarded") == []
    assert b"Set-Cookie: strangler_subject=" in head
    assert b"Secure" not in head


def test_lines_of_one_chain_are_joined_in_their_order(edge: Proxy, upstream: RawUpstream) -> None:
    edge.ask(GET + b"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For:\r\nx-forwarded-for: 192.0.2.2\r\n\r\n")
    assert told(upstream, b"X-Forwarded-For") == [b"192.0.2.1, 192.0.2.2, 127.0.0.1"]


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"X-Forwarded-Proto:\r\n",
        b"X-Forwarded-Proto: https, http\r\n",
        b"X-Forwarded-Proto: javascript\r\n",
        HTTPS + HTTPS,
        HTTPS + b"X-Forwarded-Proto: http\r\n",
        b"X_Forwarded_Proto: https\r\n",
    ],
)
def test_without_one_plain_scheme_it_is_the_connections(edge: Proxy, upstream: RawUpstream, lines: bytes) -> None:
    head, _ = edge.ask(GET + b"X-Forwarded-For: 192.0.2.1\r\n" + lines + b"\r\n")
    assert told(upstream, b"X-Forwarded-Proto") == [b"http"]
    assert b"Secure" not in head


def test_a_scheme_has_no_case(edge: Proxy, upstream: RawUpstream) -> None:
    edge.ask(GET + b"x-forwarded-proto: HTTPS\r\n\r\n")
    assert told(upstream, b"X-Forwarded-Proto") == [b"https"]


@pytest.mark.parametrize("value", [b"", b"a, b", b"a b", b"a/b", b"a@b", b"a\r\nX-Forwarded-Host: b"])
def test_without_one_plain_host_it_is_the_requests(edge: Proxy, upstream: RawUpstream, value: bytes) -> None:
    edge.ask(GET + b"X-Forwarded-Host: " + value + b"\r\n\r\n")
    assert told(upstream, b"X-Forwarded-Host") == [b"shop.example"]


def test_our_cookie_is_secure_for_a_client_who_came_by_https(edge: Proxy) -> None:
    head, _ = edge.ask(GET + HTTPS + b"\r\n")
    (cookie,) = (line for line in head.split(b"\r\n") if line.startswith(b"Set-Cookie: strangler_subject="))
    assert cookie.endswith(b"; Secure")


def test_one_connection_of_an_edge_carries_many_clients(edge: Proxy, upstream: RawUpstream) -> None:
    said = []
    with edge.client() as client:
        for lines in (HTTPS + b"X-Forwarded-For: 192.0.2.1\r\n", b"", b"X-Forwarded-For: 192.0.2.2\r\n"):
            client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")
            said.append((told(upstream, b"X-Forwarded-For")[0], told(upstream, b"X-Forwarded-Proto")[0]))
    assert said == [
        (b"192.0.2.1, 127.0.0.1", b"https"),
        (b"127.0.0.1", b"http"),
        (b"192.0.2.2, 127.0.0.1", b"http"),
    ]


def test_connection_cannot_name_away_what_an_edge_says(edge: Proxy, upstream: RawUpstream) -> None:
    edge.ask(GET + HTTPS + b"X-Forwarded-For: 192.0.2.1\r\nConnection: X-Forwarded-For, X-Forwarded-Proto\r\n\r\n")
    assert told(upstream, b"X-Forwarded-For") == [b"192.0.2.1, 127.0.0.1"]
    assert told(upstream, b"X-Forwarded-Proto") == [b"https"]


def test_what_an_edge_has_no_business_saying_is_dropped(edge: Proxy, upstream: RawUpstream) -> None:
    edge.ask(GET + b"X-Forwarded-Prefix: /evil\r\nX-Strangler-Identity: evil\r\nX_Forwarded_For: evil\r\n\r\n")
    assert b"evil" not in upstream.received


def test_an_ipv4_edge_is_known_on_a_listener_for_both_families(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = behind(make_proxy, upstream, "127.0.0.1/32", family=socket.AF_INET6)
    for family, address, scheme in ((socket.AF_INET, "127.0.0.1", b"https"), (socket.AF_INET6, "::1", b"http")):
        with socket.socket(family) as sock:
            sock.connect((address, proxy.port))
            Connection(sock).ask(GET + HTTPS + b"\r\n")
        assert told(upstream, b"X-Forwarded-Proto") == [scheme]
        assert told(upstream, b"X-Forwarded-For") == [address.encode()]
