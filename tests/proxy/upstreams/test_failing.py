"""What each failure of an upstream comes to: the customer's answer, the word for it, and who answers instead.

The table of docs/reference/operating.md, row by row.
"""

from __future__ import annotations

import dataclasses
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.config import Address, Config, Upstream
from strangler_proxy.config.upstreams import HealthCheck, UpstreamTls

from strangler.resilience import BreakerSettings
from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import Connection, Proxy, Script, answer, config, route, snapshot
from tests.proxy.upstreams.pools import free_port
from tests.waiting import until

NAME = "catalog.all"
ROUTES = (route(NAME, "/c/", "GET", "HEAD", "POST"),)
GET = b"GET /c/ HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /c/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
MONOLITH = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nmonolith")
DOCS = Path(__file__).parents[3] / "docs" / "reference" / "operating.md"


def with_candidate(monolith: int, candidate: Address | int, **values: Any) -> Config:
    plain = config(monolith, routes=ROUTES)
    address = candidate if isinstance(candidate, Address) else Address("127.0.0.1", candidate)
    return dataclasses.replace(plain, upstreams={**plain.upstreams, "catalog": Upstream("catalog", address, **values)})


def at(connection: Connection, script: bytes) -> None:
    connection.head()
    connection.send(script)


def hang(connection: Connection) -> None:
    connection.rest()


def close_at_once(connection: Connection) -> None:
    connection.head()
    connection.reset()


def garbage(connection: Connection) -> None:
    at(connection, b"SSH-2.0-strangler\r\n\r\n")


