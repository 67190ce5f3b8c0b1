"""What does not fit is dropped and counted."""

from __future__ import annotations

import threading

import pytest
from strangler_proxy.shadow.kept import Held, Kept

from strangler.evidence import Missed
from tests.proxy.dataplane.raw import Connection, RawUpstream, answer
from tests.proxy.shadow.conftest import MakeScene
from tests.proxy.shadow.scene import GET, POST
from tests.waiting import until


@pytest.fixture
def go(catalog: RawUpstream) -> threading.Event:
    """The candidate answers once this is set."""
    go = threading.Event()

    def waits(connection: Connection) -> None:
        while True:
            connection.head()
            go.wait(30)
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    catalog.script = waits
    return go


def test_so_many_are_under_way_and_so_many_wait(
    make_scene: MakeScene, catalog: RawUpstream, go: threading.Event
) -> None:
    scene = make_scene(shadow={"in_flight": 2, "queue": 3})
    for _ in range(9):
        scene.ask(GET)
    until(lambda: sum(scene.missed().values()) == 4)
    assert scene.missed() == {"queue-full": 4}
    assert (scene.shadow.waiting, scene.shadow.lane("catalog").under_way) == (3, 2)
    until(lambda: len(catalog.heads) == 2)
    go.set()
    scene.agreed(5)
    scene.idle()
    assert scene.batch().never_paired == {("p", "queue-full"): 4}


def test_all_copies_together_hold_so_many_bytes(
    make_scene: MakeScene, monolith: RawUpstream, go: threading.Event
) -> None:
    body = b"x" * 40_000
    monolith.script = answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    scene = make_scene(shadow={"in_flight": 1, "bytes": 100_000, "body_bytes": 65_536})
    for _ in range(5):
        assert scene.ask(GET)[1] == body
    scene.missing("bytes", 3)
    assert 80_000 < scene.shadow.held.bytes <= 100_000
    go.set()
    scene.idle()


def test_answers_on_their_way_count_as_well(make_scene: MakeScene, monolith: RawUpstream) -> None:
    parts, go = threading.Semaphore(0), threading.Event()

    def half(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + b"x" * 40_000)
        parts.release()
        go.wait(30)
        connection.send(b"x" * 20_000)

    monolith.script = half
    scene = make_scene(shadow={"bytes": 100_000, "body_bytes": 65_536})
    clients = [scene.client() for _ in range(3)]
    for client in clients:
        client.send(GET)
        client.head()
        client.exactly(40_000)
    scene.missing("bytes")
    assert scene.shadow.held.bytes <= 100_000
    go.set()
    for client in clients:
        assert client.exactly(20_000) == b"x" * 20_000
        client.close()
    until(lambda: sum(scene.missed().values()) == 3 or bool(scene.pairs()) or len(scene.catalog.heads) >= 1)


def test_so_many_a_second_are_sent_to_one_upstream(make_scene: MakeScene, catalog: RawUpstream) -> None:
    scene = make_scene(shadow={"rate": 3})
    for _ in range(12):
        scene.ask(GET)
    until(lambda: scene.pairs().get(("agree", ""), 0) + scene.missed().get("rate", 0) == 12)
    assert len(catalog.heads) >= 3
    assert scene.missed()["rate"] >= 3


def test_a_body_that_came_in_pieces_is_held_once() -> None:
    kept = Kept(Held(100), 100)
    for piece in (b"abc", b"def"):
        kept.add(piece)
    assert kept.whole() == b"abcdef"
    assert kept.whole() is kept.whole()
    assert [piece is kept.whole() for piece in kept.pieces] == [True]
    kept.release()
    assert (kept.whole(), kept.size) == (b"", 0)


def test_what_was_sent_and_is_not_sent_again_is_held_no_longer(make_scene: MakeScene, go: threading.Event) -> None:
    scene = make_scene(writes="sandbox")
    scene.ask(POST)
    until(lambda: [errand._request for errand in scene.shadow.lane("catalog").errands] == [b""])
    go.set()
    scene.agreed()


def test_a_copy_has_so_much_time(make_scene: MakeScene, go: threading.Event) -> None:
    scene = make_scene(shadow={"timeout": 0.2})
    scene.ask(GET)
    until(lambda: scene.pairs() == {("inconclusive", "fallback"): 1})
    scene.idle()
    go.set()


def test_while_the_other_side_is_slower_than_usual_it_is_left_alone(make_scene: MakeScene) -> None:
    scene = make_scene()
    pace = scene.shadow.lane("catalog").pace

    def slow_down() -> None:
        # As in test_pace: fast for a while, then slow.
        for tenth in range(300):
            pace.add(0.01, tenth / 10)
        for tenth in range(300, 400):
            pace.add(0.1, tenth / 10)
        pace.admits(41.0)

    scene.proxy.call(slow_down)
    assert pace.halted
    for _ in range(6):
        scene.ask(GET)
    scene.missing("slowed", 5)


def test_conditions_that_were_met_and_parts_are_nothing_to_compare_with(
    make_scene: MakeScene, monolith: RawUpstream, catalog: RawUpstream
) -> None:
    for status, header, cause in (
        (b"304 Not Modified", b"If-None-Match: x", Missed.CONDITIONAL),
        (b"412 Failed", b"If-Match: x", Missed.CONDITIONAL),
        (b"206 Partial Content", b"Range: bytes=0-0", Missed.RANGE),
        (b"416 Range Not Satisfiable", b"Range: bytes=9-", Missed.RANGE),
    ):
        monolith.script = answer(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        scene = make_scene()
        scene.ask(b"GET /p/ HTTP/1.1\r\nHost: shop\r\n" + header + b"\r\n\r\n")
        scene.missing(cause.value)
        # The same answer to whoever asked without is an answer like any other.
        scene.ask(GET)
        until(lambda scene=scene: len(scene.catalog.heads) > 0)  # type: ignore[misc]
