"""Whatever bytes a client sends, the upstream gets what other readers take for the same requests, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from tests.proxy.dataplane.memory import Bench, Far
from tests.proxy.dataplane.messages import FUZZ, INTERNAL, pieces, requests
from tests.proxy.dataplane.raw import config
from tests.proxy.dataplane.readers import CARELESS, Request, careless_requests, h11_requests

# Thousands of cases, on a machine that may be busy.
pytestmark = pytest.mark.timeout(900)

# The grammar has it, but h11 does not read it.
WHITE_SPACE_BEFORE_EXTENSIONS = re.compile(rb"(\r\n[0-9A-Fa-f]{1,15})[ \t]+;")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench(config(1))
    yield made
    made.close()


class Recorder:
    """An upstream that answers each whole request with its number and with what it was asked."""

    def __init__(self) -> None:
        self.whole: list[Request] = []

    def __call__(self, far: Far) -> None:
        found, _ = h11_requests(far.received)
        for request in found[far.sent :]:
            far.sent += 1
            number = len(self.whole)
            self.whole.append(request)
            far.send(
                b"HTTP/1.1 200 OK\r\nX-Number: %d\r\nX-Strangler-Secret: 6.6.6.6\r\nContent-Length: 1\r\n\r\n%b"
                % (number, b"" if request.method == b"HEAD" else b"x")
            )


def answers(received: bytes, asked: list[Request]) -> tuple[list[bytes], list[int]]:
    """The heads that a client got in answer to the requests `asked`, interim ones apart, and their status codes."""
    heads: list[bytes] = []
    statuses: list[int] = []
    while received:
        head, end, received = received.partition(b"\r\n\r\n")
        assert end, f"a head without an end: {head!r}"
        statuses.append(int(head.split(b" ")[1]))
        heads.append(head)
        lines = head.lower().split(b"\r\n")
        length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
        if statuses[-1] == 200 and asked[len(heads) - 1].method == b"HEAD":
            continue
        body, received = received[:length], received[length:]
        # A refusal of a request that is a HEAD by its own head carries no body, and is the last answer.
        assert len(body) == length or (not body and not received)
    return heads, statuses


@FUZZ
@given(data=st.data(), raw=st.lists(requests(), min_size=1, max_size=3).map(b"".join))
@example(
    data=None, raw=b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"
)
@example(data=None, raw=b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n")
def test_upstreams_get_requests_as_other_readers_see_them(bench: Bench, data: st.DataObject | None, raw: bytes) -> None:
    bench.reset()
    recorder = bench.answers = Recorder()
    client = bench.client()
    for piece in [raw] if data is None else data.draw(pieces(raw)):
        client.send(piece)
    refused_and_open = client.transport.wrote_eof is False and not client.transport.closing
    client.close()
    seen, stopped = h11_requests(WHITE_SPACE_BEFORE_EXTENSIONS.sub(rb"\1;", raw))
    got = recorder.whole
    event(f"{len(got)} passed on, h11 stopped by {stopped[:5]!r}")

    # What arrived are the first of the requests that h11 sees in the input, with nothing between them.
    assert got == seen[: len(got)]
    forwarded = [far.received for far in bench.fars]
    for each in forwarded:
        whole, _ = h11_requests(each)
        for how in CARELESS:
            assert careless_requests(each, how)[: len(whole)] == whole
            assert len(careless_requests(each, how)) == len(whole)
        # The proxy's own words are nobody else's, either way.
        assert INTERNAL.search(each) is None
    assert INTERNAL.search(client.received) is None

    heads, statuses = answers(client.received.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b""), got)
    passed = [head for head, status in zip(heads, statuses, strict=True) if status == 200]
    # Answers come in the order of the requests; a refusal is the last one and the connection's end.
    numbers = [int(head.split(b"X-Number: ")[1].split(b"\r\n")[0]) for head in passed]
    assert numbers == list(range(len(got)))
    assert all(status == 200 for status in statuses[:-1])
    if statuses and statuses[-1] != 200:
        assert statuses[-1] in (400, 405, 414, 431, 505)
        assert b"\r\nConnection: close" in heads[-1]
        assert not refused_and_open
    else:
        # Nothing was refused, so nothing may be missing, but for what no reader sees as whole.
        assert len(got) == len(seen) or stopped.startswith("error")