def upgrade(connection: Connection) -> None:
    at(connection, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")


def says(status: int) -> Script:
    return answer(b"HTTP/1.1 %d X\r\nContent-Length: 4\r\n\r\nbusy" % status)


def check(proxy: Proxy, status: int, word: str, *, falls_back: tuple[bool, bool]) -> None:
    """GET and POST, as long as the candidate may fall back; then with nobody to fall back to."""
    for stage in (Stage.EXTRACTED, Stage.RETIRED):
        proxy.put_into_force(snapshot(stage, NAME, revision=2 if stage is Stage.EXTRACTED else 3))
        for request, falls in zip((GET, POST), falls_back, strict=True):
            falls = falls and stage is Stage.EXTRACTED
            head, body = proxy.ask(request)
            line = proxy.log()[-1]
            if falls:
                assert (head[:12], body) == (b"HTTP/1.1 200", b"monolith")
                assert (line["fallback"], line["upstream"]) == (word, "monolith")
            else:
                assert head[:12] == b"HTTP/1.1 %d" % status
                if not word.startswith("status-"):
                    assert (line["error"], line["upstream"]) == (word, "catalog")
    assert f"`{word}`" in DOCS.read_text()


@pytest.mark.parametrize(
    ("script", "status", "word", "values"),
    [
        (close_at_once, 502, "reset", {}),
        (garbage, 502, "garbage", {}),
        (upgrade, 502, "unasked-upgrade", {}),
        (hang, 504, "timeout", {"first_byte_timeout": 0.2}),
        (hang, 504, "total", {"total_timeout": 0.2}),
        (says(502), 502, "status-502", {}),
        (says(503), 503, "status-503", {}),
        (says(504), 504, "status-504", {}),
    ],
    ids=["reset", "garbage", "unasked-upgrade", "timeout", "total before the answer", "502", "503", "504"],
)
def test_what_was_sent_falls_back_only_where_asking_again_is_safe(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, script: Script, status: int, word: str, values: dict[str, Any]
) -> None:
    candidate = make_upstream(script)
    proxy = make_proxy(with_candidate(make_upstream(MONOLITH).port, candidate.port, **values))
    check(proxy, status, word, falls_back=(True, False))
    assert sum(each.received.count(b"POST /") for each in candidate.connections) == 2


@pytest.mark.parametrize("word", ["refused", "unresolved", "connect-timeout", "tls"])
def test_without_a_connection_every_request_falls_back(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, word: str
) -> None:
    monolith = make_upstream(MONOLITH).port
    values: dict[str, Any] = {}
    address = Address("127.0.0.1", free_port())
    deaf = socket.create_server(("127.0.0.1", 0), backlog=0)
    if word == "unresolved":
        address = Address("nowhere.invalid", 80)
    elif word == "tls":
        address, values = Address("127.0.0.1", make_upstream(hang_up).port), {"tls": UpstreamTls()}
    elif word == "connect-timeout":
        # TCP itself connects here, TLS never does.
        address, values = Address("127.0.0.1", deaf.getsockname()[1]), {"tls": UpstreamTls(), "connect_timeout": 0.2}
    with deaf:
        proxy = make_proxy(with_candidate(monolith, address, **values))
        check(proxy, 504 if word == "connect-timeout" else 502, word, falls_back=(True, True))


def hang_up(connection: Connection) -> None:
    connection.until(b"\x01")
    connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_an_open_breaker_asks_nobody_and_closes_when_the_candidate_answers(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    candidate = make_upstream(says(503))
    breaker = BreakerSettings(consecutive_failures=1, open_for=0.3, jitter=0, growth=1)
    proxy = make_proxy(with_candidate(make_upstream(MONOLITH).port, candidate.port, breaker=breaker))
    proxy.put_into_force(snapshot(Stage.EXTRACTED, NAME))
    assert proxy.ask(GET)[1] == b"monolith"
    asked = len(candidate.connections)
    check(proxy, 503, "breaker-open", falls_back=(True, True))
    assert len(candidate.connections) == asked
    candidate.script = answer()
    until(lambda: proxy.ask(GET)[1] == b"ok")


def test_a_stream_closes_the_breaker_as_it_begins_and_not_when_it_ends(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def stream(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        connection.rest()

    candidate = make_upstream(says(503))
    breaker = BreakerSettings(consecutive_failures=1, open_for=0.3, jitter=0, growth=1)
    proxy = make_proxy(with_candidate(make_upstream(MONOLITH).port, candidate.port, breaker=breaker))
    proxy.put_into_force(snapshot(Stage.EXTRACTED, NAME))
    assert proxy.ask(GET)[1] == b"monolith"
    candidate.script = stream

    def begun() -> Connection | None:
        client = proxy.client()
        client.send(GET)
        if b"chunked" in client.head():
            return client
        client.close()
        return None

    with until(begun):
        candidate.script = answer()
        assert proxy.ask(GET)[1] == b"ok"


def held_until(release: threading.Event) -> Script:
    def hold(connection: Connection) -> None:
        connection.head()
        release.wait(10)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    return hold


@pytest.mark.parametrize(("word", "waiting"), [("bulkhead-full", 0), ("bulkhead-timeout", 5)])
def test_a_full_bulkhead_and_a_wait_in_vain_fall_back(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, word: str, waiting: int
) -> None:
    release = threading.Event()
    candidate = make_upstream(held_until(release))
    values = {"in_flight": 1, "waiting": waiting, "waiting_timeout": 0.2}
    proxy = make_proxy(with_candidate(make_upstream(MONOLITH).port, candidate.port, **values))
    proxy.put_into_force(snapshot(Stage.EXTRACTED, NAME))
    with proxy.client() as client:
        client.send(GET)
        until(lambda: candidate.connections)
        check(proxy, 503, word, falls_back=(True, True))
        assert len(candidate.connections) == 1
        release.set()
        assert client.response()[1] == b"ok"


def test_a_client_that_leaves_while_it_waits_gives_its_place_to_the_next(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    release = threading.Event()
    candidate = make_upstream(held_until(release))
    proxy = make_proxy(
        with_candidate(make_upstream(MONOLITH).port, candidate.port, in_flight=1, waiting=1, waiting_timeout=20)
    )
    proxy.put_into_force(snapshot(Stage.RETIRED, NAME))
    with proxy.client() as first, proxy.client() as next_one:
        first.send(GET)
        until(lambda: candidate.connections)
        gone = proxy.client()
        gone.send(GET)
        gone.reset()
        until(lambda: any(line["status"] == 499 for line in proxy.log()))
        next_one.send(GET)
        release.set()
        assert (first.response()[1], next_one.response()[1]) == (b"ok", b"ok")


def test_a_sick_candidate_gets_nothing_until_it_is_well(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    well = threading.Event()

    def service(connection: Connection) -> None:
        while True:
            head = connection.head()
            if head.startswith(b"GET /health "):
                status = 200 if well.is_set() else 500
                connection.send(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
            else:
                if head.startswith(b"POST"):
                    connection.exactly(2)
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    health = HealthCheck("/health", interval=0.1, timeout=5, rises=1, falls=1)
    candidate = make_upstream(service)
    proxy = make_proxy(with_candidate(make_upstream(MONOLITH).port, candidate.port, health=health))
    proxy.put_into_force(snapshot(Stage.RETIRED, NAME))
    until(lambda: proxy.ask(GET)[0].startswith(b"HTTP/1.1 503"))
    assert proxy.log()[-1]["error"] == "unhealthy"
    proxy.put_into_force(snapshot(Stage.EXTRACTED, NAME, revision=2))
    assert proxy.ask(GET)[1] == b"monolith"
    assert (proxy.log()[-1]["fallback"], proxy.log()[-1]["upstream"]) == ("unhealthy", "monolith")
    well.set()
    until(lambda: proxy.ask(GET)[1] == b"ok" and proxy.log()[-1]["upstream"] == "catalog")


@pytest.mark.parametrize(
    ("rest", "word", "values"),
    [
        (b"", "reset", {}),
        (b"zz\r\n", "garbage", {}),
        (None, "idle", {"idle_timeout": 0.2}),
        (None, "total", {"total_timeout": 0.3}),
    ],
    ids=["reset", "garbage", "idle", "total"],
)
def test_an_answer_that_breaks_off_is_cut_off_for_the_customer(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, rest: bytes | None, word: str, values: dict[str, Any]
) -> None:
    seen = threading.Event()

    def half(connection: Connection) -> None:
        at(connection, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        assert seen.wait(10)
        if rest is None:
            connection.rest()
        connection.send(rest or b"")

    proxy = make_proxy(with_candidate(make_upstream(MONOLITH).port, make_upstream(half).port, **values))
    proxy.put_into_force(snapshot(Stage.EXTRACTED, NAME))
    with proxy.client() as client:
        client.send(GET)
        assert client.head().startswith(b"HTTP/1.1 200")
        assert client.until(b"half\r\n") == b"4\r\nhalf\r\n"
        seen.set()
        assert client.ended()
    assert proxy.log()[-1]["error"] == word
    assert f"`{word}`" in DOCS.read_text()


def test_a_customer_notices_nothing_of_one_dead_address_of_two(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    candidate = make_upstream()
    plain = with_candidate(make_upstream(MONOLITH).port, free_port())
    two = dataclasses.replace(plain.upstreams["catalog"], others=(Address("127.0.0.1", candidate.port),))
    proxy = make_proxy(dataclasses.replace(plain, upstreams={**plain.upstreams, "catalog": two}))
    proxy.put_into_force(snapshot(Stage.RETIRED, NAME))
    assert [proxy.ask(request)[1] for request in (GET, POST) * 5] == [b"ok"] * 10
