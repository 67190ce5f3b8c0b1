"""Whatever the other side does, a customer is answered as if there were no copies."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from strangler_proxy.config import Address

from strangler.toggles import Stage
from tests.proxy.dataplane.raw import Connection, RawUpstream, answer
from tests.proxy.shadow.conftest import MakeScene, MakeUpstream, connect
from tests.proxy.shadow.listening import Comparer
from tests.proxy.shadow.misbehaving import drips, garbage, half, hangs, hangs_up, lies, unasked_upgrade
from tests.proxy.shadow.scene import GET, POST, Says, Scene
from tests.waiting import until

OK = (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok")


RELEASED = b"HTTP/1.1 200 OK\r\nX-Strangler-Release: 7\r\nContent-Length: 2\r\n\r\nok"
LARGE = {"body_bytes": 1 << 24, "bytes": 1 << 26}
OTHER_SIDES = [hangs, hangs_up, garbage, unasked_upgrade, half, lies, drips]


@pytest.mark.parametrize("script", OTHER_SIDES, ids=lambda script: script.__name__)
def test_a_candidate_that_misbehaves_costs_the_customer_nothing(
    make_scene: MakeScene, catalog: RawUpstream, script: Callable[[Connection], None]
) -> None:
    catalog.script = script
    scene = make_scene(shadow={"timeout": 0.3})
    with scene.client() as client:
        for _ in range(5):
            assert client.ask(GET) == OK
    assert scene.ask(POST) == OK
    if script is lies:
        scene.missing("comparer-full")
    else:
        until(lambda: ("inconclusive", "fallback") in scene.pairs())
    log = scene.proxy.log()
    assert {(line["status"], line.get("error"), line.get("fallback")) for line in log} == {(200, None, None)}
    causes = scene.proxy.call(scene.proxy.worker.gateway.counts.take_causes)
    assert causes == {"fallbacks": [], "failures": [], "refusals": []}
    scene.idle()


def test_an_absent_candidate_costs_the_customer_nothing_and_its_breaker_saves_the_trying(
    make_scene: MakeScene,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    scene = make_scene(upstream={"address": Address("127.0.0.1", port)})
    for _ in range(20):
        assert scene.ask(GET) == OK
    scene.missing("breaker-open")
    scene.missing("no-answer", 5)
    # The customers' own breaker, of the same upstream, knows nothing of it.
    assert scene.proxy.worker.gateway.pools["catalog"].stats(0.0)["connect_failures"]["refused"] == 0


def test_a_monolith_that_hangs_for_copies_costs_the_customers_of_the_candidate_nothing(
    make_scene: MakeScene, monolith: RawUpstream
) -> None:
    monolith.script = hangs
    scene = make_scene(stage=Stage.EXTRACTED, shadow={"timeout": 0.3})
    for _ in range(4):
        assert scene.ask(GET) == OK
    scene.missing("no-answer", 4)
    # Its connections for customers are others.
    assert not scene.proxy.worker.gateway.monolith.stats(0.0)["connections_made"]


def test_a_comparer_that_reads_nothing_costs_the_customer_nothing(
    make_scene: MakeScene, catalog: RawUpstream, comparer: Comparer
) -> None:
    body = b"x" * 900_000
    catalog.script = answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    comparer.read.clear()
    scene = make_scene()
    connect(scene, comparer)
    with scene.client() as client:
        for _ in range(40):
            assert client.ask(GET) == OK
    scene.missing("comparer-full")
    scene.idle()
    comparer.read.set()
    until(lambda: len(comparer.told) > 5)


def test_a_comparer_that_comes_back_is_told_again(
    make_scene: MakeScene, catalog: RawUpstream, comparer: Comparer
) -> None:
    catalog.script = lies
    scene = make_scene()
    connect(scene, comparer)
    scene.ask(GET)
    comparer.first()
    comparer.hang_up()

    def told_again() -> bool:
        assert scene.ask(GET) == OK
        return len(comparer.told) > 1

    until(told_again, every=0.1)


def test_a_stream_passes_at_once_and_is_no_copy(make_scene: MakeScene, monolith: RawUpstream) -> None:
    go = threading.Event()

    def events(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        go.wait(30)
        connection.send(b"data: 2\n\n")

    monolith.script = events
    scene = make_scene()
    with scene.client() as client:
        client.send(GET)
        client.head()
        assert client.until(b"1\n\n\r\n")
        scene.missing("streaming")
        assert not scene.shadow.held.bytes
        go.set()
        assert client.until(b"2\n\n\r\n")


def test_an_answer_without_a_length_is_a_stream_once_it_is_too_long(
    make_scene: MakeScene, monolith: RawUpstream
) -> None:
    def long(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000)

    monolith.script = long
    scene = make_scene(shadow={"body_bytes": 4096})
    assert scene.ask(GET)[1].count(b"x") == 5000
    scene.missing("streaming")
    scene.idle()


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_an_answer_that_is_too_long_passes_and_is_no_copy(
    make_scene: MakeScene, monolith: RawUpstream, framing: str
) -> None:
    body = b"x" * 5000
    monolith.script = answer(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + body
        if framing == "length"
        else b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" + body + b"\r\n0\r\n\r\n"
    )
    scene = make_scene(shadow={"body_bytes": 4096})
    assert body in scene.ask(GET)[1]
    scene.missing("too-long")
    scene.idle()


def test_an_other_side_that_is_too_long_is_no_pair(make_scene: MakeScene, catalog: RawUpstream) -> None:
    catalog.script = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)
    scene = make_scene(shadow={"body_bytes": 4096})
    assert scene.ask(GET) == OK
    scene.missing("too-long")
    scene.idle()


def test_a_customer_that_leaves_makes_no_pair(make_scene: MakeScene, monolith: RawUpstream) -> None:
    sent, go = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha")
        sent.set()
        go.wait(30)
        connection.send(b"lf")

    monolith.script = slow
    scene = make_scene()
    with scene.client() as client:
        client.send(GET)
        client.head()
        assert sent.wait(30)
    scene.missing("client-gone")
    go.set()
    scene.idle()
    assert not scene.catalog.connections


def test_an_answer_that_is_cut_off_makes_no_pair(make_scene: MakeScene, monolith: RawUpstream) -> None:
    monolith.script = half
    scene = make_scene()
    with scene.client() as client:
        client.send(GET)
        client.rest()
    scene.missing("cut-off")
    scene.idle()


def unhurried(scene: Scene) -> Connection:
    """A customer to whom the whole answer is written at once, and who takes it as slowly as it likes."""
    client = scene.client(receive_buffer=4096)
    gateway = scene.proxy.worker.gateway
    until(lambda: len(gateway.clients) == 1)
    (connection,) = gateway.clients
    scene.proxy.call(lambda: connection.transport.set_write_buffer_limits(high=1 << 30))
    client.send(GET)
    until(lambda: gateway.counts.total == 1)
    return client


def test_a_customer_that_takes_its_answer_slowly_is_waited_for(
    make_scene: MakeScene, monolith: RawUpstream, catalog: RawUpstream
) -> None:
    # More than the kernel takes by itself.
    body = b"x" * 12_000_000
    monolith.script = catalog.script = answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    scene = make_scene(shadow=LARGE)
    with unhurried(scene) as client:
        scene.proxy.call(lambda: scene.shadow.tick(0.0))
        assert not catalog.connections
        client.head()
        assert client.exactly(len(body)) == body
        scene.agreed()


def test_a_customer_that_breaks_off_with_its_answer_in_our_hands_makes_no_pair(
    make_scene: MakeScene, monolith: RawUpstream
) -> None:
    body = b"x" * 12_000_000
    monolith.script = answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    scene = make_scene(shadow=LARGE)
    unhurried(scene).reset()
    scene.missing("client-gone")
    scene.idle()
    assert not scene.catalog.connections


def test_a_fallback_is_counted_and_not_compared(
    make_scene: MakeScene, catalog: RawUpstream, monolith: RawUpstream
) -> None:
    catalog.script = answer(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    scene = make_scene(stage=Stage.EXTRACTED)
    assert scene.ask(GET) == OK
    until(lambda: scene.pairs() == {("inconclusive", "fallback"): 1})
    assert len(monolith.heads) == 1
    (evidence,) = scene.batch().scopes.values()
    ((key, tally),) = evidence.pairs.items()
    assert (key.status, key.answering, key.cause, tally.count) == (200, "candidate", "fallback", 1)


def test_what_a_candidate_dies_of_is_counted_with_the_release_that_dies(
    make_scene: MakeScene, catalog: RawUpstream
) -> None:
    says = catalog.script = Says(RELEASED)
    scene = make_scene()
    assert scene.ask(GET) == OK
    scene.agreed()
    catalog.script = hangs_up
    says.response = b""
    until(lambda: scene.ask(GET) == OK and ("inconclusive", "fallback") in scene.pairs())
    (scope,) = scene.batch().scopes
    assert scope.release == "7"


def test_bodies_of_copies_are_those_that_passed(
    make_scene: MakeScene, make_upstream: MakeUpstream, catalog: RawUpstream
) -> None:
    scene = make_scene(writes="sandbox")
    with scene.client() as client:
        client.send(b"PUT /p/ HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n")
        client.send(b"2\r\nde\r\n0\r\nX-T: 1\r\n\r\n")
        assert client.response() == OK
    scene.agreed()
    head, _, body = catalog.received.partition(b"\r\n\r\n")
    assert b"\r\nContent-Length: 5\r\n" in head
    assert b"Transfer-Encoding" not in head
    assert body == b"abcde"
    with scene.client() as client:
        client.send(POST[:-2])
        client.send(POST[-2:])
        assert client.response() == OK
    scene.agreed(2)
    assert catalog.received.endswith(b"\r\n\r\nbody")


def test_an_answer_before_the_end_of_its_request_makes_no_pair(make_scene: MakeScene, monolith: RawUpstream) -> None:
    def early(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n")
        connection.rest()

    monolith.script = early
    scene = make_scene(writes="sandbox")
    with scene.client() as client:
        client.send(b"POST /p/ HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\n\r\nbo")
        assert client.head().startswith(b"HTTP/1.1 400")
    scene.missing("streaming")
    scene.idle()


def test_a_request_that_never_gets_an_answer_leaves_nothing_behind(
    make_scene: MakeScene, monolith: RawUpstream
) -> None:
    monolith.script = hangs_up
    scene = make_scene(writes="sandbox")
    assert scene.ask(POST)[0].startswith(b"HTTP/1.1 502 ")
    assert not scene.shadow.held.bytes
    assert not scene.missed()


def test_plain_requests_of_routes_outside_are_never_held(make_scene: MakeScene) -> None:
    scene = make_scene()
    assert scene.ask(b"GET /other HTTP/1.1\r\nHost: shop\r\n\r\n") == OK
    assert not scene.shadow.held.bytes
    assert not scene.catalog.connections


def test_draining_waits_for_no_copy(make_scene: MakeScene, catalog: RawUpstream) -> None:
    catalog.script = hangs
    scene = make_scene(shadow={"in_flight": 1})
    for _ in range(3):
        assert scene.ask(GET) == OK
    until(lambda: scene.shadow.waiting == 2)
    scene.proxy.drain(30.0)
    scene.missing("draining", 3)
    scene.proxy.close()
    assert not scene.shadow.waiting
    assert not scene.shadow.held.bytes


def test_the_private_cookies_of_a_foreign_candidates_answer_are_not_compared(
    make_scene: MakeScene, catalog: RawUpstream
) -> None:
    catalog.script = answer(b"HTTP/1.1 200 OK\r\nSet-Cookie: sessionid=x\r\nContent-Length: 2\r\n\r\nok")
    scene = make_scene()
    assert scene.ask(GET) == OK
    scene.agreed()


def test_copies_are_sent_by_the_upstreams_own_settings_over_a_pool_of_their_own(make_scene: MakeScene) -> None:
    scene = make_scene()
    lane = scene.shadow.lane("catalog")
    upstream = scene.proxy.worker.gateway.pools["catalog"].upstream
    own = lane.pool.upstream
    assert replace(own, in_flight=0, max_connections=0, connections=0, waiting=0, breaker=None) == replace(
        upstream, in_flight=0, max_connections=0, connections=0, waiting=0, breaker=None
    )
    assert own.breaker is not None


def test_an_answer_given_in_pieces_for_too_long_is_a_stream(make_scene: MakeScene, monolith: RawUpstream) -> None:
    go = threading.Event()

    def drip(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        while not go.wait(0.02):
            connection.send(b"1\r\nb\r\n")
        connection.send(b"0\r\n\r\n")

    monolith.script = drip
    scene = make_scene(shadow={"timeout": 0.2})
    with scene.client() as client:
        client.send(GET)
        client.head()
        scene.missing("streaming")
        go.set()
        assert client.chunks().startswith(b"1\r\na\r\n1\r\nb")


def test_what_is_said_to_the_customer_does_not_depend_on_the_copies(
    make_scene: MakeScene, monolith: RawUpstream
) -> None:
    monolith.script = Says(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nSet-Cookie: a=b\r\nDate: x\r\nContent-Length: 2\r\n\r\nok")
    requests = [
        GET,
        b"HEAD /p/ HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n",
        b"GET /p/ HTTP/1.0\r\n\r\n",
    ]
    said = []
    for sample in (1.0, 0.0):
        scene = make_scene(sample=sample)
        for request in requests:
            with scene.client() as client:
                client.send(request.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\nConnection: close\r\n"))
                said.append(client.rest() if b"HEAD" not in request else client.head())
    assert said[:3] == said[3:]
