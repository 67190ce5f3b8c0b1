"""Time that runs out is held against whoever it was that did not go on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from strangler_proxy.config import Limits

from strangler.resilience import BreakerSettings
from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import OK, Connection, Proxy, RawUpstream, answer, config, route, snapshot
from tests.waiting import until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
BREAKER = BreakerSettings(consecutive_failures=1, open_for=30.0)


def failures(proxy: Proxy) -> list[tuple[str, str]]:
    """The upstream failures counted so far, by upstream and cause."""
    told = proxy.call(proxy.worker.gateway.counts.take_causes)["failures"]
    return [(each["upstream"], each["cause"]) for each in told]


def test_a_client_that_is_told_to_continue_and_does_not_is_the_one_that_stalls(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def go_on(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.rest()

    proxy = make_proxy(
        config(make_upstream(go_on).port, limits=Limits(body_timeout=0.3), breaker=BREAKER, first_byte_timeout=0.3)
    )
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert client.head().startswith(b"HTTP/1.1 100 ")
        assert client.rest().startswith(b"HTTP/1.1 408 ")
    assert failures(proxy) == []
    assert proxy.worker.gateway.monolith.stats(0.0)["breaker"] == "closed"


def test_a_body_that_stalls_behind_an_answer_that_has_begun_is_the_clients(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def early(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        connection.rest()

    proxy = make_proxy(config(make_upstream(early).port, breaker=BREAKER, idle_timeout=0.3))
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12")
        with suppress(ConnectionResetError):
            client.rest()
    assert failures(proxy) == []
    assert proxy.log()[0]["error"] == "client-stalled"


def test_a_request_whose_time_is_over_before_its_turn_comes_is_never_sent(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def hang(connection: Connection) -> None:
        connection.head()
        connection.rest()

    upstream = make_upstream(hang)
    proxy = make_proxy(config(upstream.port, in_flight=1, waiting_timeout=30.0, first_byte_timeout=2.0))
    monolith = proxy.worker.gateway.monolith
    with proxy.client() as first, proxy.client() as second:
        first.send(GET)
        until(lambda: len(upstream.heads) == 1)
        monolith.upstream = replace(monolith.upstream, total_timeout=0.4)
        second.send(b"POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        assert second.response()[0].startswith(b"HTTP/1.1 504 ")
    assert not any(b"/late" in head for head in upstream.heads)
    assert ("monolith", "total") in failures(proxy)


def test_an_upgraded_connection_that_carries_nothing_is_not_held_against_its_upstream(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def upgrade(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
        connection.rest()

    proxy = make_proxy(config(make_upstream(upgrade).port, limits=Limits(tunnel_timeout=0.2)))
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
        client.rest()
    assert failures(proxy) == []
    assert proxy.log()[0]["error"] == "tunnel-idle"


def test_a_request_that_is_sent_again_leaves_a_count_and_a_word(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    served = []

    def once(connection: Connection) -> None:
        connection.head()
        served.append(1)
        connection.send(OK)
        connection.head()
        connection.socket.close()

    proxy = make_proxy(config(make_upstream(once).port))
    with proxy.client() as client:
        assert client.ask(GET)[1] == b"ok"
        assert client.ask(GET)[1] == b"ok"
    assert failures(proxy) == [("monolith", "stale")]
    assert [line.get("error") for line in proxy.log()] == [None, "sent-again"]


def test_a_connection_that_is_closed_for_want_of_requests_is_counted(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(idle_timeout=0.2)))
    with proxy.client() as client:
        assert client.ask(GET)[1] == b"ok"
        assert client.rest() == b""
    assert proxy.worker.gateway.counts.timeouts == {"idle_timeout": 1}


def test_an_answer_of_our_own_to_head_carries_the_requests_id(make_proxy: MakeProxy) -> None:
    proxy = make_proxy(config(1))
    with proxy.client() as client:
        client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        got = client.rest()
    assert got.startswith(b"HTTP/1.1 502 ")
    assert b"\r\nX-Request-Id: %b\r\n" % proxy.log()[0]["id"].encode() in got


def test_dot_segments_are_refused_where_the_configuration_says_so(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    refusing = make_proxy(replace(config(upstream.port), refuse_dot_segments=True))
    for path in (b"/a/../b", b"/./", b"/a/%2e%2E/b", b"/.."):
        with refusing.client() as client:
            client.send(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path)
            assert client.rest().startswith(b"HTTP/1.1 400 ")
    with refusing.client() as client:
        client.send(b"HEAD /a/.. HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.rest().endswith(b"\r\n\r\n")
    assert [(line["method"], line["path"]) for line in refusing.log()][3:] == [("GET", "/.."), ("HEAD", "/a/..")]
    assert refusing.ask(b"GET /a..b/.c HTTP/1.1\r\nHost: a\r\n\r\n")[1] == b"ok"


def test_a_route_may_show_its_candidate_the_monoliths_cookies(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    catalog = make_upstream(
        answer(b"HTTP/1.1 200 OK\r\nSet-Cookie: sessionid=new; Path=/\r\nContent-Length: 0\r\n\r\n")
    )
    proxy = make_proxy(
        config(
            make_upstream().port,
            catalog.port,
            routes=(route("a.shown", "/shown/", private_cookies=True), route("a.kept", "/kept/")),
        ),
        snapshot(Stage.EXTRACTED, "a.shown", "a.kept"),
    )
    for path, shown in ((b"/shown/", True), (b"/kept/", False)):
        head, _ = proxy.ask(b"GET %b HTTP/1.1\r\nHost: a\r\nCookie: sessionid=s\r\n\r\n" % path)
        assert (b"sessionid=new" in head) is shown
        assert (b"sessionid=s" in catalog.heads[-1]) is shown
