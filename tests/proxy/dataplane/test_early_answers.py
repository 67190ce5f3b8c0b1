"""An answer that an upstream gives before it has read the request, and then closes: what gunicorn does with a 403."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import Connection, config

REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"


def refuse_unread(connection: Connection) -> None:
    """Answer at the head, and close while the body is still coming: the system then resets the connection."""
    connection.head()
    connection.send(REFUSAL)
    connection.socket.close()


@pytest.mark.parametrize("size", [20_000, 5_000_000])
def test_an_answer_before_the_end_of_a_body_is_not_lost_to_the_reset_behind_it(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, size: int
) -> None:
    proxy = make_proxy(config(make_upstream(refuse_unread).port))
    for _ in range(20):
        with proxy.client() as client:
            client.socket.setblocking(False)
            body = memoryview(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
            got = b""
            while b"\r\n\r\nno" not in got:
                with suppress(BlockingIOError, ConnectionError):
                    body = body[client.socket.send(body[:65536]) :]
                try:
                    more = client.socket.recv(65536)
                except BlockingIOError:
                    continue
                assert more, "closed without the whole answer"
                got += more
            assert got.startswith(b"HTTP/1.1 403 Forbidden\r\n")
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
