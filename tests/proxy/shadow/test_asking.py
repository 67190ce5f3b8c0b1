"""Who is asked with a copy, when, and with what."""

from __future__ import annotations

import threading

import pytest
from strangler_proxy.config import Address, Upstream

from strangler.toggles import Side, Stage
from tests.proxy.dataplane.raw import Connection, RawUpstream, answer, snapshot
from tests.proxy.shadow.conftest import MakeScene, MakeUpstream, connect
from tests.proxy.shadow.listening import Comparer
from tests.proxy.shadow.scene import GET, POST, Says
from tests.waiting import until


def lines(head: bytes) -> list[bytes]:
    return head.split(b"\r\n")


def get(*headers: bytes, target: bytes = b"/p/") -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: shop", *headers, b"", b""])


def copy_of(upstream: RawUpstream) -> list[bytes]:
    """The lines of the first request that an upstream was sent."""
    until(lambda: bool(upstream.heads))
    return lines(upstream.heads[0])


def test_in_shadow_the_candidate_is_asked_the_same_and_the_answers_agree(
    make_scene: MakeScene, monolith: RawUpstream, catalog: RawUpstream
) -> None:
    scene = make_scene()
    head, body = scene.ask(GET)
    assert (head, body) == (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok")
    scene.agreed()
    assert [lines(each)[0] for each in catalog.heads] == [b"GET /p/ HTTP/1.1"]
    assert b"X-Strangler-Shadow: read" in copy_of(catalog)
    assert b"X-Strangler-Shadow" not in monolith.received
    scene.idle()


def test_the_copy_is_sent_once_the_customer_has_the_whole_answer(
    make_scene: MakeScene, make_upstream: MakeUpstream, catalog: RawUpstream
) -> None:
    half, go = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha")
        half.set()
        go.wait(30)
        connection.send(b"lf")
        connection.head()

    scene = make_scene()
    scene.monolith.script = slow
    with scene.client() as client:
        client.send(GET)
        client.head()
        assert client.exactly(2) == b"ha"
        assert half.wait(30)
        scene.proxy.call(lambda: None)
        assert not catalog.connections
        go.set()
        assert client.exactly(2) == b"lf"
        until(lambda: bool(catalog.heads))


def test_the_copy_has_the_customers_lines_and_what_an_upstream_is_told_of_it(
    make_scene: MakeScene, monolith: RawUpstream, catalog: RawUpstream
) -> None:
    scene = make_scene()
    scene.ask(get(b"Accept-Encoding: gzip", b"X-Odd:  value ", b"X-Request-Id: 7"))
    scene.agreed()
    sent = [line for line in lines(monolith.heads[0]) if line]
    copied = [line for line in copy_of(catalog) if line]
    assert copied == [*sent, b"X-Strangler-Shadow: read"]
    assert any(line.startswith(b"Via: 1.1 strangler-") for line in copied)
    assert b"X-Forwarded-For: 127.0.0.1" in copied


def test_conditions_ranges_and_expectations_stay_behind(make_scene: MakeScene, catalog: RawUpstream) -> None:
    scene = make_scene()
    scene.ask(
        get(
            b'If-None-Match: "a"',
            b"if_modified_since: x",
            b"Range: bytes=0-1",
            b'If-Range: "b"',
            b"Expect: 100-continue",
        )
    )
    scene.agreed()
    sent = b"\n".join(copy_of(catalog)).lower()
    assert not [name for name in (b"if-", b"if_", b"range", b"expect") if name in sent]


def test_a_marker_of_a_client_is_nobodys_word(
    make_scene: MakeScene, monolith: RawUpstream, catalog: RawUpstream
) -> None:
    scene = make_scene()
    scene.ask(get(b"X-Strangler-Shadow: sandbox", b"X_Strangler_Shadow: sandbox"))
    scene.agreed()
    assert b"sandbox" not in monolith.received + catalog.received
    assert copy_of(catalog).count(b"X-Strangler-Shadow: read") == 1


def test_the_candidate_does_not_see_the_monoliths_cookies(
    make_scene: MakeScene, monolith: RawUpstream, catalog: RawUpstream
) -> None:
    scene = make_scene()
    scene.ask(get(b"Cookie: sessionid=secret; theme=dark"))
    scene.agreed()
    assert b"sessionid=secret" in monolith.received
    assert b"sessionid" not in catalog.received
    assert b"Cookie: theme=dark" in [line.replace(b":  ", b": ") for line in copy_of(catalog)]


@pytest.mark.parametrize("kind", ["trusted", "private_cookies"])
def test_a_trusted_candidate_sees_them(make_scene: MakeScene, catalog: RawUpstream, kind: str) -> None:
    scene = make_scene(upstream={"trusted": True}) if kind == "trusted" else make_scene(private_cookies=True)
    scene.ask(get(b"Cookie: sessionid=secret"))
    scene.agreed()
    assert b"Cookie: sessionid=secret" in copy_of(catalog)


def test_a_rewrite_is_asked_for(make_scene: MakeScene, catalog: RawUpstream, monolith: RawUpstream) -> None:
    scene = make_scene(path="/p/<int:id>/", rewrite="/v1/things/<id>")
    scene.ask(get(target=b"/p/7/?x=%20"))
    scene.agreed()
    assert lines(monolith.heads[0])[0] == b"GET /p/7/?x=%20 HTTP/1.1"
    assert copy_of(catalog)[0] == b"GET /v1/things/7?x=%20 HTTP/1.1"


def test_where_the_candidate_answers_the_monolith_is_asked(
    make_scene: MakeScene, catalog: RawUpstream, monolith: RawUpstream
) -> None:
    scene = make_scene(stage=Stage.EXTRACTED, rewrite="/v1")
    scene.ask(get(b"Cookie: sessionid=secret"))
    scene.agreed()
    assert lines(catalog.heads[0])[0] == b"GET /v1 HTTP/1.1"
    sent = copy_of(monolith)
    assert sent[0] == b"GET /p/ HTTP/1.1"
    assert {b"Cookie: sessionid=secret", b"X-Strangler-Shadow: read"} <= set(sent)
    (evidence,) = scene.batch().scopes.values()
    (key,) = evidence.pairs
    assert (key.stage, key.answering) == ("extracted", "candidate")
    # No customer gets the monolith's answer now, so that this time is like none of its.
    assert set(evidence.latency) == {("candidate", "alone"), ("monolith", "second")}


@pytest.mark.parametrize("side", [Side.MONOLITH, Side.CANDIDATE])
def test_in_a_canary_the_other_side_is_asked_whichever_answers(
    make_scene: MakeScene, catalog: RawUpstream, monolith: RawUpstream, side: Side
) -> None:
    scene = make_scene(
        stage=Stage.CANARY, share=50_000, overrides={"me": side}, settings={"subject": ("header:X-Who",)}
    )
    scene.ask(get(b"X-Who: me"))
    scene.agreed()
    answering, other = (monolith, catalog) if side is Side.MONOLITH else (catalog, monolith)
    assert b"X-Strangler-Shadow" not in answering.received
    assert b"X-Strangler-Shadow: read" in copy_of(other)
    (evidence,) = scene.batch().scopes.values()
    (key,) = evidence.pairs
    assert (key.stage, key.answering) == ("canary", side.value)
    assert (side.value, "first") in evidence.latency


@pytest.mark.parametrize("stage", [Stage.MONOLITH, Stage.RETIRED])
def test_in_other_stages_nobody_else_is_asked(make_scene: MakeScene, stage: Stage) -> None:
    scene = make_scene(stage=stage)
    scene.ask(GET)
    scene.ask(GET)
    assert not scene.shadow.lanes
    assert not scene.shadow.held.bytes
    assert not (scene.monolith.connections and scene.catalog.connections)


def test_a_route_with_no_share_or_no_twin_is_never_copied(make_scene: MakeScene) -> None:
    for more in ({"sample": 0.0}, {"twin": False}):
        scene = make_scene(**more)
        scene.ask(GET)
        assert not scene.shadow.lanes


def test_a_flip_back_lets_go_of_what_waits_and_asks_no_more(make_scene: MakeScene, catalog: RawUpstream) -> None:
    go = threading.Event()
    catalog.script = lambda connection: (connection.head(), go.wait(30), None)[2]
    scene = make_scene(shadow={"in_flight": 1})
    scene.ask(GET)
    scene.ask(GET)
    until(lambda: scene.shadow.waiting == 1)
    scene.proxy.put_into_force(snapshot(Stage.MONOLITH, "p", revision=2))
    scene.missing("draining", 2)
    scene.idle()
    scene.ask(GET)
    assert not scene.shadow.lanes
    go.set()


def test_head_and_odd_statuses_are_compared_like_anything_else(
    make_scene: MakeScene, monolith: RawUpstream, catalog: RawUpstream
) -> None:
    says = monolith.script = catalog.script = Says(b"")
    scene = make_scene()
    for count, response in enumerate(
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
            b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ),
        start=1,
    ):
        says.response = response
        with scene.client() as client:
            client.send(b"HEAD /p/ HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
            client.rest()
        scene.agreed(count)


def test_chunks_trailers_and_ends_by_close_are_compared_by_what_they_carry(
    make_scene: MakeScene, monolith: RawUpstream, catalog: RawUpstream
) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;ext=1\r\nok\r\n1\r\n!\r\n0\r\nX-T: 1\r\n\r\n"

    def in_chunks(connection: Connection) -> None:
        connection.head()
        connection.send(chunked)

    def until_close(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nok!")

    monolith.script, catalog.script = in_chunks, until_close
    scene = make_scene()
    assert scene.ask(GET)[1] == b"2\r\nok\r\n1\r\n!\r\n0\r\nX-T: 1\r\n\r\n"
    scene.agreed()
    # The other way round, and to a client that knows no chunks.
    monolith.script, catalog.script = until_close, in_chunks
    with scene.client() as client:
        client.send(b"GET /p/ HTTP/1.0\r\nHost: shop\r\n\r\n")
        assert client.rest().endswith(b"\r\n\r\nok!")
    scene.agreed(2)


def test_requests_behind_each_other_are_each_copied(make_scene: MakeScene, catalog: RawUpstream) -> None:
    scene = make_scene()
    with scene.client() as client:
        client.send(b"".join(get(target=b"/p/?n=%d" % number) for number in range(5)))
        for _ in range(5):
            assert client.response()[1] == b"ok"
    scene.agreed(5)
    assert {head.split(b" ")[1] for head in catalog.heads} == {b"/p/?n=%d" % number for number in range(5)}


def test_a_stale_connection_costs_no_pair(make_scene: MakeScene, catalog: RawUpstream) -> None:
    def once(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    catalog.script = once
    scene = make_scene()
    for count in range(1, 4):
        scene.ask(GET)
        scene.agreed(count)
    assert not scene.missed()


def test_a_copy_that_comes_back_is_refused_and_not_copied_again(make_scene: MakeScene, catalog: RawUpstream) -> None:
    seen: list[bytes] = []

    def back(connection: Connection) -> None:
        request = connection.head()
        with Connection.to(port[0]) as proxy:
            seen.append(proxy.ask(request)[0])
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    port: list[int] = []
    catalog.script = back
    scene = make_scene()
    port.append(scene.proxy.port)
    scene.ask(GET)
    scene.agreed()
    assert seen[0].startswith(b"HTTP/1.1 508 ")
    assert len(catalog.heads) == 1


def test_what_differs_is_told_with_everything_that_asking_again_takes(
    make_scene: MakeScene, catalog: RawUpstream, comparer: Comparer
) -> None:
    catalog.script = answer(
        b"HTTP/1.1 201 Made\r\nX-Strangler-Release: v2\r\nSet-Cookie: sessionid=stolen\r\nX-A: b\r\n"
        b"Content-Length: 3\r\n\r\nno!"
    )
    scene = make_scene(settings={"subject": ("header:X-Who",)}, rewrite="/v1/")
    connect(scene, comparer)
    head, body = scene.ask(get(b"Cookie: sessionid=secret; a=b", b"X-Who: me", target=b"/p/?q=1"))
    assert body == b"ok"
    assert b"v2" not in head
    told = comparer.first()
    assert (told.route, told.template, told.stage, told.answering) == ("p", "/p/", "shadow", "monolith")
    assert (told.method, told.target, told.candidate_target) == ("GET", b"/p/?q=1", b"/v1/?q=1")
    assert (told.release, told.group, told.withheld, told.strategy) == ("v2", "credentials", True, "")
    assert (told.old.status, told.old.lines, told.old.body) == (200, [b"Content-Length: 2"], b"ok")
    assert (told.new.status, told.new.lines, told.new.body) == (201, [b"X-A: b", b"Content-Length: 3"], b"no!")
    assert b"Cookie: sessionid=secret; a=b" in told.request_lines
    assert b"X-Forwarded-For: 127.0.0.1" in told.request_lines
    assert b"sessionid" not in b"".join(told.candidate_lines)
    assert told.again is None
    assert len(told.subject) == 16
    assert 0 < told.new.seconds < 30
    assert not scene.pairs()
    # What both sides took and who asked is counted here all the same.
    (evidence,) = scene.batch().scopes.values()
    assert {place: histogram.count for place, histogram in evidence.latency.items()} == {
        ("monolith", "alone"): 1,
        ("candidate", "second"): 1,
    }
    assert evidence.distinct["subjects"].estimate() == evidence.distinct["targets"].estimate() == 1
    assert evidence.parameters == {"/p/": {"q": 1}}
    scene.idle()


def test_a_second_instance_is_asked_at_the_same_time(
    make_scene: MakeScene, make_upstream: MakeUpstream, catalog: RawUpstream, comparer: Comparer
) -> None:
    second = make_upstream(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhm"))
    again = Upstream("again", Address("127.0.0.1", second.port), trusted=True)
    says = catalog.script = Says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    scene = make_scene(shadow={"second": "again"}, upstreams={"again": again}, writes="sandbox")
    connect(scene, comparer)
    scene.ask(get(b"Cookie: sessionid=secret"))
    scene.agreed()
    (evidence,) = scene.batch().scopes.values()
    assert (evidence.asked, evidence.changed) == (1, 1)
    assert {b"Cookie: sessionid=secret", b"X-Strangler-Shadow: read"} <= set(copy_of(second))
    says.response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"
    scene.ask(GET)
    told = comparer.first()
    assert told.again is not None
    assert told.again.body == b"hm"
    # Never with a write.
    asked = len(second.heads)
    scene.ask(POST)
    until(lambda: len(comparer.told) == 2)
    assert len(second.heads) == asked
    assert comparer.told[1].again is None
    scene.idle()


def test_of_agreeing_pairs_the_monolith_is_asked_once_more_as_often_as_is_wanted(
    make_scene: MakeScene, monolith: RawUpstream
) -> None:
    scene = make_scene(shadow={"recheck": 1.0})
    scene.ask(GET)
    until(lambda: len(monolith.heads) == 2)
    assert b"X-Strangler-Shadow: read" in lines(monolith.heads[1])
    scene.idle()
    (evidence,) = scene.batch().scopes.values()
    assert (evidence.asked, evidence.changed) == (1, 0)
    assert evidence.latency["monolith", "again"].count == 1
