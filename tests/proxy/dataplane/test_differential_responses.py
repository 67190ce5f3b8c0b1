"""Whatever an upstream sends, a client sees what another reader takes for the answer, or that it was not whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from tests.proxy.dataplane.memory import Bench, Far
from tests.proxy.dataplane.messages import FUZZ, INTERNAL, pieces, responses
from tests.proxy.dataplane.raw import config
from tests.proxy.dataplane.readers import h11_response

# Thousands of cases, on a machine that may be busy.
pytestmark = pytest.mark.timeout(900)

# The grammar has it, but h11 does not read it.
WHITE_SPACE_BEFORE_EXTENSIONS = re.compile(rb"(\r\n[0-9A-Fa-f]{1,15})[ \t]+;")
NEXT = b"HTTP/1.1 200 OK\r\nX-Next: 1\r\nContent-Length: 4\r\n\r\nnext"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    made = Bench(config(1))
    yield made
    made.close()


class Talker:
    """An upstream that sends `parts` on the first request, whatever they are, and one good answer on every other."""

    def __init__(self, bench: Bench, parts: list[bytes]) -> None:
        self._bench = bench
        self._parts = parts
        self._talked = False

    def __call__(self, far: Far) -> None:
        if not far.received.endswith(b"\r\n\r\n"):
            return
        if self._talked:
            far.send(NEXT)
        else:
            self._talked = True
            for index, part in enumerate(self._parts):
                self._bench.loop.call_soon(far.send, part) if index else far.send(part)


@FUZZ
@given(data=st.data(), raw=responses(), method=st.sampled_from([b"GET", b"HEAD", b"DELETE"]))
@example(data=None, raw=NEXT[:-4] + b"evilHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", method=b"GET")
@example(data=None, raw=b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n", method=b"GET")
@example(data=None, raw=b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", method=b"HEAD")
@example(data=None, raw=b"HTTP/1.1 200 OK\r\n\r\n0\r\nX-Strangler-Identity: 6.6.6.6\r\n\r\n", method=b"GET")
def test_clients_get_the_answer_that_another_reader_sees(
    bench: Bench, data: st.DataObject | None, raw: bytes, method: bytes
) -> None:
    bench.reset()
    bench.answers = Talker(bench, [raw] if data is None else data.draw(pieces(raw)))
    client = bench.client()
    client.send(b"%b / HTTP/1.1\r\nHost: a\r\n\r\n" % method)
    for _ in range(len(raw) // 4 + 2):
        bench.turn()
    if b"HTTP/1.1 502 " not in client.received and bench.fars and not bench.fars[0].ended:
        # A reader without a length waits for the end, and a proxy that waits for more has to be told that none comes.
        bench.fars[0].close()
        bench.turn()
    first = client.received
    client.send(b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
    second = client.received[len(first) :]
    closed = client.ended
    client.close()

    told = h11_response(WHITE_SPACE_BEFORE_EXTENSIONS.sub(rb"\1;", raw), method)
    shown = h11_response(first, method)
    event(f"upstream {told and told.whole}, client {shown and (shown.status == 502 or shown.whole)}")
    # A body may say what it likes.
    assert INTERNAL.search(first if shown is None else shown.fields) is None
    if shown is not None and shown.status == 502:
        assert re.fullmatch(rb"(?:HTTP/1\.1 1.*\r\n\r\n)*HTTP/1\.1 502 .*", first, re.DOTALL)
    elif shown is None:
        # Interim answers at most, or a head that was not begun.
        assert closed
    else:
        assert told is not None
        assert shown.status == told.status
        assert shown.body == told.body or (not shown.whole and told.body.startswith(shown.body))
        # What was not whole is never passed off as whole.
        assert told.whole or not shown.whole
        assert shown.whole or closed
    # Nothing of the first answer becomes the second one.
    assert second == (b"" if closed else NEXT)
