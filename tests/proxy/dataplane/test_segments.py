"""Where the bytes are cut into packets makes no difference."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.config import Limits

from tests.proxy.dataplane.conftest import MakeProxy
from tests.proxy.dataplane.memory import Bench, Far
from tests.proxy.dataplane.messages import FUZZ, pieces, requests
from tests.proxy.dataplane.raw import OK, RawUpstream, config
from tests.proxy.dataplane.readers import h11_requests

# Thousands of cases, on a machine that may be busy.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench(config(1))
    yield made
    made.close()


def answering(far: Far) -> None:
    while far.sent < len(h11_requests(far.received)[0]):
        far.sent += 1
        far.send(OK)


def outcome(bench: Bench, parts: list[bytes]) -> list[bytes]:
    """The first lines of what a client is answered."""
    bench.reset()
    bench.answers = answering
    client = bench.client()
    for part in parts:
        client.send(part)
    client.close()
    return [line for line in client.received.split(b"\r\n") if b"HTTP/1.1 " in line]


@FUZZ
@given(
    data=st.data(),
    raw=st.lists(st.one_of(requests(), st.just(b"\r\n"), st.just(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")), max_size=4),
)
def test_what_is_answered_does_not_hang_on_where_the_bytes_are_cut(
    bench: Bench, data: st.DataObject, raw: list[bytes]
) -> None:
    whole = b"".join(raw)
    assert outcome(bench, data.draw(pieces(whole))) == outcome(bench, [whole])


def test_halves_of_empty_lines_that_drip_do_not_keep_a_connection(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port, limits=Limits(idle_timeout=0.5, head_timeout=0.5)))
    with proxy.client() as client:
        client.socket.settimeout(0.02)
        for number in range(400):
            try:
                client.send(b"\r\n"[number % 2 :][:1])
                client.rest()
                return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    raise AssertionError("it was kept")
