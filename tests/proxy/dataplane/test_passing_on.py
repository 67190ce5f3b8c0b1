# ruff: noqa: E501 - bytes are easier to read in one line
"""What is none of the proxy's business arrives as it was sent: ranges, codings, odd fields, trailers and early answers."""

from __future__ import annotations

import gzip
import socket

import pytest
from strangler_proxy.config import Limits

from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import OK, Connection, Proxy, RawUpstream, answer, config, route, snapshot
from tests.waiting import until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_ranges_and_their_conditions_pass_both_ways(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    parts = b"--b\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/9\r\n\r\nab\r\n--b\r\nContent-Range: bytes 7-8/9\r\n\r\nhi\r\n--b--\r\n"
    response = (
        b'HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=b\r\nETag: "x"\r\nAccept-Ranges: bytes\r\n'
        b"Content-Length: %d\r\n\r\n%b" % (len(parts), parts)
    )
    upstream = make_upstream(answer(response))
    lines = b'GET /f HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1, -2\r\nIf-Range: "x"\r\nIf-None-Match: W/"y", "z"\r\nIf-Modified-Since: odd\r\n'
    head, body = make_proxy(config(upstream.port)).ask(lines + b"\r\n")
    assert head + body == response
    assert upstream.received.startswith(lines)


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */9\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\xc3\xa4?x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=9\r\nAlt-Svc: h3\r\nWarning: 299 - x\r\nAge: 3\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
    ],
)  # fmt: skip
def test_an_answer_of_any_status_is_passed_on_as_it_is(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, response: bytes
) -> None:
    assert make_proxy(config(make_upstream(answer(response)).port)).ask(GET) == (response, b"")


def test_a_coded_body_is_not_decoded_and_nobody_is_asked_for_one(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    packed = gzip.compress(b"hello" * 100)
    response = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nVary: Accept-Encoding\r\nContent-Length: %d\r\n\r\n%b" % (
        len(packed),
        packed,
    )
    upstream = make_upstream(answer(response))
    head, body = make_proxy(config(upstream.port)).ask(GET)
    assert head + body == response
    for name in (b"accept-encoding", b"user-agent", b"accept:", b"content-length", b"content-type"):
        assert name not in upstream.received.lower()


