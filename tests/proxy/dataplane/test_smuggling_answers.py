# ruff: noqa: E501 - bytes are easier to read in one line
"""An upstream that speaks garbage: 502, its connection is used no more, and nobody gets what was not meant for him."""

from __future__ import annotations

import threading
from itertools import count

import pytest

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import OK, Connection, answer, config
from tests.waiting import until

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
RIGHT = b"HTTP/1.1 200 OK\r\n"
CHUNKED = RIGHT + b"Transfer-Encoding: chunked\r\n\r\n"

GARBAGE = {
    "two lengths that are the same": RIGHT + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "two lengths that differ": RIGHT + b"Content-Length: 0\r\nContent-Length: 2\r\n\r\nok",
    "a list of lengths": RIGHT + b"Content-Length: 2, 2\r\n\r\nok",
    "an empty length": RIGHT + b"Content-Length:\r\n\r\nok",
    "a negative length": RIGHT + b"Content-Length: -2\r\n\r\nok",
    "a length with a suffix": RIGHT + b"Content-Length: 2x\r\n\r\nok",
    "a length in hexadecimal": RIGHT + b"Content-Length: 0x2\r\n\r\nok",
    "a length beyond any": RIGHT + b"Content-Length: 18446744073709551618\r\n\r\nok",
    "a length before a space": RIGHT + b"Content-Length : 2\r\n\r\nok",
    "a length without a colon": RIGHT + b"Content-Length 2\r\n\r\nok",
    "chunks and a length": RIGHT + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "chunked twice": RIGHT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked after a comma": RIGHT + b"Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
    "chunked after another coding": RIGHT + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": RIGHT + b"Transfer-Encoding: blegh\r\n\r\nok",
    "identity": RIGHT + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok",
    "chunked after a vertical tab": RIGHT + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked after a no-break space": RIGHT + b"Transfer-Encoding: \xa0chunked\r\n\r\n0\r\n\r\n",
    "chunks from HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a value that a bare CR splits": RIGHT + b"Location: /\rSet-Cookie: a=evil\r\nContent-Length: 2\r\n\r\nok",
    "a value that a bare LF splits": RIGHT + b"Location: /\nSet-Cookie: a=evil\r\nContent-Length: 2\r\n\r\nok",
    "a value that bare LFs end": RIGHT + b"Location: /\n\n" + EVIL + b"\r\n\r\n",
    "a value with a NUL": RIGHT + b"X: a\x00\r\nContent-Length: 2\r\n\r\nok",
    "a value on two lines": RIGHT + b"X: a\r\n\tb\r\nContent-Length: 2\r\n\r\nok",
    "a name with a space": RIGHT + b"X Y: a\r\nContent-Length: 2\r\n\r\nok",
    "a name of none": RIGHT + b": a\r\nContent-Length: 2\r\n\r\nok",
    "a name that is not ASCII": RIGHT + b"\xefX: a\r\nContent-Length: 2\r\n\r\nok",
    "a line of nothing but a word": RIGHT + b"X\r\nContent-Length: 2\r\n\r\nok",
    "a first line that is folded": RIGHT + b" X: a\r\nContent-Length: 2\r\n\r\nok",
    "a reason with a CR": b"HTTP/1.1 200 O\rK\r\nContent-Length: 2\r\n\r\nok",
    "a reason with a NUL": b"HTTP/1.1 200 O\x00K\r\nContent-Length: 2\r\n\r\nok",
    "a status of two digits": b"HTTP/1.1 99 OK\r\nContent-Length: 2\r\n\r\nok",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
    "a status below 100": b"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok",
    "a status with a sign": b"HTTP/1.1 +20 OK\r\nContent-Length: 2\r\n\r\nok",
    "a status after two spaces": b"HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok",
    "a status after a tab": b"HTTP/1.1\t200 OK\r\nContent-Length: 2\r\n\r\nok",
    "a version of 1.2": b"HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "a version of 2.0": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "a version in small letters": b"http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "a space before the version": b" HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "an empty line before the answer": b"\r\n" + OK,
    "no head at all": b"ok\r\n\r\n",
    "HTTP/0.9": b"<html>hello</html>\r\n\r\n",
    "HTTP/2's frames": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\r\n\r\n",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n",
    "a request": GET,
    "garbage after an interim answer": b"HTTP/1.1 103 Early Hints\r\n\r\nevil\r\n\r\n",
    "an interim answer that LF ends": b"HTTP/1.1 103 Early Hints\n\n" + OK,
    "a switch that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n" + EVIL,
}  # fmt: skip

