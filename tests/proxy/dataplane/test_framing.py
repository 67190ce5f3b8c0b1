# ruff: noqa: E501 - bytes are easier to read in one line
"""Where messages end, both ways: nothing added, nothing lost, and nothing cut off is passed off as whole."""

from __future__ import annotations

import pytest

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import OK, Connection, Proxy, RawUpstream, answer, config
from tests.waiting import until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_two_requests_use_one_connection_on_either_side(proxy: Proxy, upstream: RawUpstream) -> None:
    with proxy.client() as client:
        assert client.ask(GET)[1] == b"ok"
        assert client.ask(GET)[1] == b"ok"
    assert len(upstream.connections) == 1


def test_pipelined_requests_are_answered_in_order(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    def echo_path(connection: Connection) -> None:
        while True:
            path = connection.head().split(b" ")[1]
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))

    proxy = make_proxy(config(make_upstream(echo_path).port))
    with proxy.client() as client:
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(500)))
        assert [client.response()[1] for _ in range(500)] == [b"/%d" % number for number in range(500)]


def test_a_request_may_come_byte_by_byte(proxy: Proxy, upstream: RawUpstream) -> None:
    with proxy.client() as client:
        for byte in b"\r\nPOST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
            client.send(bytes([byte]))
        assert client.response()[1] == b"ok"
    assert upstream.received.endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")


