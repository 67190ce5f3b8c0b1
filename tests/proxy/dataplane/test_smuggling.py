# ruff: noqa: E501 - bytes are easier to read in one line
"""Every family of request smuggling: refused with 400 and a closed connection, or passed on in one plain framing.

The families are those of RFC 9112 sections 6 and 11, and the bugs that the HTTP Garden found in servers and proxies.
"""

from __future__ import annotations

import pytest

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import OK, Connection, Proxy, RawUpstream, config
from tests.proxy.dataplane.readers import CARELESS, Request, careless_requests, h11_requests
from tests.waiting import until

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
EVIL = b"GET /evil HTTP/1.1\r\nHost: a\r\n\r\n"

HEADS = {
    "a length that Python's int takes": POST + b"Content-Length: +1_0\r\n\r\n0123456789",
    "a length in another script's digits": POST + "Content-Length: ١\r\n\r\nx".encode(),
    "a length with a suffix": POST + b"Content-Length: 1Z\r\n\r\nZ",
    "a length with a space inside": POST + b"Content-Length: 1 1\r\n\r\nZ",
    "a length with a fraction": POST + b"Content-Length: 1.0\r\n\r\nZ",
    "a length of 2 to the 64th": POST + b"Content-Length: 18446744073709551621\r\n\r\nhello",
    "a negative length that spins": POST + b"Content-Length: -48\r\n\r\n",
    "two lengths that differ": POST + b"Content-Length: 0\r\nContent-Length: 31\r\n\r\n" + EVIL,
    "two lengths, the larger first": POST + b"Content-Length: 31\r\nContent-Length: 0\r\n\r\n" + EVIL,
    "two lengths in different spellings": POST + b"content-length: 5\r\nCONTENT-LENGTH: 5\r\n\r\nhello",
    "an empty length before another": POST + b"Content-Length: \r\nContent-Length: 31\r\n\r\n" + EVIL,
    "a list of lengths that differ": POST + b"Content-Length: 5, 6\r\n\r\nhello",
    "a list of lengths with an empty member": POST + b"Content-Length: 5,\r\n\r\nhello",
    "a length with a colon too many": POST + b"Content-Length:: 5\r\n\r\nhello",
    "a length without a colon": POST + b"Content-Length 5\r\n\r\nhello",
    "a length before a space": POST + b"Content-Length : 31\r\n\r\n" + EVIL,
    "a length before a tab": POST + b"Content-Length\t: 31\r\n\r\n" + EVIL,
    "a length before a no-break space": POST + b"Content-Length\xa0: 31\r\n\r\n" + EVIL,
    "a length before a next-line byte": POST + b"Content-Length\x85: 31\r\n\r\n" + EVIL,
    "a length before a NUL": POST + b"Content-Length\x00: 31\r\n\r\n" + EVIL,
    "a length after a no-break space": POST + b"Content-Length: \xa05\r\n\r\nhello",
    "a length after a form feed": POST + b"Content-Length: \x0c5\r\n\r\nhello",
    "a length after the first line's white space": b"GET / HTTP/1.1\r\n\tContent-Length: 1\r\nHost: a\r\n\r\nX",
    "a length on a folded line": POST + b"Content-Length:\r\n 5\r\n\r\nhello",
    "a length whose name is folded": POST + b"Content-\r\n Length: 5\r\n\r\nhello",
    "chunked after a comma": POST + b"Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
    "chunked before a comma": POST + b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
    "chunked after a comma beside a length": POST + b"Transfer-Encoding: ,chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "chunked in two lines": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nZ\r\n0\r\n\r\n",
    "chunked and an empty line of its kind": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n",
    "an empty coding": POST + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: blegh\r\n\r\n1\r\nZ\r\n0\r\n\r\n",
    "an unknown coding beside a length": POST + b"Transfer-Encoding: blegh\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "chunked before another coding": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked with a parameter": POST + b"Transfer-Encoding: chunked;q=0.5\r\n\r\n0\r\n\r\n",
    "chunked twice removed": POST + b"Transfer-Encoding: chunkedchunked\r\n\r\n0\r\n\r\n",
    "chunked among no-break spaces": POST + b"Transfer-Encoding: \xa0chunked\xa0\r\n\r\n0\r\n\r\n",
    "chunked among high bytes": POST + b"Transfer-Encoding: \xffchunked\xff\r\n\r\n1\r\nZ\r\n0\r\n\r\n",
    "chunked before a NUL": POST + b"Transfer-Encoding: chunked\x00\r\n\r\n0\r\n\r\n",
    "chunked before a vertical tab": POST + b"Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n",
    "chunked behind a bare LF": POST + b"X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked behind a bare CR": POST + b"X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked on a folded line": POST + b"Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n",
    "chunked whose name goes on in the next line": POST + b"Transfer-\r\nEncoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "chunked behind a dollar sign's like": POST + b"[Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an HTTP/1.0 request in chunks with a length": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "a name with high bytes": b"GET / HTTP/1.1\r\nHost: a\r\n\xefoo: bar\r\n\r\n",
    "a name with a delimiter": b"GET / HTTP/1.1\r\nHost: a\r\nX(Y): z\r\n\r\n",
    "a name of every odd byte": b"GET / HTTP/1.1\r\nHost: a\r\n\x01\x02 \"(),/;<=>?@[]{}: z\r\n\r\n",
    "no name and no value": b"GET / HTTP/1.1\r\nHost: a\r\n:\r\nI: am chopped off\r\n\r\n",
    "a name that an LF cuts": b"GET / HTTP/1.1\r\nHost: a\r\nTe\nst: test\r\n\r\n",
    "a value that a NUL ends": b"GET / HTTP/1.1\r\nHost: a\r\nX: y\x00\r\n\r\n",
    "a line of a NUL": b"GET / HTTP/1.1\r\nHost: a\r\na:b\r\nc\x00\r\n\r\n",
    "NUL and CR in a value": b"GET / HTTP/1.1\r\nHost: a\r\nX: v\x00\ralue\r\n\r\n",
    "an LF after the colon": b"GET / HTTP/1.1\r\nHost: a\r\nX:\n\n" + EVIL,
    "a head that CRLF, CR and a byte end": b"GET / HTTP/1.1\r\nHost: a\r\n\rZ" + EVIL,
    "a host before a NUL": b"GET / HTTP/1.1\r\nHost: a.example\x00.b.example\r\n\r\n",
    "a host among high bytes": b"GET / HTTP/1.1\r\nHost: \xffa\xff\r\n\r\n",
    "a host in a folded line": b"GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n",
    "two hosts, one with white space before its colon": b"GET / HTTP/1.1\r\nHost: a\r\nHost : b\r\n\r\n",
    "a host with a query": b"GET / HTTP/1.1\r\nHost: a?b\r\n\r\n",
    "a host with a backslash": b"GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n",
    "a host with two ports": b"GET / HTTP/1.1\r\nHost: a:80:81\r\n\r\n",
    "a host in open brackets": b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
    "a version with a long number": b"GET / HTTP/4294967295.255\r\nHost: a\r\n\r\n",
    "a version with a suffix": b"GET / HTTP/1.1x\r\nHost: a\r\n\r\n",
    "a version with CRs inside": b"GET / HTTP/\r\r1.1\r\nHost: a\r\n\r\n",
    "a version with a plus": b"GET / HTTP/+1.1\r\nHost: a\r\n\r\n",
    "a version of dots": b"GET / HTTP/............0596.7407.\r\nHost: a\r\n\r\n",
    "a version of another protocol": b"GET / ICAP/1.1\r\nHost: a\r\n\r\n",
    "a method of delimiters": b'G=":<>(e),[T];?" / HTTP/1.1\r\nHost: a\r\n\r\n',
    "a method of a NUL": b"\x00 / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target of an exclamation mark": b"GET ! HTTP/1.1\r\nHost: a\r\n\r\n",
    "an LF as the line's white space": b"GET /\nHTTP/1.1\r\nHost: a\r\n\r\n",
    "a tab as the line's white space": b"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n",
    "a vertical tab as the line's white space": b"GET\x0b/\x0bHTTP/1.1\r\nHost: a\r\n\r\n",
    "a CR before the target": b"GET \r/ HTTP/1.1\r\nHost: a\r\n\r\n",
}  # fmt: skip

