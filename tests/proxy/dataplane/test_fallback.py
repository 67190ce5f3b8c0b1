"""When the monolith answers in the candidate's place, and who decides it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest
from strangler_proxy.config import Address, Config, Upstream
from strangler_proxy.downstream import ClientConnection
from strangler_proxy.forward import Exchange

from strangler.toggles import Side, Snapshot, Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import (
    Connection,
    Proxy,
    RawUpstream,
    Script,
    answer,
    config,
    route,
    snapshot,
)
from tests.waiting import until

NAME = "catalog.list"
ROUTES = (route(NAME, "/p/", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"),)
FROM_MONOLITH = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nmonolith"
GET = b"GET /p/?q=1 HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /p/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"


def refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def status(code: int) -> Script:
    return answer(b"HTTP/1.1 %d Failing\r\nContent-Length: 9\r\n\r\ncandidate" % code)


def reset(connection: Connection) -> None:
    connection.head()
    connection.reset()


def close(connection: Connection) -> None:
    connection.head()


def hang(connection: Connection) -> None:
    connection.rest()


def garbage(connection: Connection) -> None:
    connection.head()
    connection.send(b"SSH-2.0\r\n\r\n")


def half_a_head(connection: Connection) -> None:
    connection.head()
    connection.send(b"HTTP/1.1 200 OK\r\nConte")


FAILURES: dict[str, tuple[Script, int, str]] = {
    "status-502": (status(502), 502, "status-502"),
    "status-503": (status(503), 503, "status-503"),
    "status-504": (status(504), 504, "status-504"),
    "reset": (reset, 502, "reset"),
    "closed": (close, 502, "reset"),
    "hung": (hang, 504, "timeout"),
    "garbage": (garbage, 502, "garbage"),
    "half a head": (half_a_head, 502, "reset"),
}

Setup = Callable[[int, Stage], Proxy]


@pytest.fixture
def monolith(make_upstream: MakeUpstream) -> RawUpstream:
    return make_upstream(answer(FROM_MONOLITH))


@pytest.fixture
def setup(make_proxy: MakeProxy, monolith: RawUpstream) -> Setup:
    def make(candidate: int, stage: Stage = Stage.EXTRACTED) -> Proxy:
        configuration = config(monolith.port, candidate, routes=ROUTES, first_byte_timeout=0.3)
        return make_proxy(configuration, snapshot(stage, NAME, share=100_000))

    return make


@pytest.mark.parametrize("stage", [Stage.EXTRACTED, Stage.CANARY])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_safe_request_falls_back_to_the_monolith(
    setup: Setup, make_upstream: MakeUpstream, monolith: RawUpstream, failure: str, stage: Stage
) -> None:
    script, _, cause = FAILURES[failure]
    candidate = make_upstream(script)
    proxy = setup(candidate.port, stage)
    assert proxy.ask(GET) == (FROM_MONOLITH[:-8], b"monolith")
    assert monolith.heads[0].startswith(b"GET /p/?q=1 HTTP/1.1\r\nHost: a\r\n")
    assert len(candidate.connections) == 1
    line = proxy.log()[0]
    assert (line["status"], line["side"], line["upstream"], line["fallback"]) == (200, "monolith", "monolith", cause)
    count = proxy.counts()[0]
    assert (count["route"], count["side"], count["count"], count["fallbacks"]) == (NAME, "monolith", 1, 1)


@pytest.mark.parametrize("asked", [POST, GET.replace(b"Host", b"X-HTTP-Method-Override: DELETE\r\nHost")])
@pytest.mark.parametrize("failure", FAILURES)
def test_an_unsafe_request_is_never_sent_to_a_second_upstream(
    setup: Setup, make_upstream: MakeUpstream, monolith: RawUpstream, failure: str, asked: bytes
) -> None:
    script, code, _ = FAILURES[failure]
    candidate = make_upstream(script)
    proxy = setup(candidate.port, Stage.EXTRACTED)
    head, _ = proxy.ask(asked)
    assert head.startswith(b"HTTP/1.1 %d " % code)
    assert not monolith.connections
    assert len(candidate.connections) == 1
    assert proxy.counts()[0]["fallbacks"] == 0


@pytest.mark.parametrize("request_bytes", [GET, POST, POST.replace(b"POST", b"DELETE")])
def test_any_request_falls_back_when_the_candidate_refuses_the_connection(
    setup: Setup, monolith: RawUpstream, request_bytes: bytes
) -> None:
    proxy = setup(refused_port(), Stage.EXTRACTED)
    assert proxy.ask(request_bytes)[1] == b"monolith"
    assert monolith.received.endswith(request_bytes.partition(b"\r\n\r\n")[2])
    assert proxy.log()[0]["fallback"] == "refused"


def test_a_large_body_falls_back_whole_when_the_connection_is_refused(setup: Setup, monolith: RawUpstream) -> None:
    body = bytes(range(256)) * 8192
    proxy = setup(refused_port(), Stage.EXTRACTED)
    proxy.ask(b"POST /p/ HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert monolith.received.partition(b"\r\n\r\n")[2] == body


def test_a_request_falls_back_when_connecting_takes_too_long(make_proxy: MakeProxy, monolith: RawUpstream) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        proxy = make_proxy(
            config(monolith.port, address[1], routes=ROUTES, connect_timeout=0.3), snapshot(Stage.EXTRACTED, NAME)
        )
        assert proxy.ask(POST)[1] == b"monolith"
        assert proxy.log()[0]["fallback"] == "connect-timeout"
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize("name", ["nowhere.invalid", "x" * 70 + ".invalid", ".."])
def test_a_request_falls_back_when_the_candidates_name_is_unknown(
    make_proxy: MakeProxy, monolith: RawUpstream, name: str
) -> None:
    plain = config(monolith.port, routes=ROUTES)
    upstreams = {**plain.upstreams, "catalog": Upstream("catalog", Address(name, 80))}
    configuration = Config(path=plain.path, upstreams=upstreams, routes=ROUTES)
    proxy = make_proxy(configuration, snapshot(Stage.EXTRACTED, NAME))
    assert proxy.ask(POST)[1] == b"monolith"
    assert proxy.log()[0]["fallback"] == "unresolved"


def test_a_safe_request_with_a_small_body_falls_back_with_its_body(
    setup: Setup, make_upstream: MakeUpstream, monolith: RawUpstream
) -> None:
    def failing(connection: Connection) -> None:
        connection.head()
        connection.exactly(5)
        connection.send(b"HTTP/1.1 503 Failing\r\nContent-Length: 0\r\n\r\n")
        connection.rest()

    proxy = setup(make_upstream(failing).port, Stage.EXTRACTED)
    assert proxy.ask(POST.replace(b"POST", b"OPTIONS"))[1] == b"monolith"
    assert monolith.received.endswith(b"\r\n\r\nhello")


def test_a_safe_request_with_a_large_body_does_not_fall_back(
    setup: Setup, make_upstream: MakeUpstream, monolith: RawUpstream
) -> None:
    body = b"x" * 200_000
    proxy = setup(make_upstream(status(503)).port, Stage.EXTRACTED)
    head, _ = proxy.ask(b"OPTIONS /p/ HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + body)
    assert head.startswith(b"HTTP/1.1 503 ")
    assert not monolith.connections


@pytest.mark.parametrize("end", [Connection.close, Connection.reset])
def test_an_answer_of_which_nothing_has_come_but_the_head_falls_back(
    setup: Setup, make_upstream: MakeUpstream, monolith: RawUpstream, end: Callable[[Connection], None]
) -> None:
    def dying(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        until(lambda: proxy.call(lambda: any(holds_a_head(client) for client in proxy.worker.gateway.clients)))
        end(connection)

    proxy = setup(make_upstream(dying).port, Stage.EXTRACTED)
    assert proxy.ask(GET) == (FROM_MONOLITH[:-8], b"monolith")
    assert proxy.log()[0]["fallback"] == "reset"


def holds_a_head(client: ClientConnection) -> bool:
    return isinstance(client.exchange, Exchange) and client.exchange._held is not None


def test_an_answer_whose_body_takes_its_time_is_not_taken_for_a_failure(
    setup: Setup, make_upstream: MakeUpstream, monolith: RawUpstream
) -> None:
    def slow(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        begun.wait(30)
        connection.send(b"slow")

    begun = threading.Event()
    proxy = setup(make_upstream(slow).port, Stage.EXTRACTED)
    with proxy.client() as client:
        client.send(GET)
        assert client.head() == b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
        begun.set()
        assert client.exactly(4) == b"slow"
    assert not monolith.connections


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (GET.replace(b"GET", b"HEAD"), b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
        (GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"),
    ],
)
def test_an_answer_that_has_no_body_is_not_waited_for(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, monolith: RawUpstream, asked: bytes, answered: bytes
) -> None:
    proxy = make_proxy(
        config(monolith.port, make_upstream(answer(answered)).port, routes=ROUTES, first_byte_timeout=3600)
    )
    proxy.put_into_force(snapshot(Stage.EXTRACTED, NAME))
    with proxy.client() as client:
        client.send(asked)
        assert client.head().startswith(answered[:20])


def test_an_answer_that_has_begun_is_cut_off_and_does_not_fall_back(
    setup: Setup, make_upstream: MakeUpstream, monolith: RawUpstream
) -> None:
    def cut(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")

    proxy = setup(make_upstream(cut).port, Stage.EXTRACTED)
    with proxy.client() as client:
        client.send(GET)
        assert client.rest() == b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
    assert not monolith.connections
    (count,) = proxy.counts()
    assert (count["status_class"], count["count"], count["broken"], count["fallbacks"]) == ("2xx", 1, 1, 0)


@pytest.mark.parametrize("code", [500, 501, 404, 429])
def test_other_answers_of_the_candidate_are_answers(setup: Setup, make_upstream: MakeUpstream, code: int) -> None:
    assert setup(make_upstream(status(code)).port, Stage.EXTRACTED).ask(GET)[1] == b"candidate"


def test_a_retired_route_does_not_fall_back(setup: Setup, make_upstream: MakeUpstream, monolith: RawUpstream) -> None:
    assert setup(make_upstream(status(503)).port, Stage.RETIRED).ask(GET)[1] == b"candidate"
    assert setup(refused_port(), Stage.RETIRED).ask(GET)[0].startswith(b"HTTP/1.1 502 ")
    assert not monolith.connections


def test_a_route_without_a_twin_does_not_fall_back(make_proxy: MakeProxy, monolith: RawUpstream) -> None:
    routes = (route(NAME, "/p/", twin=False),)
    proxy = make_proxy(config(monolith.port, refused_port(), routes=routes), snapshot(Stage.MONOLITH, NAME))
    assert proxy.ask(GET)[0].startswith(b"HTTP/1.1 502 ")
    assert not monolith.connections


def test_when_the_monolith_fails_too_that_is_the_answer(make_proxy: MakeProxy) -> None:
    proxy = make_proxy(config(refused_port(), refused_port(), routes=ROUTES), snapshot(Stage.EXTRACTED, NAME))
    assert proxy.ask(GET)[0].startswith(b"HTTP/1.1 502 ")
    line = proxy.log()[0]
    assert (line["fallback"], line["error"], line["upstream"]) == ("refused", "refused", "monolith")


def test_the_fallback_asks_the_monolith_for_the_path_and_cookies_as_they_came(
    make_proxy: MakeProxy, monolith: RawUpstream
) -> None:
    routes = (route(NAME, "/p/<int:id>/", rewrite="/v1/products/<id>"),)
    proxy = make_proxy(config(monolith.port, refused_port(), routes=routes), snapshot(Stage.EXTRACTED, NAME))
    proxy.ask(b"GET /p/7/?a=b HTTP/1.1\r\nHost: a\r\nCookie: sessionid=s\r\n\r\n")
    assert monolith.heads[0].startswith(b"GET /p/7/?a=b HTTP/1.1\r\nHost: a\r\nCookie: sessionid=s\r\n")


def test_the_snapshot_of_a_requests_start_decides_it(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    def waiting(connection: Connection) -> None:
        connection.head()
        proxy.put_into_force(snapshot(Stage.RETIRED, NAME, revision=2))
        connection.reset()

    monolith = make_upstream(answer(FROM_MONOLITH))
    proxy = make_proxy(
        config(monolith.port, make_upstream(waiting).port, routes=ROUTES), snapshot(Stage.EXTRACTED, NAME)
    )
    assert proxy.ask(GET)[1] == b"monolith"


def test_an_override_decides_for_its_subject(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, monolith: RawUpstream
) -> None:
    candidate = make_upstream(status(200))
    plain = config(monolith.port, candidate.port, routes=ROUTES)
    configuration = Config(path=plain.path, upstreams=plain.upstreams, routes=ROUTES, subject=("header:X-User",))
    toggles: Snapshot = snapshot(Stage.CANARY, NAME, overrides={"ada": Side.CANDIDATE})
    proxy = make_proxy(configuration, toggles)
    for user, answered in ((b"ada", b"candidate"), (b"bob", b"monolith")):
        head, body = proxy.ask(b"GET /p/ HTTP/1.1\r\nHost: a\r\nX-User: " + user + b"\r\n\r\n")
        assert body == answered
        assert b"Set-Cookie" not in head
