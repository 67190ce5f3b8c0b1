"""Who answers: by route, toggle and subject; flips mix no answer; a worker that is told to stop ends what it began."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from strangler_proxy.config import Limits
from strangler_proxy.subject import Subject, Subjects

from strangler.toggles import Stage, bucket
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import KEY, OK, Connection, Proxy, RawUpstream, answer, config, route, snapshot
from tests.waiting import until

NAME = "catalog.list"
GET = b"GET /p/ HTTP/1.1\r\nHost: a\r\n\r\n"


def saying(text: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)


@pytest.fixture
def sides(make_upstream: MakeUpstream) -> tuple[RawUpstream, RawUpstream]:
    """The monolith and the candidate, each saying who it is."""
    return make_upstream(answer(saying(b"monolith"))), make_upstream(answer(saying(b"candidate")))


@pytest.fixture
def routed(make_proxy: MakeProxy, sides: tuple[RawUpstream, RawUpstream]) -> Proxy:
    return make_proxy(config(sides[0].port, sides[1].port, routes=(route(NAME, "/p/"),)))


@pytest.mark.parametrize(
    ("stage", "share", "answered"),
    [
        (Stage.MONOLITH, 0, b"monolith"),
        (Stage.SHADOW, 0, b"monolith"),
        (Stage.CANARY, 0, b"monolith"),
        (Stage.CANARY, 100_000, b"candidate"),
        (Stage.EXTRACTED, 0, b"candidate"),
        (Stage.RETIRED, 0, b"candidate"),
    ],
)
def test_the_stage_decides_who_answers(routed: Proxy, stage: Stage, share: int, answered: bytes) -> None:
    routed.put_into_force(snapshot(stage, NAME, share=share))
    assert routed.ask(GET) == (saying(answered)[: -len(answered)], answered)


@pytest.mark.parametrize(
    "request_line", [b"GET /other/ HTTP/1.1", b"POST /p/ HTTP/1.1", b"GET /p// HTTP/1.1", b"OPTIONS * HTTP/1.1"]
)
def test_what_no_route_takes_is_the_monoliths(routed: Proxy, request_line: bytes) -> None:
    routed.put_into_force(snapshot(Stage.RETIRED, NAME))
    assert routed.ask(request_line + b"\r\nHost: a\r\n\r\n")[1] == b"monolith"


def test_without_a_snapshot_everything_is_the_monoliths(routed: Proxy) -> None:
    assert routed.ask(GET)[1] == b"monolith"


def test_the_candidate_is_asked_for_the_rewritten_path_with_the_query_as_it_came(
    make_proxy: MakeProxy, sides: tuple[RawUpstream, RawUpstream]
) -> None:
    routes = (route(NAME, "/p/<int:id>/", rewrite="/v1/products/<id>"),)
    proxy = make_proxy(config(sides[0].port, sides[1].port, routes=routes), snapshot(Stage.EXTRACTED, NAME))
    proxy.ask(b"GET /p/7/?a=%20&&b? HTTP/1.1\r\nHost: a\r\n\r\n")
    proxy.ask(b"GET /p/8/? HTTP/1.1\r\nHost: a\r\n\r\n")
    assert sides[1].heads[0].startswith(b"GET /v1/products/7?a=%20&&b? HTTP/1.1\r\n")
    assert sides[1].heads[1].startswith(b"GET /v1/products/8? HTTP/1.1\r\n")


def test_a_new_subject_of_a_canary_gets_our_cookie_and_stays_on_its_side(routed: Proxy) -> None:
    routed.put_into_force(snapshot(Stage.CANARY, NAME, share=50_000))
    for _ in range(8):
        head, first = routed.ask(GET)
        cookies = [line for line in head.split(b"\r\n") if line.startswith(b"Set-Cookie: strangler_subject=v1.")]
        assert len(cookies) == 1
        cookie = cookies[0].removeprefix(b"Set-Cookie: ").partition(b";")[0]
        for _ in range(3):
            head, again = routed.ask(GET[:-2] + b"Cookie: " + cookie + b"\r\n\r\n")
            assert again == first
            assert b"Set-Cookie" not in head


def test_an_answer_that_sets_our_cookie_is_kept_out_of_shared_caches(
    make_proxy: MakeProxy, sides: tuple[RawUpstream, RawUpstream]
) -> None:
    cached = answer(b"HTTP/1.1 200 OK\r\nCache-Control: public, max-age=5\r\nContent-Length: 0\r\n\r\n")
    sides[0].script = sides[1].script = cached
    proxy = make_proxy(config(sides[0].port, sides[1].port, routes=(route(NAME, "/p/"),)))
    proxy.put_into_force(snapshot(Stage.CANARY, NAME, share=50_000))
    head, _ = proxy.ask(GET)
    assert b"Cache-Control: public, max-age=5\r\n" in head
    assert b"\r\nCache-Control: private\r\n" in head
    cookie = head.partition(b"Set-Cookie: ")[2].partition(b";")[0]
    head, _ = proxy.ask(GET[:-2] + b"Cookie: " + cookie + b"\r\n\r\n")
    assert b"Cache-Control: private" not in head


def test_a_candidate_cannot_set_our_cookie(make_proxy: MakeProxy, sides: tuple[RawUpstream, RawUpstream]) -> None:
    sides[1].script = answer(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: strangler_subject=theirs\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"
    )
    routes = (route(NAME, "/p/"),)
    proxy = make_proxy(config(sides[0].port, sides[1].port, routes=routes), snapshot(Stage.EXTRACTED, NAME))
    head, _ = proxy.ask(GET)
    assert b"strangler_subject" not in head
    assert b"Set-Cookie: a=1\r\n" in head


def test_a_candidate_neither_sees_nor_sets_the_control_rooms_cookie(
    make_proxy: MakeProxy, sides: tuple[RawUpstream, RawUpstream]
) -> None:
    sides[1].script = answer(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: strangler_session=theirs; Path=/room\r\nContent-Length: 0\r\n\r\n"
    )
    routes = (route(NAME, "/p/"),)
    proxy = make_proxy(config(sides[0].port, sides[1].port, routes=routes), snapshot(Stage.EXTRACTED, NAME))
    head, _ = proxy.ask(GET[:-2] + b"Cookie: a=1; strangler_session=an-operators\r\n\r\n")
    assert b"strangler_session" not in head
    assert b"strangler_session" not in sides[1].heads[0]
    assert b"Cookie: a=1\r\n" in sides[1].heads[0]


def test_a_share_counts_the_subjects_that_its_bucket_function_says(routed: Proxy) -> None:
    routed.put_into_force(snapshot(Stage.CANARY, NAME, share=30_000))
    subjects = Subjects(KEY)
    for number in range(50):
        value = f"{number:022d}"
        cookie = subjects.set_cookie(Subject(value), secure=False).partition(b";")[0]
        _, body = routed.ask(GET[:-2] + b"Cookie: " + cookie + b"\r\n\r\n")
        assert body == (b"candidate" if bucket("catalog", value) < 30_000 else b"monolith")


def test_outside_a_canary_nobody_gets_a_cookie(routed: Proxy) -> None:
    for stage in (Stage.MONOLITH, Stage.EXTRACTED):
        routed.put_into_force(snapshot(stage, NAME))
        assert b"Set-Cookie" not in routed.ask(GET)[0]


def test_a_hundred_flips_under_clients_lose_no_request_and_mix_no_answer(routed: Proxy) -> None:
    stages = [snapshot(Stage.MONOLITH, NAME), snapshot(Stage.EXTRACTED, NAME, revision=2)]
    stop = threading.Event()
    seen: list[set[bytes]] = []
    problems: list[str] = []

    def browse() -> None:
        mine: set[bytes] = set()
        seen.append(mine)
        with routed.client() as client:
            while not stop.is_set():
                head, body = client.ask(GET)
                mine.add(body)
                if head + body not in (saying(b"monolith"), saying(b"candidate")):
                    problems.append(repr(head + body))

    def all_saw(body: bytes) -> bool:
        return all(body in mine for mine in seen)

    clients = [threading.Thread(target=browse) for _ in range(8)]
    for client in clients:
        client.start()
    for number in range(100):
        routed.put_into_force(stages[number % 2])
    for stage, body in zip(stages, (b"monolith", b"candidate"), strict=True):
        routed.put_into_force(stage)
        for mine in seen:
            mine.clear()
        until(partial(all_saw, body))
    stop.set()
    for client in clients:
        client.join(10)
    assert not problems
    assert len(seen) == 8
    assert all(line["status"] == 200 for line in routed.log())


def test_a_draining_worker_ends_what_it_began_and_takes_nothing_new(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    go_on = threading.Event()

    def slow(connection: Connection) -> None:
        while True:
            if b"/quick" not in connection.head():
                assert go_on.wait(10)
            connection.send(OK)

    upstream = make_upstream(slow)
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as busy, proxy.client() as unused, proxy.client() as recent:
        recent.ask(b"GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
        busy.send(GET)
        until(lambda: GET[:10] in upstream.received)
        proxy.drain(grace=10)
        until(lambda: proxy.worker.gateway.draining)
        assert recent.ask(b"GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")[0].endswith(b"\r\nConnection: close\r\n\r\n")
        assert unused.ended()
        with pytest.raises(ConnectionRefusedError):
            proxy.client()
        go_on.set()
        head, body = busy.response()
        assert b"\r\nConnection: close\r\n" in head
        assert body == b"ok"
        assert busy.ended()


def test_a_draining_worker_does_not_wait_for_ever(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    upstream = make_upstream(lambda connection: void(connection.rest()))
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        client.send(GET)
        until(lambda: upstream.connections and upstream.connections[0].received)
        proxy.drain(grace=0.1)
        assert client.ended()


def void(_: object) -> None:
    pass


def test_the_access_log_has_a_line_a_request_without_query_or_header_values(routed: Proxy) -> None:
    routed.put_into_force(snapshot(Stage.EXTRACTED, NAME))
    routed.ask(b"GET /p/?secret=1 HTTP/1.1\r\nHost: a\r\nCookie: secret=2\r\nX-Request-Id: r-1\r\n\r\n")
    routed.ask(b'GET /"\\\xc3\xa4\xff?secret HTTP/1.1\r\nHost: a\r\n\r\n')
    first, second = routed.log()
    assert set(first) == {"time", "method", "path", "status", "route", "side", "upstream", "ms", "id"}
    assert (first["method"], first["path"], first["status"], first["id"]) == ("GET", "/p/", 200, "r-1")
    assert (first["route"], first["side"], first["upstream"]) == (NAME, "candidate", "catalog")
    assert (second["path"], second["route"]) == ('/"\\ä\\xff', "-")
    assert "secret" not in routed.log_text()


def test_many_unused_connections_end_by_their_limit(
    make_proxy: MakeProxy, sides: tuple[RawUpstream, RawUpstream]
) -> None:
    proxy = make_proxy(config(sides[0].port, limits=Limits(idle_timeout=0.5)))
    clients = [proxy.client() for _ in range(200)]
    assert all(client.ended() for client in clients)
    for client in clients:
        client.close()
    until(lambda: not proxy.worker.gateway.clients)
