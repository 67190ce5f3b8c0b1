# ruff: noqa: E501 - bytes are easier to read in one line
"""HTTP messages that are mostly right, and wrong now and then in the ways that smuggle: strategies for hypothesis."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

__all__ = ["FUZZ", "INTERNAL", "chunks", "pieces", "requests", "responses"]

# Sized so that the four of them take some two minutes in CI. Longer on demand, an hour or two a test: pytest tests/proxy/dataplane --hypothesis-profile=hours --timeout=0
FUZZ = settings(max_examples=settings.default.max_examples * 4, deadline=None, suppress_health_check=list(HealthCheck))  # type: ignore[union-attr]

# Fields with this value are the proxy's own, or end with a connection: never passed on in either direction.
INTERNAL = re.compile(
    rb"^(?:x[-_](?:strangler|forwarded)[-_][a-z_-]*|forwarded|proxy-connection|keep-alive|content_length|transfer_encoding): 6\.6\.6\.6",
    re.IGNORECASE | re.MULTILINE,
)


def mostly(*right: bytes, wrong: list[bytes], one_in: int = 40) -> st.SearchStrategy[bytes]:
    """A right piece, now and then a wrong one: when all is wrong, the first check refuses it all."""
    return st.integers(1, one_in).flatmap(lambda draw: st.sampled_from(wrong if draw == one_in else right))


_METHOD = mostly(
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"OPTIONS",
    b"PURGE",
    wrong=[b"G=:T", b"", b"POST ", b"\tGET", b"CONNECT", b"\x00", b"GE\rT", b"PRI"],
)
_TARGET = mostly(
    b"/", b"/a?b", b"/a%2F..?q=/%00", b"/a;b//c", b"http://b:80/x?y", b"http://b",
    wrong=[b"*", b"http://u@b/", b"/ /x", b"/\r\nX: y", b"a", b"/\xff", b"/#x", b"//b/x", b"/\x00", b"http://b\x00/", b"!", b"/a\rb", b"/\nHTTP/1.1"],
)  # fmt: skip
_VERSION = mostly(
    b"HTTP/1.1",
    b"HTTP/1.1",
    b"HTTP/1.0",
    wrong=[
        b"HTTP/1.2",
        b"HTTP/2.0",
        b"http/1.1",
        b"",
        b"HTTP/1.1 ",
        b"HTTP/1.10",
        b"HTTP/11",
        b"HTTP/4294967295.255",
        b"HTTP/\r\r1.1",
    ],
)
_END = mostly(
    b"\r\n", wrong=[b"\n", b"\r", b"\r\r\n", b"\n\r\n", b"\x00\r\n", b" \r\n", b"\r\n ", b"\r\n\t", b"\r\n\r\n", b"\r\n:\r\n", b"\r\n\rX"], one_in=200
)  # fmt: skip
_PLAIN = st.sampled_from(
    [
        b"X: y", b"X:", b"X:  y\t ", b"x-y: \x85z\xa0", b"Cookie: a=1", b"Cookie: b=2", b"Accept: */*", b"Connection: close", b"Connection: keep-alive",
        b"Connection: X, content-length, transfer-encoding, host", b"Connection:", b"Connection: , close ,", b"Expect: 100-continue", b"Via: 1.1 x",
        b"Trailer: X", b"TE: trailers", b"Connection: te", b"Connection: upgrade", b"Upgrade: h2c", b"Upgrade: x", b"HTTP2-Settings: A",
        b"X-Strangler-Identity: 6.6.6.6", b"X_Strangler_Identity: 6.6.6.6", b"X-Forwarded-For: 6.6.6.6", b"Forwarded: for=6.6.6.6", b"X_Forwarded_Host: 6.6.6.6",
        b"Proxy-Connection: 6.6.6.6", b"Content_Length: 6.6.6.6", b"Transfer_Encoding: 6.6.6.6, chunked", b"Range: bytes=0-1",
    ]
)  # fmt: skip
_ODD = st.sampled_from(
    [
        b"Host: b", b"Host : a", b"Host: a, b", b"Host: a/b", b"Host: u@a", b"Host: a:8o", b": y", b"X\x00: y", b" X: y", b"X: \x00", b"X: a\rb", b"X y", b"X", b"Te\nst: x",
        b"Content-Length: 5", b"Content-Length: 5", b"Content-Length: 0", b"Content-Length: +5", b"Content-Length: -5", b"Content-Length: 0x5", b"Content-Length: 1_0",
        b"Content-Length: 5, 5", b"Content-Length: 5, 6", b"Content-Length:", b"Content-Length: 5Z", b"Content-Length\t: 5", b"Content-Length : 5", b"Content-Length\x85: 5",
        b"Content-Length: \xb2", b"Content-Length: \xa05", b"Content-Length 5", b"Content-Length: 5 6", b"Content-Length: 18446744073709551621", b"Content-\r\n Length: 5",
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked ", b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: ,chunked", b"Transfer-Encoding: chunked,",
        b"Transfer-Encoding: xchunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding: \xa0chunked\x85", b"Transfer-Encoding: chunked;q=1",
        b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: identity", b'Transfer-Encoding: "chunked"', b"Transfer-Encoding", b"Transfer-\r\nEncoding: chunked",
        b"Transfer-Encoding: chunked\x00", b"Transfer-Encoding: ch\runked", b"Foo: x\nTransfer-Encoding: chunked", b"Foo: x\rTransfer-Encoding: chunked", b"Transfer-Encoding:\r\n chunked",
    ]
)  # fmt: skip
_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
_BODY = st.sampled_from([b"", b"hello", b"0\r\n\r\n", _SMUGGLED, b"\r\n\r\n", b"x" * 300, b"\x00\r\n\xff"])
_SOME_BODY = st.sampled_from([b"hello", b"0\r\n\r\n", _SMUGGLED, b"\r\n\r\n", b"x" * 300, b"\x00\r\n\xff"])
_SIZE_WRONG = [
    b"0x5",
    b"+5",
    b"-5",
    b" 5",
    b"5 ",
    b"5\x0b",
    b"0_5",
    b"5;\r",
    b"5\r;a",
    b"5;\n",
    b"5x",
    b"",
    b"Z",
    b"10000000000000005",
    b"5,5",
    b"\x005",
]


@st.composite
def chunks(draw: st.DrawFn) -> bytes:
    """A body in chunks, mostly right."""
    raw = b""
    for body in draw(st.lists(_SOME_BODY, max_size=3)):
        size = draw(
            mostly(
                b"%x" % len(body),
                b"%X" % len(body),
                b"000%x" % len(body),
                wrong=[*_SIZE_WRONG, b"%x" % (len(body) + 1)],
                one_in=30,
            )
        )
        extension = draw(
            mostly(
                b"",
                b"",
                b";a",
                b" ;a=b",
                b';a="b;c"',
                wrong=[b";a\rb", b";a\nb", b";\x00", b"\r;a", b" ", b";" + b"x" * 5000],
                one_in=20,
            )
        )
        end = draw(mostly(b"\r\n", wrong=[b"\n", b"\r", b"", b"XX", b"\r\n\r\n", b"\rX"], one_in=30))
        raw += size + extension + draw(mostly(b"\r\n", wrong=[b"\n", b"\rX", b"\r"], one_in=40)) + body + end
    raw += draw(
        mostly(
            b"0\r\n",
            b"000\r\n",
            b"0;x\r\n",
            wrong=[b"0\n", b"0 \r\n", b"\r\n", b"00_0\r\n", b"-0\r\n", b"0x0\r\n", b"0\rX"],
            one_in=24,
        )
    )
    raw += b"".join(
        draw(
            st.lists(
                st.sampled_from(
                    [b"X: y\r\n", b"Set-Cookie: a\r\n", b"Host: b\r\n", b"X-Strangler-Identity: 6.6.6.6\r\n"]
                ),
                max_size=2,
            )
        )
    )
    return raw + draw(
        mostly(
            b"\r\n",
            wrong=[b"\n", b"XX", b"", b"X: y\n\r\n", b" x\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\rX"],
            one_in=20,
        )
    )


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """One request, mostly right."""
    fields = draw(st.lists(_PLAIN, max_size=3))
    framing = draw(st.sampled_from(["none", "length", "chunks"]))
    body = draw(_BODY)
    if framing == "length":
        fields.append(b"Content-Length: %d" % len(body))
    elif framing == "chunks":
        fields.append(
            draw(
                mostly(
                    b"Transfer-Encoding: chunked",
                    b"transfer-encoding:CHUNKED",
                    wrong=[b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"],
                )
            )
        )
        body = draw(chunks())
    elif draw(st.integers(0, 9)):
        body = b""
    if not draw(st.integers(0, 6)):
        fields.append(draw(_ODD))
    if draw(st.integers(0, 30)):
        fields.insert(draw(st.integers(0, len(fields))), b"Host: a")
    if draw(st.booleans()):
        fields = draw(st.permutations(fields))
    lines = [b" ".join([draw(_METHOD), draw(_TARGET), draw(_VERSION)]), *fields]
    return draw(_damaged(b"".join(line + draw(_END) for line in lines) + b"\r\n" + body))


_STATUS = mostly(
    b"HTTP/1.1 200 OK", b"HTTP/1.1 200 ", b"HTTP/1.1 404 Not  \xe9", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 x", b"HTTP/1.1 304 x",
    wrong=[b"HTTP/1.1 20 x", b"HTTP/2 200", b"HTTP/1.1  200 x", b"HTTP/1.1 2000 x", b"200 OK", b"", b"HTTP/1.1 101 x", b"HTTP/1.1 +20 x", b"HTTP/1.1\t200 x", b"HTTP/1.1 200\x00", b"http/1.1 200 x"],
)  # fmt: skip
_RESPONSE_FIELD = st.sampled_from(
    [b"X: y", b"X:", b"Set-Cookie: a=1", b"Connection: close", b"Connection: keep-alive", b"Connection: X, content-length", b"X-Strangler-Secret: 6.6.6.6", b"Upgrade: x", b"Trailer: X", b"Keep-Alive: 6.6.6.6"]
)  # fmt: skip
_SPLIT = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """What an upstream sends on one request: interim answers, one answer, perhaps more than it should; mostly right."""
    raw = draw(
        mostly(
            b"",
            b"",
            b"HTTP/1.1 103 x\r\nLink: y\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            wrong=[
                b"HTTP/1.1 103 x\r\nContent-Length: 5\r\n\r\n",
                b"HTTP/1.1 103 x\n\n",
                b"\r\n",
                b"HTTP/1.1 199 \r\nTransfer-Encoding: chunked\r\n\r\n",
            ],
            one_in=12,
        )
    )
    fields = draw(st.lists(_RESPONSE_FIELD, max_size=3))
    body = draw(_BODY)
    framing = draw(st.sampled_from(["none", "length", "length", "chunks"]))
    if framing == "length":
        fields.append(b"Content-Length: %d" % max(0, len(body) + draw(st.sampled_from([0] * 8 + [-1, 1]))))
    elif framing == "chunks":
        fields.append(b"Transfer-Encoding: chunked")
        body = draw(chunks())
    if not draw(st.integers(0, 6)):
        fields.append(draw(_ODD))
    lines = [draw(_STATUS), *fields]
    raw += draw(_damaged(b"".join(line + draw(_END) for line in lines) + b"\r\n" + body))
    return raw + draw(st.sampled_from([b""] * 6 + [_SPLIT, b"\r\n", b"x"]))


@st.composite
def _damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """`whole`, now and then with a byte or two changed, put in, taken out or doubled."""
    raw = bytearray(whole)
    for _ in range(draw(st.sampled_from([0] * 7 + [1, 2]))):
        position = draw(st.integers(0, len(raw) - 1))
        byte = draw(st.sampled_from(b"\r\n\t \x00\x0b:;,0aZ\x7f\x85"))
        match draw(st.integers(0, 3)):
            case 0:
                raw[position] = byte
            case 1:
                raw.insert(position, byte)
            case 2 if len(raw) > 1:
                del raw[position]
            case _:
                raw[position:position] = raw[position : position + 12]
    return bytes(raw)


@st.composite
def pieces(draw: st.DrawFn, raw: bytes) -> list[bytes]:
    """`raw` as TCP may hand it over: in one piece, in a few, or byte by byte."""
    how = draw(st.integers(0, 9))
    if how < 4:
        return [raw]
    if how == 9:
        return [raw[index : index + 1] for index in range(len(raw))]
    cuts = draw(st.lists(st.integers(0, max(len(raw), 1)), max_size=6))
    return [raw[start:end] for start, end in pairwise(sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))}))]
