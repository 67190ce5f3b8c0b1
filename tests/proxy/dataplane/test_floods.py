"""Slow and plentiful input: limits answer it, and what a worker keeps of it stays small."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from strangler_proxy.config import Limits

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.memory import Bench, Far
from tests.proxy.dataplane.raw import Connection, RawUpstream, config
from tests.waiting import until

pytestmark = pytest.mark.slow

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
MIB = 1 << 20


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(config(1))
    yield made
    made.reset()
    made.close()


@contextmanager
def peak() -> Iterator[Callable[[], int]]:
    """Tells how much more memory Python held at most since the beginning."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    try:
        yield lambda: tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def forgetting(far: Far) -> None:
    far.received = far.received[-8:]


def test_chunks_of_a_byte_with_long_extensions_leave_nothing_behind(bench: Bench) -> None:
    bench.answers = forgetting
    client = bench.client()
    client.send(CHUNKED)
    piece = (b"1;" + b"x" * 4000 + b"\r\na\r\n") * 50
    with peak() as most:
        for _ in range(30):
            client.send(piece)
        assert most() < 2 * MIB
    assert b"HTTP/1.1 4" not in client.received


def test_tens_of_thousands_of_chunks_leave_nothing_behind(bench: Bench) -> None:
    bench.answers = forgetting
    client = bench.client()
    client.send(CHUNKED)
    piece = b"1\r\na\r\n" * 2000
    with peak() as most:
        for _ in range(20):
            client.send(piece)
        assert most() < 2 * MIB


def test_a_safe_body_of_any_size_is_not_kept(bench: Bench) -> None:
    bench.answers = forgetting
    client = bench.client()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (64 * MIB))
    piece = b"x" * 65536
    with peak() as most:
        for _ in range(300):
            client.send(piece)
        assert most() < MIB


@pytest.mark.parametrize(
    "flood",
    [
        b"1;" + b"x" * 5000,
        b"0" * 5000,
        b"0\r\n" + b"X: y\r\n" * 5000,
        b"0\r\nX: " + b"y" * 5000,
        b"5\r\nhello" + b"\r" * 5000,
    ],
)
def test_a_flood_between_chunks_is_refused_long_before_it_is_large(bench: Bench, flood: bytes) -> None:
    bench.answers = forgetting
    client = bench.client()
    client.send(CHUNKED)
    sent = 0
    while not client.received and sent < MIB:
        client.send(flood[:1000])
        sent += 1000
        flood = flood[1000:] or b"x" * 1000
    assert client.received.startswith(b"HTTP/1.1 400 ")
    assert sent <= 32768
    assert client.ended


@pytest.mark.parametrize("line", [b"X: y\r\n", b"X-%d: y\r\n", b"Cookie: a=b\r\n", b"Connection: x%d\r\n"])
def test_a_flood_of_fields_is_431_and_is_forgotten(bench: Bench, line: bytes) -> None:
    with peak() as most:
        for turn in range(40):
            client = bench.client()
            many = b"".join(line % (turn * 1000 + n) if b"%d" in line else line for n in range(1000))
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + many + b"\r\n")
            assert client.received.startswith(b"HTTP/1.1 431 ")
            client.close()
        bench.turn()
        assert most() < MIB + MIB // 4


def test_names_and_lines_of_every_kind_are_remembered_up_to_a_number(bench: Bench) -> None:
    def answering(far: Far) -> None:
        if far.received.endswith(b"\r\n\r\n"):
            far.received = b""
            number = answering.count = getattr(answering, "count", 0) + 1  # type: ignore[attr-defined]
            lines = b"".join(b"Server: %d-%d\r\nX-%d-%d: y\r\n" % (number, n, number, n) for n in range(40))
            far.send(b"HTTP/1.1 200 Fine %d\r\n" % number + lines + b"Content-Length: 0\r\n\r\n")

    bench.answers = answering
    client = bench.client()

    def ask(turn: int) -> None:
        lines = b"".join(b"Accept: %d-%d\r\nSec-%d: z\r\nX-%d-%d: y\r\n" % (turn, n, n, turn, n) for n in range(30))
        client.send(b"PURGE%d /%d HTTP/1.1\r\nHost: a%d\r\n" % (turn, turn, turn) + lines + b"\r\n")
        assert client.received.startswith(b"HTTP/1.1 200 Fine ")
        client.received = b""

    for turn in range(150):
        ask(turn)
    with peak() as most:
        for turn in range(150, 300):
            ask(turn)
        assert most() < MIB + MIB // 4


def test_floods_of_connections_that_say_nothing_end_by_their_limit_and_leave_nothing(
    make_proxy: MakeProxy, upstream: RawUpstream
) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(idle_timeout=0.5, head_timeout=0.5)))
    for said in (b"", b"G", b"\r\n", b"GET / HTTP/1.1\r\nX: "):
        clients = [proxy.client() for _ in range(150)]
        for client in clients:
            with suppress(ConnectionError):
                client.send(said)
        for client in clients:
            client.rest()
            client.close()
    until(lambda: not proxy.worker.gateway.clients)
    assert not upstream.connections


def test_empty_lines_that_drip_do_not_keep_a_connection(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(idle_timeout=0.5, head_timeout=0.5)))
    with proxy.client() as client:
        client.socket.settimeout(0.02)
        for _ in range(500):
            try:
                client.send(b"\r\n")
                if client.ended():
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    raise AssertionError("it was kept")


def test_a_head_of_the_upstream_that_drips_is_not_given_more_time(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def dripping(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nX: ")
        connection.socket.settimeout(0.02)
        while True:
            connection.send(b"x")
            with suppress(TimeoutError):
                connection.exactly(1)

    proxy = make_proxy(config(make_upstream(dripping).port, first_byte_timeout=0.5))
    assert proxy.ask(GET)[0].startswith(b"HTTP/1.1 504 ")


def test_a_head_of_the_upstream_without_end_is_502(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    def endless(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.send(b"X: y\r\n" * 1000)

    proxy = make_proxy(config(make_upstream(endless).port))
    assert proxy.ask(GET)[0].startswith(b"HTTP/1.1 502 ")


def test_interim_answers_do_not_pile_up_for_a_client_that_reads_nothing(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    sent = [0]
    done = threading.Event()

    def hinting(connection: Connection) -> None:
        connection.head()
        hint = b"HTTP/1.1 103 Early Hints\r\nLink: <" + b"x" * 60_000 + b">\r\n\r\n"
        connection.socket.settimeout(1)
        with suppress(TimeoutError):
            while sent[0] < 256 * MIB and not done.is_set():
                connection.send(hint)
                sent[0] += len(hint)

    proxy = make_proxy(config(make_upstream(hinting).port))
    with proxy.client(receive_buffer=4096) as client:
        client.send(GET)
        gateway = proxy.worker.gateway

        def held() -> int:
            return sum(each.transport.get_write_buffer_size() for each in gateway.clients)

        until(lambda: sent[0] > 0)
        for _ in range(300):
            assert proxy.call(held) < 4 * MIB
        done.set()
        client.reset()
    assert sent[0] < 64 * MIB