def test_a_response_may_come_byte_by_byte(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    def dribble(connection: Connection) -> None:
        connection.head()
        for byte in CHUNKED + b"3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n":
            connection.send(bytes([byte]))
        connection.rest()

    head, body = make_proxy(config(make_upstream(dribble).port)).ask(GET)
    assert head == CHUNKED
    assert body == b"3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"


@pytest.mark.parametrize("length", [0, 1, 70_000, 3_000_000])
def test_a_body_with_a_length_arrives_whole(proxy: Proxy, upstream: RawUpstream, length: int) -> None:
    body = bytes(range(256)) * (length // 256 + 1)
    body = body[:length]
    proxy.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (length, body))
    assert upstream.received.count(b"Content-Length") == 1
    assert b"Transfer-Encoding" not in upstream.received
    assert upstream.received.partition(b"\r\n\r\n")[2] == body


def test_a_body_in_chunks_arrives_in_the_same_chunks_with_its_trailers(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(
        b"PUT / HTTP/1.1\r\nHost: a\r\nTrailer: X-Sum\r\nTransfer-Encoding: Chunked\r\n\r\n"
        b"5\r\nhello\r\n00C ; a=b\r\n, wide world\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
    )
    head, _, body = upstream.received.partition(b"\r\n\r\n")
    assert b"\r\nTransfer-Encoding: chunked" in head
    assert b"\r\nTrailer: X-Sum" in head
    assert body == b"5\r\nhello\r\nc\r\n, wide world\r\n0\r\nX-Sum: 1\r\n\r\n"


def test_a_request_without_a_body_is_given_none(proxy: Proxy, upstream: RawUpstream) -> None:
    proxy.ask(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"Content-Length" not in upstream.received
    assert b"Transfer-Encoding" not in upstream.received


@pytest.mark.parametrize(
    ("request_head", "response"),
    [
        (b"HEAD / HTTP/1.1", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        (b"HEAD / HTTP/1.1", b"HTTP/1.1 200 OK\r\nETag: a\r\n\r\n"),
        (b"GET / HTTP/1.1", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: a\r\n\r\n"),
        (b"GET / HTTP/1.1", b"HTTP/1.1 304 Not Modified\r\nETag: a\r\n\r\n"),
        (b"DELETE / HTTP/1.1", b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"),
        (b"DELETE / HTTP/1.1", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_an_answer_without_a_body_ends_with_its_head(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, request_head: bytes, response: bytes
) -> None:
    upstream = make_upstream(answer(response))
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        for _ in range(2):
            assert client.ask(request_head + b"\r\nHost: a\r\n\r\n", head_only=True)[0] == response
    # One that names a body might send it late, so its connection is not used again.
    assert len(upstream.connections) == (2 if b": 1000" in response else 1)


def test_a_204_that_claims_a_body_has_none(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    proxy = make_proxy(config(make_upstream(answer(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")).port))
    with proxy.client() as client:
        for _ in range(2):
            assert client.ask(GET)[0] == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_an_answer_that_ends_with_its_connection_is_passed_on_in_chunks(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def until_close(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.0 200 OK\r\nX: y\r\n\r\nabc")

    proxy = make_proxy(config(make_upstream(until_close).port))
    with proxy.client() as client:
        for _ in range(2):
            head, body = client.ask(GET)
            assert head == b"HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n"
            assert body == b"3\r\nabc\r\n0\r\n\r\n"


def test_a_client_of_http_1_0_gets_no_chunks(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    proxy = make_proxy(config(make_upstream(answer(CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n")).port))
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
        assert client.rest() == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcde"


def test_a_client_of_http_1_0_may_keep_its_connection(proxy: Proxy) -> None:
    with proxy.client() as client:
        for _ in range(2):
            head, body = client.ask(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
            assert b"\r\nConnection: keep-alive\r\n" in head
            assert body == b"ok"


def test_a_client_of_http_1_0_that_does_not_ask_loses_its_connection(proxy: Proxy) -> None:
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert client.rest().endswith(b"\r\nConnection: close\r\n\r\nok")


def test_connection_close_is_obeyed(proxy: Proxy) -> None:
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert client.rest().endswith(b"\r\nConnection: close\r\n\r\nok")


def test_an_upstream_that_closes_is_asked_on_a_new_connection_and_the_client_does_not_notice(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def once(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

    upstream = make_upstream(once)
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        for _ in range(3):
            head, body = client.ask(GET)
            assert b"Connection" not in head
            assert body == b"ok"
    assert len(upstream.connections) == 3


@pytest.mark.parametrize(
    "partial",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        CHUNKED + b"a\r\nabc",
        CHUNKED + b"3\r\nabc\r\n",
        CHUNKED + b"3\r\nabc\r\n0\r\n",
        CHUNKED + b"3\r\nabc\r\nzz\r\n",
        CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    ],
)
def test_an_answer_cut_off_upstream_is_cut_off_for_the_client(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, partial: bytes
) -> None:
    def cut(connection: Connection) -> None:
        connection.head()
        connection.send(partial)

    proxy = make_proxy(config(make_upstream(cut).port))
    with proxy.client() as client:
        client.send(GET)
        got = client.rest()
    assert b"200 OK" in got
    assert not got.endswith(b"0\r\n\r\n")
    assert got.partition(b"\r\n\r\n")[2] in (b"", b"abc", b"a\r\nabc", b"3\r\nabc\r\n", b"3\r\nabc\r\n0\r\n")


def test_an_answer_reset_before_its_end_by_closing_is_reset_for_a_client_of_http_1_0(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def cut(connection: Connection) -> None:
        connection.head()
        connection.send(CHUNKED + b"3\r\nabc\r\n")

    proxy = make_proxy(config(make_upstream(cut).port))
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            client.rest()


def test_bytes_behind_an_answer_do_not_become_the_next_one(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    upstream = make_upstream(answer(OK + evil))
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        assert [client.ask(GET)[1] for _ in range(3)] == [b"ok"] * 3
    assert len(upstream.connections) == 3


def test_bytes_nobody_asked_for_end_an_unused_connection(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    sent: list[bool] = []

    def unasked(connection: Connection) -> None:
        connection.head()
        connection.send(OK)
        if len(upstream.connections) == 1:
            until(lambda: pool_size() == 1)
            connection.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            sent.append(True)
        connection.rest()

    upstream = make_upstream(unasked)
    proxy = make_proxy(config(upstream.port))

    def pool_size() -> int:
        gateway = proxy.worker.gateway
        return len(gateway.monolith)

    with proxy.client() as client:
        assert client.ask(GET)[1] == b"ok"
        until(lambda: sent and pool_size() == 0)
        assert client.ask(GET)[1] == b"ok"


def test_early_hints_and_other_interim_answers_are_passed_on(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    processing = b"HTTP/1.1 102 Processing\r\n\r\n"
    proxy = make_proxy(config(make_upstream(answer(hints + processing + OK)).port))
    with proxy.client() as client:
        client.send(GET)
        assert [client.head(), client.head(), client.response()] == [hints, processing, (OK[:-2], b"ok")]
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert client.rest().startswith(b"HTTP/1.1 200 OK")


def test_100_continue_comes_from_the_upstream(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    def careful(connection: Connection) -> None:
        assert b"\r\nExpect: 100-continue\r\n" in connection.head()
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert connection.exactly(5) == b"hello"
        connection.send(OK)
        connection.rest()

    proxy = make_proxy(config(make_upstream(careful).port))
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"hello")
        assert client.response()[1] == b"ok"
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")


def test_a_refused_expectation_ends_the_connection_after_the_answer(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def refusing(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno")
        connection.rest()

    upstream = make_upstream(refusing)
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        head, body = client.response()
        assert head.startswith(b"HTTP/1.1 417 ")
        assert b"\r\nConnection: close\r\n" in head
        assert body == b"no"
        client.send(b"GET /")
        assert client.ended()
    until(lambda: not proxy.worker.gateway.clients)
    assert len(upstream.connections) == 1
    assert b"GET /" not in upstream.received


def test_an_early_answer_reaches_a_client_that_is_still_sending(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def refusing(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
        connection.rest()

    proxy = make_proxy(config(make_upstream(refusing).port))
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        head = client.head()
        client.send(b"x" * 500_000)
        assert head.startswith(b"HTTP/1.1 413 ")
        assert client.rest() == b"big"


def test_an_answer_may_begin_before_the_request_has_ended(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    def echo(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for _ in range(3):
            connection.send(connection.exactly(2))
        connection.rest()

    proxy = make_proxy(config(make_upstream(echo).port))
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n")
        client.head()
        for piece in (b"ab", b"cd", b"ef"):
            client.send(piece)
            assert client.exactly(2) == piece


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/2 200\r\nContent-Length: 2\r\n\r\nok",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
    ],
)
def test_an_answer_that_can_be_read_in_two_ways_becomes_502(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, response: bytes
) -> None:
    head, body = make_proxy(config(make_upstream(answer(response)).port)).ask(GET)
    assert head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert b"Request id: " in body


def test_a_client_that_only_stops_sending_gets_its_answer(proxy: Proxy) -> None:
    with proxy.client() as client:
        client.send(GET)
        client.half_close()
        assert client.rest().endswith(b"\r\n\r\nok")


def test_everything_works_on_plain_asyncio(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port), plain_asyncio=True)
    with proxy.client() as client:
        for _ in range(2):
            assert client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")[1] == b"ok"
