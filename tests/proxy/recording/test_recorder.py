"""A worker takes down what passes, in the background, within its bounds, and only while that is wanted."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from strangler_proxy.config import ShadowSettings
from strangler_proxy.record.order import Order
from strangler_proxy.shadow.passed import Passed

from strangler.toggles import Side, Stage
from tests.proxy.dataplane.raw import Connection, Proxy, RawUpstream, answer, config, route, snapshot
from tests.proxy.recording.conftest import MakeProxy, MakeScene
from tests.proxy.recording.exchanges import an_order
from tests.proxy.shadow.listening import Comparer
from tests.proxy.shadow.scene import GET
from tests.waiting import until


def begin(proxy: Proxy, comparer: Comparer, order: Order | None = None) -> None:
    """Let the worker record."""
    gateway = proxy.worker.gateway

    def begun() -> None:
        gateway.recorder.tell(comparer.path)
        gateway.record(order or an_order())

    proxy.call(begun)
    comparer.wait()


def missed(proxy: Proxy) -> dict[str, int]:
    return dict(proxy.worker.gateway.recorder.missed_by)


def held(proxy: Proxy) -> int:
    return proxy.worker.gateway.recorder.held.bytes


def recorded(comparer: Comparer, count: int = 1) -> list[Passed]:
    """So many exchanges, once they are told."""
    until(lambda: len(comparer.passed) >= count)
    assert len(comparer.passed) == count
    return comparer.passed


@pytest.fixture
def proxy(make_proxy: MakeProxy, monolith: RawUpstream, catalog: RawUpstream) -> Proxy:
    """A worker with the route `p` in stage extracted, and nothing else."""
    given = config(monolith.port, catalog.port, routes=(route("p", "/p/", "GET", "HEAD", "POST"),))
    return make_proxy(given, snapshot(Stage.EXTRACTED, "p"))


def ask(proxy: Proxy, target: str = "/", *lines: str, method: str = "GET", body: str = "") -> tuple[bytes, bytes]:
    framing = f"Content-Length: {len(body)}\r\n" if body else ""
    more = "".join(f"{line}\r\n" for line in lines)
    request = f"{method} {target} HTTP/1.1\r\nHost: shop\r\n{framing}{more}\r\n{body}"
    return proxy.ask(request.encode(), head_only=method == "HEAD")


def test_request_and_answer_are_told_as_they_passed(proxy: Proxy, comparer: Comparer, monolith: RawUpstream) -> None:
    monolith.script = answer(b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\nX-Own: yes\r\n\r\nmade")
    begin(proxy, comparer)
    ask(proxy, "/form/?a=1", "Cookie: sessionid=s", "User-Agent: test", method="POST", body="k=v")
    [told] = recorded(comparer)
    assert (told.order, told.route, told.method, told.target, told.body) == ("one", "", "POST", b"/form/?a=1", b"k=v")
    assert {b"Host: shop", b"Cookie: sessionid=s", b"User-Agent: test"} < set(told.lines)
    assert not told.candidate
    assert (told.answer.status, told.answer.body) == (201, b"made")
    assert b"X-Own: yes" in told.answer.lines
    assert len(told.client) == 16
    assert told.at > 1e9
    until(lambda: not held(proxy))


def test_the_side_that_answered_is_told_with_the_route(proxy: Proxy, comparer: Comparer) -> None:
    begin(proxy, comparer)
    ask(proxy, "/p/")
    ask(proxy, "/elsewhere/")
    routed, other = recorded(comparer, 2)
    assert (routed.route, routed.candidate) == ("p", True)
    assert (other.route, other.candidate) == ("", False)


def test_a_fallback_is_told_as_the_monoliths_answer(proxy: Proxy, comparer: Comparer, catalog: RawUpstream) -> None:
    catalog.script = Connection.reset
    begin(proxy, comparer)
    assert ask(proxy, "/p/")[1] == b"ok"
    [told] = recorded(comparer)
    assert (told.route, told.candidate, told.answer.body) == ("p", False, b"ok")


def test_no_address_of_a_client_is_told(make_proxy: MakeProxy, monolith: RawUpstream, comparer: Comparer) -> None:
    proxy = make_proxy(config(monolith.port))
    begin(proxy, comparer)
    ask(proxy, "/", "X-Forwarded-For: 192.0.2.77", "Forwarded: for=192.0.2.78", "X-Real-IP: 192.0.2.79")
    [told] = recorded(comparer)
    lines = b"\r\n".join(told.lines)
    assert b"127.0.0.1" not in lines
    assert b"192.0.2.77" not in lines
    assert b"192.0.2.78" not in lines
    assert b"X-Forwarded-Proto: http" in told.lines


def test_one_browser_is_one_client_and_another_is_another(proxy: Proxy, comparer: Comparer) -> None:
    begin(proxy, comparer)
    for browser in ("a", "b", "a"):
        ask(proxy, "/", f"User-Agent: {browser}")
    first, other, again = (each.client for each in recorded(comparer, 3))
    assert first == again != other


def test_a_subject_is_one_client_whatever_its_browser(
    make_proxy: MakeProxy, monolith: RawUpstream, comparer: Comparer
) -> None:
    proxy = make_proxy(replace(config(monolith.port), subject=("header:X-User",)))
    begin(proxy, comparer)
    for browser in ("a", "b"):
        ask(proxy, "/", f"User-Agent: {browser}", "X-User: ada")
    first, second = (each.client for each in recorded(comparer, 2))
    assert first == second


def test_bodies_in_chunks_are_told_bare(proxy: Proxy, comparer: Comparer, monolith: RawUpstream) -> None:
    monolith.script = answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    begin(proxy, comparer)
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsent\r\n0\r\n\r\n")
        client.head()
        client.until(b"0\r\n\r\n")
    [told] = recorded(comparer)
    assert (told.body, told.answer.body) == (b"sent", b"abcde")
    assert not any(line.startswith(b"Transfer-Encoding") for line in told.lines)


def test_without_bodies_they_are_left_out_however_long(
    make_proxy: MakeProxy, monolith: RawUpstream, comparer: Comparer
) -> None:
    proxy = make_proxy(config(monolith.port, shadow=ShadowSettings(sample=0.0, body_bytes=1)))
    begin(proxy, comparer, an_order(bodies=False))
    ask(proxy, method="POST", body="long enough")
    [told] = recorded(comparer)
    assert (told.body, told.answer.body) == (b"", b"")
    until(lambda: not held(proxy))


def test_only_the_routes_that_are_wanted_are_told(proxy: Proxy, comparer: Comparer) -> None:
    begin(proxy, comparer, an_order(routes=("p*",)))
    ask(proxy, "/")
    ask(proxy, "/p/")
    assert [each.route for each in recorded(comparer)] == ["p"]
    assert missed(proxy) == {}


def test_a_client_is_drawn_with_all_of_its_requests_or_none(proxy: Proxy, comparer: Comparer) -> None:
    begin(proxy, comparer, an_order(sample=0.5))
    for number in range(40):
        for _ in range(3):
            ask(proxy, "/", f"User-Agent: {number}")
    until(lambda: len(comparer.passed) + missed(proxy).get("sample", 0) == 120)
    by_client: dict[str, int] = {}
    for each in comparer.passed:
        by_client[each.client] = by_client.get(each.client, 0) + 1
    assert set(by_client.values()) == {3}
    assert 5 < len(by_client) < 35


def test_answers_longer_than_a_copys_are_dropped_and_counted(
    make_proxy: MakeProxy, monolith: RawUpstream, comparer: Comparer
) -> None:
    proxy = make_proxy(config(monolith.port, shadow=ShadowSettings(sample=0.0, body_bytes=100)))
    monolith.script = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"x" * 500)
    begin(proxy, comparer)
    assert ask(proxy)[1] == b"x" * 500
    monolith.script = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    ask(proxy, method="POST", body="x" * 101)
    until(lambda: missed(proxy).get("too-long") == 2)
    assert not comparer.passed
    assert held(proxy) == 0


def test_what_the_proxy_answers_itself_is_counted_and_not_told(
    make_proxy: MakeProxy, monolith: RawUpstream, comparer: Comparer
) -> None:
    monolith.script = Connection.reset
    proxy = make_proxy(config(monolith.port))
    begin(proxy, comparer)
    assert ask(proxy)[0].startswith(b"HTTP/1.1 502 ")
    assert missed(proxy) == {"own-answer": 1}
    assert not comparer.passed


def test_an_answer_that_was_cut_off_is_counted_and_not_told(
    proxy: Proxy, comparer: Comparer, monolith: RawUpstream
) -> None:
    def cut_off(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        connection.close()

    monolith.script = cut_off
    begin(proxy, comparer)
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
        client.rest()
    until(lambda: missed(proxy) == {"cut-off": 1})
    assert held(proxy) == 0


def test_a_comparer_that_does_not_read_costs_the_customer_nothing(
    make_proxy: MakeProxy, monolith: RawUpstream, comparer: Comparer
) -> None:
    body = b"x" * 900_000
    monolith.script = answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    proxy = make_proxy(config(monolith.port, shadow=ShadowSettings(sample=0.0, queue=3)))
    comparer.read.clear()
    begin(proxy, comparer)
    for _ in range(20):
        assert ask(proxy)[1] == body
    until(lambda: missed(proxy).get("queue-full", 0) > 0)
    comparer.read.set()
    until(lambda: len(comparer.passed) + missed(proxy)["queue-full"] == 20)
    until(lambda: not held(proxy))


def test_exchanges_hold_no_more_than_is_allowed(
    make_proxy: MakeProxy, monolith: RawUpstream, comparer: Comparer
) -> None:
    proxy = make_proxy(config(monolith.port, shadow=ShadowSettings(sample=0.0, bytes=1000)))
    begin(proxy, comparer)
    ask(proxy)
    ask(proxy)
    until(lambda: missed(proxy).get("bytes", 0) > 0)
    until(lambda: not held(proxy))


def test_while_nobody_listens_what_passes_waits(proxy: Proxy, comparer: Comparer, tmp_path: Path) -> None:
    gateway = proxy.worker.gateway

    def begun() -> None:
        gateway.recorder.tell(tmp_path / "later.sock")
        gateway.record(an_order())

    proxy.call(begun)
    ask(proxy, "/before/")
    later = Comparer(tmp_path / "later.sock")
    try:
        until(lambda: later.passed)
        assert [each.target for each in later.passed] == [b"/before/"]
    finally:
        later.close()


def test_after_its_end_nothing_is_told_and_what_was_is_told_to_the_last(proxy: Proxy, comparer: Comparer) -> None:
    begin(proxy, comparer)
    ask(proxy, "/recorded/")
    proxy.call(lambda: proxy.worker.gateway.record(None))
    ask(proxy, "/after/")
    assert [each.target for each in recorded(comparer)] == [b"/recorded/"]
    assert proxy.worker.gateway.recording is None
    assert missed(proxy) == {}


def test_a_recording_ends_by_itself_when_its_time_is_over(proxy: Proxy, comparer: Comparer) -> None:
    begin(proxy, comparer, an_order(seconds=0.3))
    until(lambda: proxy.worker.gateway.recording is None)
    ask(proxy)
    assert not comparer.passed


def test_an_answer_that_outlives_the_recording_is_counted_and_not_told(
    proxy: Proxy, comparer: Comparer, monolith: RawUpstream
) -> None:
    go = threading.Event()

    def slowly(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        go.wait(30)
        connection.send(b"ok")

    monolith.script = slowly
    begin(proxy, comparer)
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
        client.head()
        proxy.call(lambda: proxy.worker.gateway.record(None))
        go.set()
        client.exactly(2)
    until(lambda: missed(proxy) == {"ended": 1})
    assert not comparer.passed
    assert held(proxy) == 0


def test_the_same_order_told_again_goes_on_and_another_one_begins_anew(proxy: Proxy, comparer: Comparer) -> None:
    begin(proxy, comparer)
    proxy.call(lambda: proxy.worker.gateway.record(an_order()))
    ask(proxy, "/first/")
    proxy.call(lambda: proxy.worker.gateway.record(an_order(id="two")))
    ask(proxy, "/second/")
    assert [(each.order, each.target) for each in recorded(comparer, 2)] == [("one", b"/first/"), ("two", b"/second/")]


def test_copies_are_made_beside_it_as_ever(make_scene: MakeScene, comparer: Comparer, catalog: RawUpstream) -> None:
    scene = make_scene()
    begin(scene.proxy, comparer)
    scene.ask(GET)
    scene.agreed()
    [told] = recorded(comparer)
    assert (told.route, told.candidate) == ("p", False)
    assert len(catalog.heads) == 1
    scene.idle()


def test_an_exchange_that_becomes_no_copy_is_recorded_all_the_same(make_scene: MakeScene, comparer: Comparer) -> None:
    scene = make_scene(shadow={"sample": 0.001}, stage=Stage.CANARY, overrides={"ada": Side.CANDIDATE})
    begin(scene.proxy, comparer)
    scene.ask(GET)
    assert [each.route for each in recorded(comparer)] == ["p"]
    scene.idle()


def test_a_tunnel_is_counted_and_not_told(proxy: Proxy, comparer: Comparer, monolith: RawUpstream) -> None:
    monolith.script = answer(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    begin(proxy, comparer)
    with proxy.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert client.head().startswith(b"HTTP/1.1 101 ")
    until(lambda: missed(proxy) == {"upgraded": 1})


def test_a_worker_that_drains_begins_nothing_new(proxy: Proxy, comparer: Comparer) -> None:
    begin(proxy, comparer)
    gateway = proxy.worker.gateway
    proxy.call(gateway.drain)
    assert gateway.recording is None
    proxy.call(lambda: gateway.record(an_order(id="two")))
    assert gateway.recording is None


def test_an_event_loop_that_is_asyncios_own_will_do(
    make_proxy: MakeProxy, monolith: RawUpstream, comparer: Comparer
) -> None:
    proxy = make_proxy(config(monolith.port), plain_asyncio=True)
    assert isinstance(proxy.loop, asyncio.SelectorEventLoop)
    begin(proxy, comparer)
    ask(proxy)
    recorded(comparer)