BROKEN = {
    "a size that is none": b"zz\r\nhello\r\n0\r\n\r\n",
    "a size with a prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a size with a sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "a size before a space": b"5 \r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "a size beyond any": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "a size that LF ends": b"5\nhello\r\n0\r\n\r\n",
    "a size that CR ends": b"5\r;hello\r\n0\r\n\r\n",
    "an extension with a CR": b"5;\r\r\nhello\r\n0\r\n\r\n",
    "an extension with a LF": b"5;\n\r\nhello\r\n0\r\n\r\n",
    "an extension without end": b"5;" + b"x" * 10_000,
    "a chunk longer than its size": b"4\r\nhello\r\n0\r\n\r\n",
    "a chunk that LF ends": b"5\r\nhello\n0\r\n\r\n",
    "a trailer that is none": b"5\r\nhello\r\n0\r\n" + EVIL,
    "a trailer that is folded": b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n",
    "a trailer with a CR": b"5\r\nhello\r\n0\r\nX: y\rZ: a\r\n\r\n",
    "trailers without end": b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 5000,
}  # fmt: skip


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_is_502_and_its_connection_is_used_no_more(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, what: str
) -> None:
    connections = count()

    def once(connection: Connection) -> None:
        if next(connections):
            answer()(connection)
        connection.head()
        connection.send(GARBAGE[what])
        connection.rest()

    upstream = make_upstream(once)
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        client.send(GET)
        while (head := client.head()).startswith(b"HTTP/1.1 103 "):
            pass
        assert head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
        assert b"evil" not in head
        length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        assert b"evil" not in client.exactly(length)
        assert client.ask(GET)[1] == b"ok"
    until(lambda: upstream.connections[0].socket.fileno() < 0)
    assert upstream.connections[0].received.count(b"GET /") == 1


@pytest.mark.parametrize("what", BROKEN)
def test_broken_chunks_are_cut_off_and_their_connection_is_used_no_more(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, what: str
) -> None:
    connections = count()

    def once(connection: Connection) -> None:
        if next(connections):
            answer()(connection)
        connection.head()
        connection.send(CHUNKED + BROKEN[what])
        connection.rest()

    upstream = make_upstream(once)
    proxy = make_proxy(config(upstream.port))
    with proxy.client() as client:
        client.send(GET + GET)
        got = client.rest()
    assert got.count(b"HTTP/1.1 ") == 1
    assert not got.endswith(b"0\r\n\r\n")
    assert b"evil" not in got
    assert proxy.ask(GET)[1] == b"ok"
    assert upstream.connections[0].received.count(b"GET /") == 1


@pytest.mark.parametrize(
    ("method", "whole", "told"),
    [
        (b"GET", OK + EVIL, b"ok"),
        (b"GET", RIGHT + b"Content-Length: 0\r\n\r\n" + EVIL, b""),
        (b"GET", CHUNKED + b"2\r\nok\r\n0\r\n\r\n" + EVIL, b"2\r\nok\r\n0\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL, b""),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\n\r\n" + EVIL, b""),
        (b"HEAD", RIGHT + b"Content-Length: 4\r\n\r\nevil", b""),
        (b"HEAD", CHUNKED + b"4\r\nevil\r\n0\r\n\r\n", b""),
        (b"GET", OK + b"\r\n", b"ok"),
        (b"GET", OK + b"\x00", b"ok"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_what_comes_behind_an_answer_is_nobodys(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, method: bytes, whole: bytes, told: bytes, late: bool
) -> None:
    connections = count()
    answered = threading.Event()
    end = whole.find(EVIL, 1) if EVIL in whole[1:] else whole.find(b"\r\n\r\n") + 4 + len(told)

    def once(connection: Connection) -> None:
        if next(connections):
            answer()(connection)
        connection.head()
        if late:
            connection.send(whole[:end])
            answered.wait(10)
            connection.send(whole[end:])
        else:
            connection.send(whole)
        connection.rest()

    upstream = make_upstream(once)
    proxy = make_proxy(config(upstream.port, keep_alive=60.0))
    with proxy.client() as client:
        got = client.ask(b"%b / HTTP/1.1\r\nHost: a\r\n\r\n" % method, head_only=method == b"HEAD")
        assert got[1] == told
        answered.set()
        until(lambda: upstream.connections[0].socket.fileno() < 0, seconds=10)
        for _ in range(3):
            assert client.ask(GET)[1] == b"ok"


def test_pipelined_answers_of_one_connection_never_reach_another(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def doubled(connection: Connection) -> None:
        while True:
            path = connection.head().split(b" ")[1]
            mine = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path)
            connection.send(mine + EVIL)

    proxy = make_proxy(config(make_upstream(doubled).port))
    clients = [proxy.client() for _ in range(8)]
    for turn in range(20):
        for number, client in enumerate(clients):
            client.send(b"GET /%d/%d HTTP/1.1\r\nHost: a\r\n\r\n" % (number, turn))
        for number, client in enumerate(clients):
            assert client.response()[1] == b"/%d/%d" % (number, turn)
    for client in clients:
        client.close()
