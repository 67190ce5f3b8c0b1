"""A child's tie to its supervisor: a pair of sockets, each end of which closes when its process dies, however.

The words on it are single bytes, and belong to what a supervisor hands over to a newer version of the program: a word
is added, never given another meaning, and one that is not known is passed over.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

__all__ = ["BEAT", "GO", "LEAVING", "READY", "SERVING", "Tie", "beat", "go_or_stop"]

# What a child says: that it could serve, that it serves, that it takes no more connections and ends by itself, and that
# its event loop turns.
READY: Final = b"r"
SERVING: Final = b"s"
LEAVING: Final = b"l"
BEAT: Final = b"b"
# What it is told: to serve.
GO: Final = b"g"

_BEAT_SECONDS: Final = 1.0


class Tie:
    """The child's end of its tie, the inherited descriptor `descriptor`; None for a child that nobody looks after.

    Once the other end closes, this process ends: SIGTERM at first, for good after `grace_seconds`.
    """

    def __init__(self, descriptor: int | None, *, grace_seconds: float) -> None:
        self._grace = grace_seconds
        self._go = threading.Event()
        self._on_go: Callable[[], object] = lambda: None
        self._end = None if descriptor is None else socket.socket(fileno=descriptor)
        if self._end is None:
            self._go.set()
        else:
            threading.Thread(target=self._listen, args=(self._end,), name="life", daemon=True).start()

    def say(self, word: bytes) -> None:
        """Tell the supervisor. A word that cannot be told now is lost: nobody waits for a supervisor that is busy."""
        if self._end is not None:
            with suppress(OSError):
                self._end.send(word, socket.MSG_DONTWAIT)

    def on_go(self, call: Callable[[], object]) -> None:
        """Say that this process could serve, and have `call` called, by another thread, once it is to serve."""
        self._on_go = call
        self.say(READY)
        if self._go.is_set():
            call()

    def wait_for_go(self) -> None:
        """Say that this process could serve, and wait until it is to serve."""
        self.say(READY)
        self._go.wait()

    def _listen(self, end: socket.socket) -> None:
        while True:
            try:
                told = end.recv(64)
            except OSError:
                told = b""
            if not told:
                break
            if GO in told:
                self._go.set()
                self._on_go()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(self._grace)
        os._exit(1)


async def go_or_stop(tie: Tie, stop: asyncio.Event) -> bool:
    """Say that this process could serve, and wait until it is to serve; False where `stop` came first."""
    loop, go = asyncio.get_running_loop(), asyncio.Event()
    tie.on_go(lambda: loop.call_soon_threadsafe(go.set))
    waiting = [asyncio.create_task(each.wait()) for each in (go, stop)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    return not stop.is_set()


async def beat(tie: Tie) -> None:
    """Let the supervisor hear that this event loop turns, until cancelled."""
    while True:
        tie.say(BEAT)
        await asyncio.sleep(_BEAT_SECONDS)
