"""A bad proxy for tests of the comparison: it passes everything on but for what it spoils."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["relay"]


@contextmanager
def relay(port: int, spoil: Callable[[bytes], bytes]) -> Iterator[int]:
    """The port of a relay to `port`, for one request a connection; an answer is given as `spoil` makes it."""

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port), 30) as upstream:
                there = threading.Thread(target=_copy, args=(self.request, upstream))
                there.start()
                answer = bytearray()
                upstream.settimeout(0.3)
                try:
                    while data := upstream.recv(65536):
                        answer += data
                except TimeoutError:
                    pass
                self.request.sendall(spoil(bytes(answer)))
                self.request.shutdown(socket.SHUT_RDWR)
                there.join()

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Relay)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _copy(client: socket.socket, upstream: socket.socket) -> None:
    try:
        while data := client.recv(65536):
            upstream.sendall(data)
    except OSError:
        return