def test_several_cookies_arrive_apart_and_in_order_both_ways(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    cookies = b"Set-Cookie: a=1; Path=/\r\nSet-Cookie: a=1; Path=/x\r\nset-cookie: b=\xc3\xa4\r\nSet-Cookie: c=; Expires=Wed, 21 Oct 2015 07:28:00 GMT\r\nSet-Cookie: sessionid=s\r\n"
    response = b"HTTP/1.1 200 OK\r\n" + cookies + b"Content-Length: 0\r\n\r\n"
    upstream = make_upstream(answer(response))
    sent = b"Cookie: a=1;b=2\r\nX: y\r\nCookie: sessionid=s\r\ncookie: $Version=1\r\n"
    head, _ = make_proxy(config(upstream.port)).ask(b"GET / HTTP/1.1\r\nHost: a\r\n" + sent + b"\r\n")
    assert head == response
    assert sent in upstream.received


@pytest.mark.parametrize("method", [b"PATCH", b"PROPFIND", b"REPORT", b"M-SEARCH", b"X", b"QUERY"])
def test_a_method_of_any_name_passes_with_its_body(proxy: Proxy, upstream: RawUpstream, method: bytes) -> None:
    proxy.ask(method + b" / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
    assert upstream.received.startswith(method + b" / HTTP/1.1\r\n")
    assert upstream.received.endswith(b"\r\n\r\nhi")


def test_a_line_of_just_the_default_limit_passes_and_one_byte_more_does_not(proxy: Proxy) -> None:
    start = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    line = b"x" * (Limits().head_bytes - len(start))
    assert proxy.ask(start + line + b"\r\n\r\n")[1] == b"ok"
    with proxy.client() as client:
        client.send(start + line + b"x\r\n\r\n")
        assert client.rest().startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "host", [b"", b"a:", b"a:0", b"a:65536", b"a.", b"A-b_c.example:8000", b"[::1]:80", b"[::ffff:127.0.0.1]", b"%41", b"1.2.3.4"]
)  # fmt: skip
def test_a_host_that_can_be_one_is_kept(proxy: Proxy, upstream: RawUpstream, host: bytes) -> None:
    proxy.ask(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert b"\r\nHost: %b\r\n" % host in upstream.received
    assert b"\r\nX-Forwarded-Host: %b\r\n" % host in upstream.received


def test_trailers_that_are_announced_and_asked_for_pass(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    head = b"HTTP/1.1 200 OK\r\nTrailer: X-Sum, X-Time\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"2\r\nok\r\n0\r\nX-Sum: 1\r\nX-Unannounced: 2\r\nX-Time:\r\n\r\n"
    upstream = make_upstream(answer(head + body))
    told = make_proxy(config(upstream.port)).ask(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: trailers\r\n\r\n")
    assert told == (head, body)
    assert b"\r\nConnection: TE\r\nTE: trailers\r\n" in upstream.received


def test_trailers_of_an_answer_carry_nothing_that_is_the_proxys_or_frames(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    body = b"2\r\nok\r\n0\r\nSet-Cookie: sessionid=evil\r\nX-Strangler-Secret: evil\r\nContent-Length: 9\r\nConnection: evil\r\nTransfer-Encoding: evil\r\nX: y\r\n\r\n"
    upstream = make_upstream(answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body))
    assert make_proxy(config(upstream.port)).ask(GET)[1] == b"2\r\nok\r\n0\r\nX: y\r\n\r\n"


@pytest.mark.parametrize(
    "named",
    [
        b"X-Hop, close",
        b"close, X-Hop",
        b"x-hOP, ClOsE",
        b"close\r\nConnection: X-Hop",
        b"\r\nConnection: X-Hop,, close ,",
    ],
)
def test_an_upstream_that_names_a_field_and_closes_is_obeyed_in_both(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, named: bytes
) -> None:
    def once(connection: Connection) -> None:
        connection.head()
        connection.send(
            b"HTTP/1.1 200 OK\r\nConnection: "
            + named
            + b"\r\nX-Hop: secret\r\nX-Kept: y\r\nContent-Length: 2\r\n\r\nok"
        )
        connection.rest()

    upstream = make_upstream(once)
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        for _ in range(2):
            assert client.ask(GET)[0] == b"HTTP/1.1 200 OK\r\nX-Kept: y\r\nContent-Length: 2\r\n\r\n"
    assert len(upstream.connections) == 2


def test_a_client_cannot_have_the_proxys_own_fields_taken_out(proxy: Proxy, upstream: RawUpstream) -> None:
    named = b"close, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Via, X-Request-Id, Host, Forwarded"
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 edge\r\nConnection: %b\r\n\r\n" % named)
        client.rest()
    for name in (b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-Proto: http", b"X-Forwarded-Host: a", b"Via: 1.1 edge", b"Via: 1.1 strangler-", b"X-Request-Id: ", b"Host: a"):  # fmt: skip
        assert b"\r\n" + name in upstream.received


@pytest.mark.parametrize(
    "first", [b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"]
)
def test_what_follows_a_last_request_is_not_read(proxy: Proxy, upstream: RawUpstream, first: bytes) -> None:
    with proxy.client() as client:
        client.send(first + b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.rest().count(b"HTTP/1.1 ") == 1
    assert b"/second" not in upstream.received


def test_bad_bytes_behind_a_last_request_do_not_cost_its_answer(proxy: Proxy) -> None:
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nInvalid\r\n\r\n")
        assert client.rest().endswith(b"\r\nConnection: close\r\n\r\nok")


def test_bad_bytes_behind_a_request_are_refused_after_its_answer(proxy: Proxy, upstream: RawUpstream) -> None:
    with proxy.client() as client:
        client.send(GET + b"Invalid\r\n\r\n" + GET)
        got = client.rest()
    assert got.startswith(OK + b"HTTP/1.1 400 ")
    assert got.count(b"HTTP/1.1 ") == 2
    assert len(upstream.heads) == 1


def test_a_client_of_http_1_0_that_keeps_its_connection_loses_it_after_chunks(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    upstream = make_upstream(answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"))
    with make_proxy(config(upstream.port)).client() as client:
        client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /second HTTP/1.0\r\n\r\n")
        assert client.rest() == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok"
    assert b"/second" not in upstream.received


def test_an_expectation_that_is_answered_early_leaves_the_body_with_the_client(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def early(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsoon")
        connection.rest()

    upstream = make_upstream(early)
    with make_proxy(config(upstream.port)).client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 31\r\nExpect: 100-continue\r\n\r\n")
        head, body = client.response()
        assert (b"\r\nConnection: close\r\n" in head, body) == (True, b"soon")
        # What was announced as a body is none now, and no request either.
        client.send(b"GET /evil HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.ended()
    until(lambda: upstream.connections[0].socket.fileno() < 0)
    assert b"/evil" not in upstream.received


def test_interim_answers_do_not_prolong_the_wait_for_the_final_one(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def dithering(connection: Connection) -> None:
        connection.head()
        connection.socket.settimeout(0.02)
        while True:
            connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")
            try:
                connection.exactly(1)
            except TimeoutError:
                continue

    proxy = make_proxy(config(make_upstream(dithering).port, first_byte_timeout=0.3))
    with proxy.client() as client:
        client.send(GET)
        while (head := client.head()).startswith(b"HTTP/1.1 102 "):
            pass
        assert head.startswith((b"HTTP/1.1 504 ", b"HTTP/1.1 502 "))


@pytest.mark.parametrize(
    "upgrade", [b"", b"Upgrade:\r\n", b"Upgrade: h2c\r\n", b"Upgrade: echo, other\r\n", b"Upgrade: ech\xc3\xb6\r\n"]
)
def test_a_switch_without_the_protocol_asked_for_is_502(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, upgrade: bytes
) -> None:
    upstream = make_upstream(answer(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n" + upgrade + b"\r\n"))
    head, _ = make_proxy(config(upstream.port)).ask(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
    )
    assert head.startswith(b"HTTP/1.1 502 ")


def test_a_switch_shows_no_field_that_ends_with_the_connection(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def switching(connection: Connection) -> None:
        connection.head()
        connection.send(
            b"HTTP/1.1 101 x\r\nConnection: Upgrade, X-Hop\r\nUpgrade: Echo\r\nX-Hop: secret\r\nKeep-Alive: 1\r\nX-Strangler-Secret: s\r\nX: y\r\n\r\n"
        )
        connection.rest()

    with make_proxy(config(make_upstream(switching).port)).client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        assert client.head() == b"HTTP/1.1 101 x\r\nX: y\r\nUpgrade: Echo\r\nConnection: Upgrade\r\n\r\n"


def test_a_target_and_query_of_any_bytes_reach_a_candidate_as_they_came(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    catalog = make_upstream()
    proxy = make_proxy(
        config(make_upstream().port, catalog.port, routes=(route("catalog.list", "/p/"),)),
        snapshot(Stage.RETIRED, "catalog.list"),
    )
    for target in (b"/p/?a;b=%zz&&c=\xff#"[:-1], b"/p/?", b"/p/?x=/../y", b"/%70/", b"/p/?a=http://b/"):
        proxy.ask(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        assert catalog.heads[-1].startswith(b"GET " + target + b" HTTP/1.1\r\n")


def test_a_client_that_closes_right_after_asking_for_something_unsafe_has_it_done(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    upstream = make_upstream()
    proxy = make_proxy(config(upstream.port))
    with socket.create_connection(("127.0.0.1", proxy.port)) as sock:
        sock.sendall(b"DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n")
    until(lambda: upstream.received.startswith(b"DELETE /x HTTP/1.1\r\n"))
