"""What an attacker on one side may not do to a customer on the other, or to the worker between them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from strangler_proxy.fields import Meanings
from strangler_proxy.request_head import _hosts, parse_request

from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import OK, Connection, Proxy, answer, config, route, snapshot
from tests.waiting import until

EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("request_line", "head"),
    [
        (b"HEAD / HTTP/1.1", b"HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n"),
        (b"HEAD / HTTP/1.1", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (b"GET / HTTP/1.1", b"HTTP/1.1 204 No Content\r\nContent-Length: 42\r\n\r\n"),
        (b"GET / HTTP/1.1", b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ],
)
def test_a_body_that_comes_late_where_there_is_none_is_not_the_next_customers_answer(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, request_line: bytes, head: bytes
) -> None:
    def careless(connection: Connection) -> None:
        if len(upstream.connections) > 1:
            answer()(connection)
        connection.head()
        connection.send(head)
        # The body comes when the connection is in use again, too late to be noticed on an unused one.
        connection.head()
        connection.send(EVIL)

    upstream = make_upstream(careless)
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        client.ask(request_line + b"\r\nHost: a\r\n\r\n", head_only=True)
        assert client.ask(GET)[1] == b"ok"


def test_an_answer_without_a_body_leaves_its_connection_to_the_next(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    upstream = make_upstream(answer(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'))
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        for _ in range(3):
            client.ask(GET, head_only=True)
    assert len(upstream.connections) == 1


def test_a_nameless_cookie_cannot_stand_for_a_private_one(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    lines = (b"=sessionid=evil; Path=/", b" = sessionid=evil", b"=sessionid", b"==csrftoken=evil", b"sessionid =evil")
    head = (
        b"".join(b"Set-Cookie: %b\r\n" % line for line in lines)
        + b"Set-Cookie: =fine=1\r\nSet-Cookie: a=sessionid=b\r\n"
    )
    catalog = make_upstream(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + head + b"\r\n"))
    proxy = make_proxy(
        config(make_upstream().port, catalog.port, routes=(route("catalog.list", "/p/"),)),
        snapshot(Stage.EXTRACTED, "catalog.list"),
    )
    told, _ = proxy.ask(b"GET /p/ HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"evil" not in told
    assert b"\r\nSet-Cookie: =fine=1\r\nSet-Cookie: a=sessionid=b\r\n" in told


def test_a_candidate_cannot_take_the_monoliths_cookies_away(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    clearing = b'HTTP/1.1 200 OK\r\nclear-site-data: "cookies"\r\nX: y\r\nContent-Length: 0\r\n\r\n'
    monolith, catalog = make_upstream(answer(clearing)), make_upstream(answer(clearing))
    routes = (route("catalog.list", "/p/"),)
    proxy = make_proxy(config(monolith.port, catalog.port, routes=routes), snapshot(Stage.EXTRACTED, "catalog.list"))
    assert proxy.ask(b"GET /p/ HTTP/1.1\r\nHost: a\r\n\r\n")[0].split(b"\r\n")[1:3] == [b"X: y", b"Content-Length: 0"]
    assert proxy.ask(GET)[0] == clearing


def test_an_interim_answer_does_not_claim_a_body(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    upstream = make_upstream(answer(b"HTTP/1.1 103 Early Hints\r\nContent-Length: 40\r\nLink: </a>\r\n\r\n" + OK))
    with make_proxy(config(upstream.port)).client() as client:
        client.send(GET)
        assert client.head() == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        assert client.response()[1] == b"ok"


def test_what_is_remembered_of_clients_is_bounded_in_size() -> None:
    meanings = Meanings(requests=True)
    for number in range(5000):
        assert meanings[b"x-%d" % number] == 0
    assert meanings[b"x" * 60_000] == 0
    assert sum(map(len, meanings)) < 200_000
    for number in range(2000):
        parse_request(b"GET / HTTP/1.1\r\nHost: %d.%b" % (number, b"x" * 1000), 8)
    assert sum(map(len, _hosts)) < 300_000


def test_many_empty_lines_before_a_request_are_refused(proxy: Proxy) -> None:
    with proxy.client() as client:
        client.send(b"\r\n" * 30_000)
        assert client.head().startswith(b"HTTP/1.1 400 ")


def test_an_upstream_that_reads_nothing_in_a_tunnel_holds_its_client_back(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    done = threading.Event()

    def deaf(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        done.wait(20)

    proxy = make_proxy(config(make_upstream(deaf).port))
    ask = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
    with proxy.client() as client:
        client.send(ask + b"x" * 200_000)
        client.head()
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.send(b"x" * (64 << 20))

        def held_back() -> int:
            tunnels: list[Any] = [each.exchange for each in proxy.worker.gateway.clients]
            return max(int(tunnel._connection.transport.get_write_buffer_size()) for tunnel in tunnels)

        assert proxy.call(held_back) < 1 << 20
        done.set()


def test_a_client_that_was_told_of_no_end_may_ask_once_more_while_the_worker_drains(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    go_on = threading.Event()

    def halting(connection: Connection) -> None:
        connection.head()
        connection.send(OK[:-1])
        assert go_on.wait(10)
        connection.send(OK[-1:])
        answer()(connection)

    proxy = make_proxy(config(make_upstream(halting).port))
    with proxy.client() as client:
        client.send(GET)
        assert b"Connection: close" not in client.head()
        proxy.drain(10)
        until(lambda: proxy.worker.gateway.draining)
        go_on.set()
        assert client.exactly(2) == b"ok"
        head, body = client.ask(GET)
        assert (body, b"\r\nConnection: close\r\n" in head) == (b"ok", True)
        assert client.ended()
