"""Asking over a socket of our own, so that an answer is seen as it came: no header reordered, joined or decoded."""

from __future__ import annotations

import select
import socket
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

__all__ = ["Answer", "Origin", "Wire", "WireError"]

_SECONDS = 60.0
_BODILESS = frozenset({204, 304})


class WireError(Exception):
    """What came was no whole answer."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a server is reached."""

    host: str
    port: int
    tls: bool = False

    @classmethod
    def of(cls, url: str) -> Self:
        """The origin of a URL. Raises ValueError for what is none."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError(f"{url!r} is no origin such as http://127.0.0.1:8000")
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls)


@dataclass(frozen=True, slots=True)
class Answer:
    """One final answer: its status line, its fields in order, its body, and what told the body's end.

    `framing` is `length`, `chunked`, `close` or `none`. `interim` are the status lines of the 1xx before it.
    """

    line: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    framing: str
    interim: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.line.split()[1])

    def values(self, name: str) -> list[str]:
        """The values of a field, in order."""
        return [value for each, value in self.fields if each.lower() == name]

    def value(self, name: str) -> str:
        """The first value of a field; empty without one."""
        return next(iter(self.values(name)), "")


class Wire:
    """One connection, on which requests are asked one after the other."""

    def __init__(self, origin: Origin) -> None:
        sock = socket.create_connection((origin.host, origin.port), _SECONDS)
        if origin.tls:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=origin.host)
        self._socket = sock
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def ask(self, request: bytes) -> Answer:
        """Send a whole request and read its answer. Raises WireError, OSError."""
        self._send(request)
        interim: list[str] = []
        while True:
            line, fields = self._head()
            answer = Answer(line, fields, b"", "none", tuple(interim))
            if answer.status >= 200:
                break
            interim.append(line)
        body, framing = self._body(answer, head_only=request.startswith(b"HEAD "))
        return Answer(line, fields, body, framing, tuple(interim))

    def _send(self, data: bytes) -> None:
        # An answer may come before a large request was sent whole; from then on the server need not read.
        view = memoryview(data)
        while view:
            readable, writable, _ = select.select([self._socket], [self._socket], [], _SECONDS)
            if readable:
                return
            if not writable:
                raise WireError("the server takes nothing more of the request")
            view = view[self._socket.send(view[:65536]) :]

    def _more(self) -> bool:
        data = self._socket.recv(65536)
        self._buffer += data
        return bool(data)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            if not self._more():
                raise WireError(f"the connection ended after {self._buffer[-200:]!r}, before {mark!r}")
        part, _, self._buffer = self._buffer.partition(mark)
        return part

    def _exactly(self, size: int) -> bytes:
        parts = [self._buffer]
        have = len(self._buffer)
        while have < size:
            self._buffer = b""
            if not self._more():
                raise WireError(f"the body ended after {have} of {size} bytes")
            parts.append(self._buffer)
            have += len(self._buffer)
        whole = b"".join(parts)
        self._buffer = whole[size:]
        return whole[:size]

    def _head(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        line, *rest = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = []
        for each in rest:
            name, _, value = each.partition(":")
            fields.append((name, value.strip(" \t")))
        return line, tuple(fields)

    def _body(self, answer: Answer, *, head_only: bool) -> tuple[bytes, str]:
        if head_only or answer.status in _BODILESS:
            return b"", "none"
        if answer.value("transfer-encoding").lower() == "chunked":
            return self._chunks(), "chunked"
        if length := answer.value("content-length"):
            return self._exactly(int(length)), "length"
        while self._more():
            pass
        return self._buffer, "close"

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            parts.append(self._exactly(size))
            if self._until(b"\r\n"):
                raise WireError("a chunk is longer than it says")
        if trailers := self._until(b"\r\n"):
            raise WireError(f"a trailer that was not asked for: {trailers!r}")
        return b"".join(parts)