BODIES = {
    "a size that Python's int takes": b"0_2e\r\n\r\n" + EVIL + b"0\r\n\r\n",
    "a size with a prefix of zero": b"-0x0\r\n\r\n",
    "a size with a plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "a size with a suffix": b"1these-bytes-never-get-validated\r\nZ\r\n0\r\n\r\n",
    "a size with a comma": b"5,5\r\nhello\r\n0\r\n\r\n",
    "a size that is none": b"Z\r\nZZ\r\nZZZ\r\n\r\n",
    "a size that is none before a request": b"INVALID!!!\r\n" + EVIL,
    "a size after many spaces": b"           0\r\n\r\n",
    "a size after a tab": b"\t0\r\n\r\n",
    "a size before white space": b"5 \r\nhello\r\n0\r\n\r\n",
    "a size before a tab": b"5\t\r\nhello\r\n0\r\n\r\n",
    "a size before a no-break space": b"5\xa0\r\nhello\r\n0\r\n\r\n",
    "a size before a NUL": b"5\x00\r\nhello\r\n0\r\n\r\n",
    "a size of more than 64 bits": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "a size of many zeros": b"00000000000000005\r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\n\r\n",
    "no size before an extension": b";a=b\r\nhello\r\n0\r\n\r\n",
    "a size's line that CR and a byte end": b"5\r\r;ABCD\r\n34\r\nE\r\n0\r\n\r\n" + EVIL,
    "a size's line that CR ends": b"5\rhello\r\n0\r\n\r\n",
    "a size's line that LF ends": b"5\nhello\r\n0\r\n\r\n",
    "CR in the white space before an extension": b"2\r\r;a\r\n02\r\n41\r\n0\r\n\r\n" + EVIL,
    "CR in the white space after a semicolon": b"5;\r\r\nhello\r\n0\r\n\r\n",
    "CR in an extension's value": b"5;a=b\r\rX\r\nhello\r\n0\r\n\r\n",
    "LF in an extension": b"5;\nxx\r\nhello\r\n0\r\n\r\n",
    "LF in an extension's quotes": b'5;a="\n"\r\nhello\r\n0\r\n\r\n',
    "NUL in an extension": b"5;a\x00\r\nhello\r\n0\r\n\r\n",
    "an extension without end": b"5;" + b"a" * 10_000 + b"\r\nhello\r\n0\r\n\r\n",
    "a size without end": b"0" * 10_000,
    "a chunk that CR and LF do not end": b"5\r\nhelloXX0\r\n\r\n",
    "a chunk that LF ends": b"5\r\nhello\n0\r\n\r\n",
    "a chunk that CR ends": b"5\r\nhello\r0\r\n\r\n",
    "a chunk shorter than its size": b"6\r\nhello\r\n0\r\n\r\n",
    "an empty line before the last chunk": b"5\r\nhello\r\n\r\n0\r\n\r\n",
    "a last chunk that two bytes end": b"0\r\nX:POST / HTTP/1.1\r\n X\r\n\r\n",
    "a last chunk without its empty line before a request": b"0\r\n" + EVIL,
    "a trailer without a name": b"0\r\n: x\r\n\r\n",
    "a trailer with white space before its colon": b"0\r\nX : y\r\n\r\n",
    "a trailer with a bare CR": b"0\r\nX: y\rContent-Length: 5\r\n\r\n",
    "a trailer with a NUL": b"0\r\nX: \x00\r\n\r\n",
    "a trailer that LF ends": b"0\r\nX: y\n\r\n",
    "trailers without end": b"0\r\n" + b"X: y\r\n" * 5000,
}  # fmt: skip

