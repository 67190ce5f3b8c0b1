"""The Unix socket on which the supervisor is asked to reload: one wish and one answer a connection, lines of JSON.

Whoever can open it may reload: its owner alone, by the file's mode and its folder's.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from strangler_proxy.unix import connect_unix, listen_unix

__all__ = ["PROGRAM", "RELOAD", "Asker", "ReloadSocket", "ask", "tell"]

_MOST_ASKERS: Final = 32
_LONGEST_WISH: Final = 4096
_LONGEST_ANSWER: Final = 4 * 1024 * 1024
_WISH_SECONDS: Final = 10.0

RELOAD: Final = "reload"
PROGRAM: Final = "program"


@dataclass(slots=True)
class Asker:
    """Somebody who waits for an answer. `wish` is empty until it has wholly come."""

    connection: socket.socket
    wish: str = ""
    began: float = field(default_factory=time.monotonic)
    _read: bytes = b""

    def hear(self) -> bool:
        """Read what came of the wish; False for one that will never be understood."""
        try:
            data = self.connection.recv(_LONGEST_WISH)
        except BlockingIOError:
            return time.monotonic() - self.began < _WISH_SECONDS
        except OSError:
            return False
        self._read += data
        if not data or len(self._read) > _LONGEST_WISH:
            return False
        if self._read.endswith(b"\n"):
            try:
                said = json.loads(self._read)
            except ValueError:
                return False
            wish = said.get("wish") if isinstance(said, dict) else None
            if wish not in (RELOAD, PROGRAM):
                return False
            self.wish = wish
        return True

    def tell(self, answer: Mapping[str, Any]) -> None:
        """Answer, and close."""
        # Whoever asked may be gone, or stopped: nobody here waits for that.
        with suppress(OSError):
            self.connection.settimeout(1.0)
            self.connection.sendall(json.dumps(dict(answer), ensure_ascii=False).encode() + b"\n")
        self.connection.close()


class ReloadSocket:
    """The supervisor's side: `askers` have been accepted, and those with a wish wait for their answer."""

    def __init__(self, listening: socket.socket, askers: list[Asker] | None = None) -> None:
        self.listening = listening
        self.askers = askers or []

    @classmethod
    def at(cls, path: Path) -> ReloadSocket:
        """Be asked at `path`. Raises OSError."""
        return cls(listen_unix(path))

    def descriptors(self) -> list[int]:
        """What to wait for, to be read from."""
        return [self.listening.fileno(), *(each.connection.fileno() for each in self.askers if not each.wish)]

    def hear(self) -> bool:
        """Accept who came and read what they wish; whether anybody has a wish that was not there before."""
        while len(self.askers) < _MOST_ASKERS:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                break
            connection.setblocking(False)
            self.askers.append(Asker(connection))
        news = False
        for asker in [each for each in self.askers if not each.wish]:
            if not asker.hear():
                asker.connection.close()
                self.askers.remove(asker)
            news = news or bool(asker.wish)
        return news

    def waiting(self) -> list[Asker]:
        """Those who have a wish, taken out: who takes them answers them."""
        waiting = [each for each in self.askers if each.wish]
        self.askers = [each for each in self.askers if not each.wish]
        return waiting

    def close(self) -> None:
        """Ask nobody in any more, and let everybody go."""
        self.listening.close()
        for asker in self.askers:
            asker.connection.close()


def ask(path: Path, wish: str, *, seconds: float) -> dict[str, Any]:
    """Tell the supervisor at `path` a wish, and wait for its answer. Raises OSError (TimeoutError among them)."""
    until = time.monotonic() + seconds
    with connect_unix(path) as connection:
        connection.settimeout(seconds)
        connection.sendall(json.dumps({"wish": wish}).encode() + b"\n")
        read = b""
        while not read.endswith(b"\n"):
            connection.settimeout(max(until - time.monotonic(), 0.001))
            data = connection.recv(65536)
            if not data or len(read) > _LONGEST_ANSWER:
                raise ConnectionResetError("it went away without an answer")
            read += data
    answer: dict[str, Any] = json.loads(read)
    return answer


def tell(path: Path, wish: str) -> None:
    """Tell the supervisor at `path` a wish, and wait for nothing. Raises OSError where nobody listens."""
    with connect_unix(path) as connection:
        connection.sendall(json.dumps({"wish": wish}).encode() + b"\n")
