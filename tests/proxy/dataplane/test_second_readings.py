"""What one reader takes for something else than the next does, beyond framing: lengths, cookies, methods, upgrades."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from strangler.resilience import BreakerSettings
from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import OK, Connection, Proxy, RawUpstream, answer, config, route, snapshot
from tests.waiting import until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("length", [b"010", b"00", b"0000000000000010"])
def test_a_length_leaves_in_one_spelling(proxy: Proxy, upstream: RawUpstream, length: bytes) -> None:
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %b\r\n\r\n0123456789" % length)
        got = client.rest()
    assert got.startswith(b"HTTP/1.1 400 ") or b"\r\nContent-Length: %d\r\n" % int(length) in upstream.received


@pytest.mark.parametrize("length", [b"010", b"00"])
def test_an_answers_length_arrives_in_one_spelling(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, length: bytes
) -> None:
    body = b"x" * int(length)
    upstream = make_upstream(answer(b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n%b" % (length, body)))
    head, _ = make_proxy(config(upstream.port)).ask(GET)
    assert head.startswith(b"HTTP/1.1 502 ") or b"\r\nContent-Length: %d\r\n" % len(body) in head


# Django strips the white space of Unicode from a cookie's name, browsers do not.
@pytest.mark.parametrize("space", ["\u00a0", "\u0085", "\u2003", "\u3000", "=\u00a0", "\u00a0 ="])
@pytest.mark.parametrize("coding", ["utf-8", "latin-1"])
def test_a_private_cookie_cannot_be_set_behind_white_space_of_unicode(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, space: str, coding: str
) -> None:
    try:
        name = f"{space}sessionid".encode(coding)
    except UnicodeEncodeError:
        return
    line = b"Set-Cookie: %b=evil; Path=/\r\nSet-Cookie: sessionid\xc2\xa0=evil\r\nSet-Cookie: \xc3\xa9=fine\r\n" % name
    catalog = make_upstream(answer(b"HTTP/1.1 200 OK\r\n" + line + b"Content-Length: 0\r\n\r\n"))
    proxy = make_proxy(
        config(make_upstream().port, catalog.port, routes=(route("catalog.list", "/p/"),)),
        snapshot(Stage.EXTRACTED, "catalog.list"),
    )
    head, _ = proxy.ask(b"GET /p/ HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"evil" not in head
    assert b"Set-Cookie: \xc3\xa9=fine\r\n" in head


def test_a_request_whose_interim_answer_was_seen_is_not_sent_again(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def serve(connection: Connection) -> None:
        connection.head()
        connection.send(OK)
        connection.head()
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")

    upstream = make_upstream(serve)
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        assert client.ask(GET)[1] == b"ok"
        client.send(GET)
        assert client.head().startswith(b"HTTP/1.1 103 ")
        assert client.response()[0].startswith(b"HTTP/1.1 502 ")
    assert len(upstream.heads) == 2


def test_a_flood_of_pipelined_requests_to_an_upstream_that_is_not_asked_is_answered_one_by_one(
    make_proxy: MakeProxy,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    proxy = make_proxy(config(port, breaker=BreakerSettings(consecutive_failures=1, open_for=30.0)))
    many = 3000
    with proxy.client() as client:
        client.ask(GET)
        sending = threading.Thread(target=client.send, args=(GET * many,))
        sending.start()
        for _ in range(many):
            assert client.response()[0].startswith((b"HTTP/1.1 502 ", b"HTTP/1.1 503 "))
        sending.join()


def test_trace_is_refused(proxy: Proxy, upstream: RawUpstream) -> None:
    with proxy.client() as client:
        client.send(b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.rest().startswith(b"HTTP/1.1 405 ")
    assert not upstream.received


def test_options_that_may_be_forwarded_no_more_is_answered_here(proxy: Proxy, upstream: RawUpstream) -> None:
    head, _ = proxy.ask(b"OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nAllow: " in head
    assert not upstream.received


def test_options_counts_its_forwarders_down(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(b"OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 5\r\n\r\n")
    assert b"\r\nMax-Forwards: 4\r\n" in upstream.received


# Django takes them for the method in capitals, and routes do not.
@pytest.mark.parametrize("method", [b"get", b"Post", b"hEAD", b"delete"])
def test_a_method_in_other_letters_is_refused(proxy: Proxy, upstream: RawUpstream, method: bytes) -> None:
    with proxy.client() as client:
        client.send(b"%b / HTTP/1.1\r\nHost: a\r\n\r\n" % method)
        client.half_close()
        assert client.rest().startswith(b"HTTP/1.1 400 ")
    assert not upstream.received


@pytest.mark.parametrize("protocol", [b"TLS/1.0", b"tls/1.2, HTTP/1.1", b"HTTP/2.0"])
def test_an_upgrade_to_more_http_is_not_passed_on(proxy: Proxy, upstream: RawUpstream, protocol: bytes) -> None:
    proxy.ask(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n" % protocol)
    assert b"Upgrade" not in upstream.received


def test_a_broken_request_that_went_in_a_circle_is_answered_once(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(GET)
    via = next(line for line in upstream.heads[-1].split(b"\r\n") if line.startswith(b"Via"))
    with proxy.client() as client:
        client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" + via + b"\r\n\r\nbad\x00\r\n0\r\n\r\n"
        )
        assert client.rest().count(b"HTTP/1.1 ") == 1
    assert len(proxy.log()) == 2


def test_a_client_that_leaves_while_its_upstream_is_connected_to_is_noticed(make_proxy: MakeProxy) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        proxy = make_proxy(config(listener.getsockname()[1], connect_timeout=30.0))
        client = proxy.client()
        client.send(GET)
        until(lambda: proxy.call(lambda: any(each.exchange for each in proxy.worker.gateway.clients)))
        client.reset()
        try:
            until(lambda: not proxy.worker.gateway.clients, seconds=5)
        finally:
            for filler in fillers:
                with suppress(OSError):
                    filler.close()
    assert proxy.log()[0]["status"] == 499
