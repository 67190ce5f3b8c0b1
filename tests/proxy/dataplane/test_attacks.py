# ruff: noqa: E501 - bytes are easier to read in one line
"""Whatever bytes a client sends, an upstream gets whole requests that an independent reader reads the same way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strangler_proxy.body import BadBody, ChunkedBody
from strangler_proxy.config import Limits
from strangler_proxy.head import BadHead
from strangler_proxy.outgoing import request_head
from strangler_proxy.request_head import parse_request

from tests.proxy.dataplane.messages import FUZZ
from tests.proxy.dataplane.raw import OK, Connection, Proxy, RawUpstream, config

# Thousands of cases, on a machine that may be busy.
pytestmark = pytest.mark.timeout(900)


def mostly(*right: bytes, wrong: list[bytes], one_in: int = 20) -> st.SearchStrategy[bytes]:
    """A right piece, now and then a wrong one: when all is wrong, the first check refuses it all."""
    return st.integers(1, one_in).flatmap(lambda draw: st.sampled_from(wrong if draw == one_in else right))


METHODS = mostly(b"GET", b"POST", b"HEAD", b"OPTIONS", wrong=[b"get", b"G\x00T", b"", b"POST ", b"\tGET", b"CONNECT"])
TARGETS = mostly(
    b"/", b"/a?b", b"http://a/", wrong=[b"*", b"http://b@a/", b"/ /x", b"/\r\nX: y", b"a", b"/%ff", b"/#x"]
)
VERSIONS = mostly(b"HTTP/1.1", wrong=[b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"", b"HTTP/1.1 "])
ENDS = mostly(
    b"\r\n",
    wrong=[b"\n", b"\r", b"\r\r\n", b"\n\r\n", b"\x00\r\n", b" \r\n", b"\r\n ", b"\r\n\t", b"\r\n\r\n"],
    one_in=60,
)
FIELDS = st.sampled_from(
    [b"X: y", b"Content-Length: 5", b"Transfer-Encoding: chunked"] * 8
    + [
        b"Host: a, b", b"Host : a", b"host:", b"X: y", b"X:", b": y", b"X\x00: y", b" X: y", b"X: \x00", b"X: \x7f",
        b"Content-Length: 5", b"Content-Length: 5", b"Content-Length: 05", b"Content-Length: 0", b"Content-Length: +5",
        b"Content-Length: 5, 5", b"Content-Length:5 ", b"Content-Length\t: 5", b"Content_Length: 3", b"Content-Length: \xb2",
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked ", b"Transfer-Encoding:chunked",
        b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: \tchunked", b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding : chunked", b"Transfer_Encoding: chunked", b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding",
        b"Connection: close", b"Connection: Transfer-Encoding, content-length, host", b"Connection: upgrade\r\nUpgrade: h2c",
        b"Connection: te\r\nTE: trailers", b"Expect: 100-continue", b"Via: 1.1 x", b"Trailer: X",
    ]
)  # fmt: skip
BODIES = st.sampled_from(
    [
        b"", b"hello", b"hell", b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n", b"05\r\nhello\r\n000\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n",
        b"5\r\nhelloX\r\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"-1\r\n\r\n", b"5\r\nhello\r\n0\r\nContent-Length: 4\r\n\r\n",
        b"5;\nx\r\nhello\r\n0\r\n\r\n", b"fffffffffffffffff\r\nx", b"5\r\nhello\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    ]
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    line = b" ".join([draw(METHODS), draw(TARGETS), draw(VERSIONS)])
    fields = draw(st.lists(FIELDS, max_size=3))
    lines = [line, b"Host: a", *fields] if draw(st.integers(0, 5)) else [line, *fields]
    head = b"".join(each + draw(ENDS) for each in lines) + b"\r\n"
    raw = bytearray(head + draw(BODIES))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        position = draw(st.integers(0, len(raw) - 1))
        what = draw(st.integers(0, 2))
        byte = draw(st.sampled_from(b"\r\n\t \x00\x0b:;,0aZ\x7f"))
        if what == 0:
            raw[position] = byte
        elif what == 1:
            raw.insert(position, byte)
        elif len(raw) > 1:
            del raw[position]
    return bytes(raw)


class Reader:
    """An upstream that reads strictly by another implementation, and answers each whole request."""

    def __init__(self) -> None:
        self.whole = 0
        self.wrong: list[str] = []

    def __call__(self, connection: Connection) -> None:
        reader = h11.Connection(h11.SERVER)
        while True:
            data = connection.socket.recv(65536)
            if not data:
                return
            reader.receive_data(data)
            try:
                while (event := reader.next_event()) is not h11.NEED_DATA:
                    if isinstance(event, h11.EndOfMessage):
                        self.whole += 1
                        if reader.trailing_data[0]:
                            self.wrong.append(f"more than one request at once: {reader.trailing_data!r}")
                        break
                else:
                    continue
            except h11.RemoteProtocolError as error:
                self.wrong.append(repr(error))
                return
            connection.send(OK)
            if reader.their_state is not h11.DONE:
                return
            reader.send(h11.Response(status_code=200, headers=[(b"Content-Length", b"0")]))
            reader.send(h11.EndOfMessage())
            reader.start_next_cycle()


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def attacked(reader: Reader) -> Iterator[Proxy]:
    upstream = RawUpstream(reader)
    proxy = Proxy(config(upstream.port, limits=Limits(head_timeout=0.2, body_timeout=0.2)))
    yield proxy
    proxy.close()
    upstream.close()


@FUZZ
@given(raw=st.lists(requests(), min_size=1, max_size=3).map(b"".join))
@example(
    raw=b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n"
)
@example(raw=b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nX: y\rContent-Length: 30\r\n\r\n")
def test_no_bytes_reach_an_upstream_in_an_ambiguous_framing(attacked: Proxy, reader: Reader, raw: bytes) -> None:
    before = reader.whole
    with attacked.client() as client:
        try:
            client.send(raw)
            client.half_close()
            got = client.rest()
        except ConnectionError:
            got = bytes(client.received)
    assert not reader.wrong
    # An upstream never answers more requests than it is said to the client; every other one was refused or cut off.
    assert reader.whole - before >= got.count(b"HTTP/1.1 200 OK")


@FUZZ
@given(raw=requests())
def test_a_head_that_is_accepted_is_read_the_same_by_another_reader(raw: bytes) -> None:
    head, _, _ = raw.partition(b"\r\n\r\n")
    try:
        parsed = parse_request(head, 64)
    except BadHead:
        return
    if parsed.minor == 0 and not parsed.has_host:
        return
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(request_head(parsed, parsed.target, parsed.lines, b""))
    request = reader.next_event()
    assert isinstance(request, h11.Request)
    fields = dict(request.headers)
    assert request.method == parsed.method
    assert request.target == parsed.target
    if parsed.length < 0:
        assert fields[b"transfer-encoding"] == b"chunked"
        assert b"content-length" not in fields
    else:
        assert int(fields.get(b"content-length", b"0")) == parsed.length
        assert b"transfer-encoding" not in fields


@FUZZ
@given(
    chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=6),
    cuts=st.lists(st.integers(0, 400), max_size=8),
    behind=st.binary(max_size=20),
)
def test_a_body_in_chunks_is_the_same_however_it_is_cut_up(chunks: list[bytes], cuts: list[int], behind: bytes) -> None:
    framed = b"".join(b"%X;ext\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nX-T: 1\r\n\r\n"
    plain = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nX-T: 1\r\n\r\n"
    raw = framed + behind
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    framing, bare = ChunkedBody(request=False), ChunkedBody(chunked=False, request=False)
    for body, expected in ((framing, plain), (bare, b"".join(chunks))):
        passed, rest = b"", b""
        for start, end in pairwise(edges):
            if body.done:
                rest += raw[start:end]
            else:
                passed += body.feed(raw[start:end])
                rest += body.rest
        assert body.done
        assert passed == expected
        assert rest == behind


@FUZZ
@given(
    raw=st.lists(
        st.sampled_from([b"5", b"0", b"\r\n", b"\n", b"\r", b"hello", b";", b"x", b" ", b"X: y", b"\x00"]), max_size=12
    )
)
def test_chunks_that_are_passed_on_are_read_by_another_reader(raw: list[bytes]) -> None:
    body = ChunkedBody(request=True)
    passed = b""
    try:
        for piece in raw:
            if not body.done:
                passed += body.feed(piece)
    except BadBody:
        pass
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + passed)
    while True:
        event = reader.next_event()
        if event is h11.NEED_DATA:
            assert not body.done
            break
        if isinstance(event, h11.EndOfMessage):
            assert body.done
            assert not reader.trailing_data[0]
            break
