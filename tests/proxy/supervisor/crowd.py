"""Customers with raw sockets who ask without a pause and note every request that was not answered in full."""

from __future__ import annotations

import socket
import threading
from typing import Self

from tests.waiting import until

__all__ = ["Crowd"]

GET = b"GET /products/ HTTP/1.1\r\nHost: shop\r\n\r\n"


class Crowd:
    """Half of them keep their connection until they are told that it ends, half make one a request.

    `answers` are the bodies that came; `failures` what else happened, in words. A kept connection that is closed after
    a whole answer without a word of it is a failure too, for the next request on it would have been lost.
    """

    def __init__(self, address: str, size: int = 8) -> None:
        host, port = address.rsplit(":", 1)
        self._address = (host, int(port))
        self.answers: list[bytes] = []
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number % 2 == 0,)) for number in range(size)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self.more()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.more()
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()

    def more(self, count: int = 100) -> None:
        """Wait until `count` more were answered."""
        before = len(self.answers)
        until(lambda: len(self.answers) > before + count or self.failures)

    def _ask(self, keep: bool) -> None:
        while not self._stop.is_set():
            asked = 0
            try:
                with socket.create_connection(self._address, timeout=20) as connection:
                    last = False
                    while not last and not self._stop.is_set():
                        connection.sendall(GET)
                        asked += 1
                        last = self._answer(connection) or not keep
            except OSError as error:
                self.failures.append(f"{error!r} at request {asked} of its connection")

    def _answer(self, connection: socket.socket) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._piece(connection)
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        (length,) = (int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
        while len(body) < length:
            body += self._piece(connection)
        if not lines[0].startswith(b"http/1.1 200"):
            self.failures.append(repr(data))
        self.answers.append(body)
        return b"connection: close" in lines

    @staticmethod
    def _piece(connection: socket.socket) -> bytes:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionResetError("closed before the answer was whole")
        return piece
