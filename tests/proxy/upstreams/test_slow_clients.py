"""Clients that are too slow: whose time is up, what they are told, and that no upstream is blamed for them."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from typing import Any

from strangler_proxy.config import Address, Config, Limits, Upstream
from strangler_proxy.outcome import UNDECIDED

from strangler.resilience import BreakerSettings
from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import Connection, Proxy, answer, config, route, snapshot
from tests.waiting import until

NAME = "catalog.all"
GET = b"GET /c/ HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class NoMatter:
    """Somebody who has a place and does nothing with it."""

    def admitted(self, permit: int) -> None:
        """It has its place already."""

    def refused(self, why: str) -> None:
        """It has its place already."""


def says_nothing(connection: Connection) -> None:
    connection.rest()


def says_continue(connection: Connection) -> None:
    connection.head()
    connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    connection.rest()


def answers_early(connection: Connection) -> None:
    connection.head()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun")
    connection.rest()


def before(make_proxy: MakeProxy, candidate: int, *, limits: Limits | None = None, **values: Any) -> Proxy:
    """A worker with one route, all of it the candidate's, and a breaker that one failure opens."""
    plain: Config = config(1, routes=(route(NAME, "/c/", "GET", "POST"),), limits=limits)
    breaker = BreakerSettings(consecutive_failures=1, open_for=30)
    upstream = Upstream("catalog", Address("127.0.0.1", candidate), breaker=breaker, **values)
    configuration = dataclasses.replace(plain, upstreams={**plain.upstreams, "catalog": upstream})
    return make_proxy(configuration, snapshot(Stage.RETIRED, NAME))


def failures(proxy: Proxy) -> dict[str, int]:
    causes = proxy.call(proxy.worker.gateway.counts.take_causes)
    return {each["cause"]: each["count"] for each in causes["failures"]}


def breaker(proxy: Proxy) -> str:
    return str(proxy.call(lambda: proxy.worker.gateway.pools["catalog"].stats(0.0))["breaker"])


def test_a_client_that_never_sends_the_body_it_was_asked_for_is_not_held_against_the_upstream(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    limits = Limits(body_timeout=0.3)
    proxy = before(make_proxy, make_upstream(says_continue).port, limits=limits, first_byte_timeout=0.2)
    with proxy.client() as client:
        client.send(b"POST /c/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert client.head().startswith(b"HTTP/1.1 100 ")
        assert client.rest().startswith(b"HTTP/1.1 408 ")
    assert proxy.log()[-1]["error"] == "client-stalled"
    assert (failures(proxy), breaker(proxy)) == ({}, "closed")


def test_an_upstream_that_does_not_say_whether_it_wants_a_body_has_hung(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    proxy = before(make_proxy, make_upstream(says_nothing).port, first_byte_timeout=0.2)
    with proxy.client() as client:
        client.send(b"POST /c/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert client.rest().startswith(b"HTTP/1.1 504 ")
    assert (failures(proxy), breaker(proxy)) == ({"timeout": 1}, "open")


def test_a_client_that_stops_sending_while_its_answer_has_begun_is_not_held_against_the_upstream(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    proxy = before(make_proxy, make_upstream(answers_early).port, idle_timeout=0.2)
    with proxy.client() as client:
        client.send(b"POST /c/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
        assert client.head().startswith(b"HTTP/1.1 200 ")
        with suppress(ConnectionError):
            assert client.rest() == b"begun"
    assert proxy.log()[-1]["error"] == "client-stalled"
    assert (failures(proxy), breaker(proxy)) == ({}, "closed")


def test_an_upload_that_outlasts_the_total_time_is_504_and_not_held_against_the_upstream(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    proxy = before(make_proxy, make_upstream(answer()).port, total_timeout=0.3)
    with proxy.client() as client:
        client.send(b"POST /c/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        client.socket.settimeout(0.02)
        got = b""
        for _ in range(500):
            with suppress(ConnectionError):
                client.send(b"x")
            try:
                got = client.rest()
            except TimeoutError:
                continue
            except ConnectionError:
                got = client.received
            break
    assert got.startswith(b"HTTP/1.1 504 ")
    assert proxy.log()[-1]["error"] == "total"
    assert (failures(proxy), breaker(proxy)) == ({}, "closed")


def test_a_request_whose_time_is_over_before_its_turn_came_is_never_sent(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    candidate = make_upstream(answer())
    proxy = before(make_proxy, candidate.port, in_flight=1, total_timeout=0.3, waiting_timeout=10)
    pool = proxy.worker.gateway.pools["catalog"]
    permit = proxy.call(lambda: pool.enter(NoMatter()))
    assert proxy.ask(b"POST /c/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")[0].startswith(b"HTTP/1.1 504 ")
    assert proxy.log()[-1]["error"] == "total"
    assert (candidate.connections, breaker(proxy)) == ([], "closed")
    proxy.call(lambda: pool.leave(permit, UNDECIDED))
    assert proxy.ask(GET)[1] == b"ok"


def test_a_request_that_is_sent_again_on_a_fresh_connection_is_counted(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def once(connection: Connection) -> None:
        connection.head()
        connection.send(OK)
        connection.head()

    proxy = before(make_proxy, make_upstream(once).port, keep_alive=30.0)
    assert proxy.ask(GET)[1] == b"ok"
    assert proxy.ask(GET)[1] == b"ok"
    assert failures(proxy) == {"stale": 1}
    assert [line.get("error") for line in proxy.log()] == [None, "sent-again"]
    assert breaker(proxy) == "closed"


def test_a_client_that_is_slower_than_a_limit_allows_is_counted_by_that_limit(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n" + bytes(50_000_000)
    limits = Limits(head_timeout=0.3, body_timeout=0.3, idle_timeout=0.3, tunnel_timeout=0.3)
    proxy = before(make_proxy, make_upstream(answer(large)).port, limits=limits)
    with (
        proxy.client() as head,
        proxy.client() as idle,
        proxy.client() as body,
        proxy.client(receive_buffer=4096) as reader,
    ):
        head.send(b"GET /c/ HT")
        body.send(b"POST /c/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        reader.send(GET)
        assert idle.ended()
        assert head.rest().startswith(b"HTTP/1.1 408 ")
        assert body.rest().startswith(b"HTTP/1.1 408 ")
        until(lambda: len(proxy.log()) == 3)
    counts = proxy.worker.gateway.counts
    assert proxy.call(lambda: dict(counts.timeouts)) == {"head_timeout": 1, "idle_timeout": 1, "body_timeout": 2}


def test_a_total_time_that_a_slow_reader_has_used_up_is_not_held_against_the_upstream(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n" + bytes(50_000_000)
    proxy = before(make_proxy, make_upstream(answer(large)).port, total_timeout=0.4)
    with proxy.client(receive_buffer=4096) as reader:
        reader.send(GET)
        until(lambda: proxy.log())
    assert proxy.log()[-1]["error"] == "client-stalled"
    assert (failures(proxy), breaker(proxy)) == ({}, "closed")


def test_a_total_time_that_the_upstream_has_used_up_is_held_against_it(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    proxy = before(make_proxy, make_upstream(answers_early).port, total_timeout=0.3)
    with proxy.client() as client:
        client.send(GET)
        assert client.rest().endswith(b"begun")
    assert (failures(proxy), breaker(proxy)) == ({"total": 1}, "open")