REFUSED = {**HEADS, **{why: CHUNKED + body for why, body in BODIES.items()}}


@pytest.mark.parametrize("why", REFUSED)
def test_is_refused_and_whatever_follows_is_not_read(proxy: Proxy, upstream: RawUpstream, why: str) -> None:
    with proxy.client() as client:
        client.send(REFUSED[why] + EVIL)
        got = client.rest()
    assert got.startswith(b"HTTP/1.1 400 ")
    assert got.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in got
    until(lambda: all(connection.socket.fileno() < 0 for connection in upstream.connections))
    # What was already on its way when the body broke never becomes whole, whoever reads it.
    for connection in upstream.connections:
        assert h11_requests(connection.received) == ([], "more")
        for how in CARELESS:
            assert careless_requests(connection.received, how) == []


X = Request(b"GET", b"/x", b"")
FOLLOWING = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

PLAIN = {
    "a GET with a body": (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 31\r\n\r\n" + EVIL, EVIL),
    "a body that looks like a request": (POST + b"Content-Length: 31\r\n\r\n" + EVIL, EVIL),
    "a chunk that looks like the last": (CHUNKED + b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n"),
    "a request inside a chunk": (CHUNKED + b"1f\r\n" + EVIL + b"\r\n0\r\n\r\n", EVIL),
    "sizes in odd spellings": (CHUNKED + b"0000a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n", b"0123456789" * 2),
    "extensions": (CHUNKED + b'5;a;b=c;d="e\t\xe9"\r\nhello\r\n0;z\r\n\r\n', b"hello"),
    "chunked in other letters": (POST + b"tRANSFER-eNCODING:\t ChUnKeD\t \r\n\r\n1\r\nZ\r\n0\r\n\r\n", b"Z"),
    "a name that WSGI would take for the length": (POST + b"Content_Length: 31\r\nContent-Length: 1\r\n\r\nZ", b"Z"),
    "a name that WSGI would take for the coding": (POST + b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", b"0\r\n\r\n"),
    "framing named in Connection": (POST + b"Connection: Content-Length, Transfer-Encoding\r\nContent-Length: 31\r\n\r\n" + EVIL, EVIL),
    "framing among the trailers": (CHUNKED + b"1\r\nZ\r\n0\r\nContent-Length: 31\r\nTransfer-Encoding: x\r\nHost: b\r\n\r\n", b"Z"),
    "a name that only resembles the length": (POST + b"X-Content-Length: 31\r\nContent-Length: 1\r\n\r\nZ", b"Z"),
    "an upgrade beside a body": (POST + b"Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "an expectation beside a body": (POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
}  # fmt: skip


@pytest.mark.parametrize("what", PLAIN)
def test_passes_in_one_plain_framing(make_proxy: MakeProxy, make_upstream: MakeUpstream, what: str) -> None:
    raw, body = PLAIN[what]

    def reading(connection: Connection) -> None:
        answered = 0
        while True:
            connection.exactly(1)
            while len(h11_requests(connection.received)[0]) > answered:
                connection.send(OK)
                answered += 1

    upstream = make_upstream(reading)
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        client.send(raw + FOLLOWING)
        assert client.rest().count(b"HTTP/1.1 200 OK\r\n") == 2
    first = Request(raw.split(b" ")[0], b"/", body)
    sent = [each for connection in upstream.connections for each in h11_requests(connection.received)[0]]
    assert sent == [first, X]
    for how in CARELESS:
        assert [each for one in upstream.connections for each in careless_requests(one.received, how)] == [first, X]
