"""From when an upstream is timed: from before the last of a request is written, for it may answer at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.proxy.dataplane.memory import Bench, Far
from tests.proxy.dataplane.raw import config


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(config(8000))
    yield bench
    bench.close()


def timed_at_each_write(bench: Bench) -> list[bool]:
    """Whether the exchange was timed already, for each time that something is written to an upstream from now on."""
    seen: list[bool] = []
    accept = bench.loop.accept

    def accepting(protocol: object) -> object:
        transport = accept(protocol)
        write = transport.write

        def writing(data: bytes | bytearray | memoryview) -> None:
            seen.append(transport.protocol.exchange.asked > 0)
            write(data)

        transport.write = writing  # type: ignore[method-assign]
        return transport

    bench.loop.accept = accepting  # type: ignore[assignment]
    return seen


def test_an_upstream_that_answers_before_the_worker_has_its_next_turn_is_timed_all_the_same(bench: Bench) -> None:
    seen = timed_at_each_write(bench)
    bench.client().send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert seen == [True]


def test_the_time_of_an_upstream_begins_with_the_last_piece_of_a_body(bench: Bench) -> None:
    seen = timed_at_each_write(bench)
    client = bench.client()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
    client.send(b"c")
    client.send(b"d")
    assert seen == [False, False, True]


def test_an_unused_connection_that_was_closed_is_no_beginning(bench: Bench) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    first = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    def answers(far: Far) -> None:
        if len(bench.fars) == 1 and far.sent:
            far.close()
        else:
            far.sent += 1
            far.send(answer)

    bench.answers = answers
    client = bench.client()
    client.send(first)
    seen = timed_at_each_write(bench)
    client.send(first)
    assert client.received.count(b"200 OK") == 2
    assert seen == [True]
