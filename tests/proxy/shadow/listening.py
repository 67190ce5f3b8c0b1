"""In a comparer's place: it takes frames, and compares nothing."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from socket import SHUT_RDWR, socket

from strangler_proxy.shadow.frame import Frames, Unequal
from strangler_proxy.shadow.passed import Passed
from strangler_proxy.unix import listen_unix

from tests.waiting import until

__all__ = ["Comparer"]


class Comparer:
    """Listens at `path` in a thread. `told` are the unequal exchanges that it was told, `passed` those that are to be
    recorded, in their order; while it does not `read`, nothing is taken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[Unequal] = []
        self.passed: list[Passed] = []
        self.read = threading.Event()
        self.read.set()
        self._listener = listen_unix(path)
        self._listener.setblocking(True)
        self._accepted: list[socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._accepted.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket) -> None:
        frames = Frames(1 << 26)
        with suppress(OSError):
            while self.read.wait(30) and (data := sock.recv(65536)):
                for each in frames.feed(data):
                    if isinstance(each, Unequal):
                        self.told.append(each)
                    else:
                        self.passed.append(each)

    def wait(self) -> None:
        """Wait until somebody has connected."""
        until(lambda: bool(self._accepted))

    def hang_up(self) -> None:
        """End every connection."""
        for sock in self._accepted:
            with suppress(OSError):
                sock.shutdown(SHUT_RDWR)
            sock.close()
        self._accepted.clear()

    def first(self) -> Unequal:
        """The first exchange that is told."""
        until(lambda: bool(self.told))
        return self.told[0]

    def close(self) -> None:
        self.read.set()
        with suppress(OSError):
            self._listener.shutdown(SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(30)
