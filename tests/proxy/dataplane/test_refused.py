# ruff: noqa: E501 - bytes are easier to read in one line
"""Requests that two readers could read in two ways never reach an upstream; limits that have names."""

from __future__ import annotations

import pytest
from strangler_proxy.config import Limits

from tests.proxy.dataplane.conftest import MakeProxy
from tests.proxy.dataplane.raw import Proxy, RawUpstream, config
from tests.waiting import until

REFUSED = {
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
    "two lengths in one": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\nhi",
    "a signed length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\nhi",
    "a negative length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\nhi",
    "a hexadecimal length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x2\r\n\r\nhi",
    "a length with an underscore": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\nhi",
    "an empty length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nhi",
    "a huge length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nhi",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "two encodings": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "two encoding lines": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "another encoding": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
    "an obfuscated encoding": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "an encoding in quotes": b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "an encoding after a vertical tab": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "an encoding with white space before its colon": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "two hosts in one": b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "a host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "a host with a user": b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "a host with a space": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "a host with an odd port": b"GET / HTTP/1.1\r\nHost: a:8o\r\n\r\n",
    "an absolute target without host": b"GET http://a/ HTTP/1.1\r\n\r\n",
    "an absolute target with a user": b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "an absolute target of nobody": b"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
    "an absolute target of a port": b"GET http://:80/x HTTP/1.1\r\nHost: a\r\n\r\n",
    "another scheme": b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target that is no path": b"GET a HTTP/1.1\r\nHost: a\r\n\r\n",
    "a star": b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    "a fragment": b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tab in the target": b"GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space before the method": b" GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space behind the version": b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "an odd version": b"GET / HTTP/1.10\r\nHost: a\r\n\r\n",
    "a version in lower case": b"GET / http/1.1\r\nHost: a\r\n\r\n",
    "an odd method": b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
    "a name with a space": b"GET / HTTP/1.1\r\nHost: a\r\nX Y: x\r\n\r\n",
    "a name before a space": b"GET / HTTP/1.1\r\nHost: a\r\nX : x\r\n\r\n",
    "a name that is not ASCII": b"GET / HTTP/1.1\r\nHost: a\r\nX\xe9: x\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: a\r\nX: x\r\n y\r\n\r\n",
    "a header folded by a tab": b"GET / HTTP/1.1\r\nHost: a\r\nX: x\r\n\ty\r\n\r\n",
    "a first header that is folded": b"GET / HTTP/1.1\r\n Host: b\r\nHost: a\r\n\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    "NUL in the target": b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "DEL in the target": b"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
    "CR in a value": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rContent-Length: 5\r\n\r\n",
    "CR before CRLF": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n",
    "LF in a value": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\nContent-Length: 5\r\n\r\n",
    "LF for every line": b"GET / HTTP/1.1\nHost: a\n\n",
    "LF for the empty line": b"GET / HTTP/1.1\r\nHost: a\r\n\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00",
    "a length that is not a chunk's": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "a negative chunk": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
    "a chunk's size before a space": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
    "a chunk's size after a space": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n",
    "a huge chunk": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n",
    "an empty chunk size": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n",
    "a chunk that ends in LF": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n",
    "a chunk's size that ends in LF": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
    "a chunk longer than it says": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    "an extension with LF": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n",
    "an extension with CR": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a\rb\r\nabc\r\n0\r\n\r\n",
    "a trailer that is no field": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nGET / HTTP/1.1\r\n\r\n",
    "a folded trailer": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n z\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
def test_is_refused_with_400_and_a_closed_connection(proxy: Proxy, upstream: RawUpstream, why: str) -> None:
    with proxy.client() as client:
        client.send(REFUSED[why])
        got = client.rest()
    assert got.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\nConnection: close\r\n" in got
    assert got.count(b"HTTP/1.1") == 1
    assert b"ok" not in got
    assert not upstream.received.endswith(b"\r\n0\r\n\r\n")
    assert all(b"Transfer-Encoding: chunked" in head for head in upstream.heads)


def test_a_request_behind_a_refused_one_is_not_read(proxy: Proxy, upstream: RawUpstream) -> None:
    with proxy.client() as client:
        client.send(REFUSED["two lengths"] + b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.rest().count(b"HTTP/1.1") == 1
    assert not upstream.received


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /" + b"a" * 3000, 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 3000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 3000, 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 16 + b"\r\n", 431),
    ],
)
def test_other_refusals_have_their_own_status(
    make_proxy: MakeProxy, upstream: RawUpstream, request_head: bytes, status: int
) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(head_bytes=2048, headers=16)))
    with proxy.client() as client:
        client.send(request_head)
        assert client.rest().startswith(b"HTTP/1.1 %d " % status)
    assert not upstream.connections


def test_a_head_of_just_the_limits_passes(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(head_bytes=2048, headers=16)))
    request = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 14 + b"X-Long: "
    request += b"a" * (2048 - len(request)) + b"\r\n\r\n"
    assert proxy.ask(request)[1] == b"ok"


def test_a_head_that_takes_too_long_is_answered_408(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(head_timeout=0.2)))
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.1\r\n")
        assert client.rest().startswith(b"HTTP/1.1 408 ")


def test_a_head_that_drips_is_not_given_more_time(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(head_timeout=0.5)))
    with proxy.client() as client:
        client.socket.settimeout(0.02)
        client.send(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(500):
            client.send(b"a")
            try:
                got = client.rest()
            except TimeoutError:
                continue
            assert got.startswith(b"HTTP/1.1 408 ")
            return
    raise AssertionError("it was given more time")


def test_a_body_that_stalls_is_answered_408_and_the_upstream_never_gets_its_end(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(body_timeout=0.2)))
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc")
        assert client.rest().startswith(b"HTTP/1.1 408 ")
    until(lambda: upstream.connections[0].received.endswith(b"abc"))


def test_an_unused_connection_is_closed_without_a_word(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(idle_timeout=0.2)))
    with proxy.client() as client:
        assert client.ended()
    with proxy.client() as client:
        client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.ended()


def test_a_client_that_leaves_in_its_request_leaves_nothing_behind(proxy: Proxy, upstream: RawUpstream) -> None:
    for request in (b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"):
        client = proxy.client()
        client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.send(request)
        client.close()
        until(lambda: not proxy.worker.gateway.clients)
    until(lambda: all(connection.socket.fileno() < 0 for connection in upstream.connections))


def test_own_answers_say_nothing_about_the_inside(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    upstream.close()
    proxy = make_proxy(config(upstream.port))
    head, body = proxy.ask(b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: my-id\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert body == b"502 Bad Gateway\nRequest id: my-id\n"
    assert b"strangler" not in head.lower()
    head, body = proxy.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", head_only=True)
    assert head.startswith(b"HTTP/1.1 502 ")


def test_a_connection_lives_on_after_the_proxys_own_answer(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    upstream.close()
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        for _ in range(2):
            assert client.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")[0].startswith(b"HTTP/1.1 502 ")


def test_a_refusal_is_logged_and_counted(proxy: Proxy) -> None:
    with proxy.client() as client:
        client.send(REFUSED["no host"])
        client.rest()
    line = proxy.log()[0]
    assert (line["status"], line["error"]) == (400, "no Host")
    assert proxy.counts()[0]["status_class"] == "4xx"


def test_leading_empty_lines_are_ignored(proxy: Proxy) -> None:
    with proxy.client() as client:
        assert client.ask(b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")[1] == b"ok"
