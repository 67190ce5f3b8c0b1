"""An upstream for very large bodies: it reads what it is sent without haste, and sends as fast as it is read."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

__all__ = ["MIB", "PAUSE", "SIZE", "Streams"]

SIZE = 256 * 1024 * 1024
# The slower side pauses after each MiB, so that a proxy that does not hold the faster one back has to keep it all.
PAUSE = 0.01
MIB = 1024 * 1024


class Streams:
    """Serves on `port`, a thread a connection: a POST is read whole and answered, a GET is answered with SIZE bytes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError), connection.makefile("rb") as file:
            while first := file.readline():
                length = 0
                while (line := file.readline()) not in {b"\r\n", b""}:
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                for _ in range(length // MIB):
                    file.read(MIB)
                    time.sleep(PAUSE)
                file.read(length % MIB)
                answered = SIZE if b"/large/" in first else 2
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % answered
                )
                for _ in range(answered // MIB):
                    connection.sendall(bytes(MIB))
                connection.sendall(bytes(answered % MIB))
