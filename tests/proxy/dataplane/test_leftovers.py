"""What is left of a connection once both ends are gone: nothing, for a worker calls the garbage collector seldom."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.proxy.dataplane.memory import Bench, Far
from tests.proxy.dataplane.raw import config

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
# An exchange must go by itself, without the collector: there is one for every request.
EXCHANGES = {"Exchange", "Introduction", "Reply", "RequestBody", "RequestHead", "ResponseHead", "Tunnel"}
CONNECTIONS = {"ClientConnection", "Connecting", "PartialHead", "UpstreamConnection"}


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(config(8000))
    yield bench
    bench.close()


def alive(names: set[str]) -> Counter[str]:
    return Counter(name for name in (type(each).__name__ for each in gc.get_objects()) if name in names)


def answering(answer: bytes) -> Callable[[Far], None]:
    def answers(far: Far) -> None:
        if far.received.endswith(b"\r\n\r\n"):
            far.received = b""
            far.send(answer)

    return answers


def ask_and_leave(bench: Bench, request: bytes) -> None:
    client = bench.client()
    client.send(request)
    client.transport.abort()
    bench.turn()
    for far in bench.fars:
        far.close()
    bench.turn()
    bench.fars.clear()


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        pytest.param(GET, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", id="answered"),
        pytest.param(GET, b"", id="waiting for its answer"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab", b"", id="within its body"),
        pytest.param(GET, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", id="within its answer"),
        pytest.param(GET, b"HTTP/1.1 200 OK\r\n", id="within its answer's head"),
        pytest.param(b"GET / HT", b"", id="within its head"),
        pytest.param(UPGRADE, SWITCHED, id="a tunnel"),
    ],
)
def test_an_aborted_request_leaves_nothing_and_its_exchange_needs_no_collector(
    bench: Bench, request_: bytes, answer: bytes
) -> None:
    bench.answers = answering(answer)
    gc.collect()
    before = alive(EXCHANGES | CONNECTIONS)
    gc.disable()
    try:
        for _ in range(20):
            ask_and_leave(bench, request_)
        assert alive(EXCHANGES) - before == Counter()
        gc.collect()
        assert alive(EXCHANGES | CONNECTIONS) - before == Counter()
    finally:
        gc.enable()
