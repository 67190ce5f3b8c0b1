"""The connections to upstreams: kept, found stale, given up in time, and when a request is sent once more."""

from __future__ import annotations

from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import OK, Connection, RawUpstream, Script, config, route, snapshot
from tests.waiting import until

NAME = "catalog.list"
GET = b"GET /p/?q=1 HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /p/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"


def hang(connection: Connection) -> None:
    connection.rest()


def closing_after(answers: int) -> Script:
    """Answers so many requests, and closes when the next one comes: the connection was stale."""

    def serve(connection: Connection) -> None:
        for _ in range(answers):
            connection.head()
            connection.send(OK)
        connection.head()

    return serve


def test_a_safe_request_on_a_stale_connection_is_sent_once_more(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    upstream = make_upstream(closing_after(1))
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        for _ in range(3):
            assert client.ask(GET)[1] == b"ok"
    assert len(upstream.connections) == 3
    assert len(upstream.heads) == 5


def test_a_safe_request_is_sent_at_most_twice(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    def serve(connection: Connection) -> None:
        connection.head()
        if len(upstream.connections) == 1:
            connection.send(OK)
            connection.head()

    upstream = make_upstream(serve)
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        assert client.ask(GET)[1] == b"ok"
        assert client.ask(GET)[0].startswith(b"HTTP/1.1 502 ")
    assert len(upstream.heads) == 3


def test_an_unsafe_request_is_never_sent_twice(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    upstream = make_upstream(closing_after(1))
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        assert client.ask(GET)[1] == b"ok"
        client.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    assert upstream.received.count(b"POST") == 1


def test_an_unsafe_request_does_not_use_a_connection_that_waited(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        client.ask(GET)
        client.ask(POST)
        assert len(upstream.connections) == 1
        gateway = proxy.worker.gateway
        pool = gateway.monolith
        until(lambda: gateway.loop.time() - pool.endpoints[0].unused[-1].idle_since > 0.6)
        client.ask(POST)
    assert len(upstream.connections) == 2


def test_an_unused_connection_is_closed_after_its_time(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port, keep_alive=0.2))
    proxy.ask(GET)
    until(lambda: upstream.connections[0].socket.fileno() < 0)


def test_no_more_unused_connections_are_kept_than_configured(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    waiting: list[Connection] = []

    def together(connection: Connection) -> None:
        connection.head()
        waiting.append(connection)
        until(lambda: len(waiting) == 4)
        connection.send(OK)
        connection.rest()

    proxy = make_proxy(config(make_upstream(together).port, connections=2, keep_alive=60))
    clients = [proxy.client() for _ in range(4)]
    for client in clients:
        client.send(GET)
    for client in clients:
        assert client.response()[1] == b"ok"
        client.close()
    gateway = proxy.worker.gateway
    assert len(gateway.monolith) == 2


def test_a_hung_monolith_is_504(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    proxy = make_proxy(config(make_upstream(hang).port, first_byte_timeout=0.2))
    with proxy.client() as client:
        assert client.ask(GET)[0].startswith(b"HTTP/1.1 504 ")
        assert client.ask(GET)[0].startswith(b"HTTP/1.1 504 ")


def test_a_route_may_have_a_time_limit_of_its_own(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    routes = (route(NAME, "/p/", timeout=0.2),)
    proxy = make_proxy(
        config(make_upstream().port, make_upstream(hang).port, routes=routes), snapshot(Stage.RETIRED, NAME)
    )
    assert proxy.ask(GET)[0].startswith(b"HTTP/1.1 504 ")


def test_an_answer_that_stalls_is_cut_off(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    def stall(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        connection.rest()

    proxy = make_proxy(config(make_upstream(stall).port, idle_timeout=0.2))
    with proxy.client() as client:
        client.send(GET)
        assert client.rest().endswith(b"abc")
    assert proxy.log()[0]["error"] == "idle"


def test_safe_work_is_given_up_when_the_client_leaves(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    upstream = make_upstream(hang)
    proxy = make_proxy(config(upstream.port))
    client = proxy.client()
    client.send(GET)
    until(lambda: upstream.connections and upstream.connections[0].received)
    client.close()
    until(lambda: upstream.connections[0].socket.fileno() < 0)
    until(lambda: not proxy.worker.gateway.clients)
    assert proxy.log()[0]["status"] == 499


def test_safe_work_is_given_up_though_the_client_had_left_before_its_upstream_was_connected_to(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    upstream = make_upstream(hang)
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:

        def ask_and_leave() -> None:
            client.send(GET)
            client.half_close()

        # In the worker's own thread, so that it finds both at once.
        proxy.call(ask_and_leave)
        until(lambda: upstream.connections and upstream.connections[0].received)
        until(lambda: upstream.connections[0].socket.fileno() < 0)
        until(lambda: not proxy.worker.gateway.clients)
    assert proxy.log()[0]["status"] == 499


def test_unsafe_work_is_not_given_up_when_the_client_leaves(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    gone: list[bool] = []

    def slow(connection: Connection) -> None:
        connection.head()
        connection.exactly(5)
        until(lambda: gone)
        connection.send(OK)
        connection.rest()

    upstream = make_upstream(slow)
    proxy = make_proxy(config(upstream.port))
    client = proxy.client()
    client.send(POST)
    until(lambda: upstream.connections and upstream.connections[0].received.endswith(b"hello"))
    client.reset()
    gateway = proxy.worker.gateway
    until(lambda: proxy.call(lambda: any(each._closed for each in gateway.clients)))
    gone.append(True)
    until(lambda: not gateway.clients)
    assert len(gateway.monolith) == 1
