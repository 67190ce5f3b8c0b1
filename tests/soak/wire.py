"""A customer's connection: requests out, whole answers in, and whatever is short, late or odd is an error."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Answer", "Broken", "Connection", "request"]


class Broken(Exception):
    """No whole answer came. `begun` says whether a byte of one had come; `reused` that others went over it before."""

    def __init__(self, why: str, *, begun: bool, reused: bool, port: int) -> None:
        super().__init__(why)
        self.why = why
        self.begun = begun
        self.reused = reused
        self.port = port


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; `port` is the customer's own end of the connection that it came on."""

    status: int
    fields: dict[str, str]
    body: bytes
    port: int


def request(
    method: str, target: str, name: str, body: bytes = b"", *, chunked: int = 0, more: tuple[str, ...] = ()
) -> bytes:
    """A request; its body in chunks of so many bytes where `chunked`."""
    lines = [f"{method} {target} HTTP/1.1", "Host: soak.example", f"X-Soak-Id: {name}", *more]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        pieces = [body[start : start + chunked] for start in range(0, len(body), chunked)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    elif body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """One connection to the proxy. Every error of it is a Broken."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.port: int = writer.get_extra_info("sockname")[1]
        self.answered = 0
        self._usable = True
        self.told_last = False

    @property
    def usable(self) -> bool:
        """Whether another request may go over it: the end that came while it was unused is seen before it is used."""
        return self._usable and not self._reader.at_eof()

    def spoiled(self) -> None:
        """Nothing more may go over it."""
        self._usable = False

    @classmethod
    async def to(cls, port: int, *, receive_buffer: int = 0) -> Connection:
        """A new connection to the proxy's port."""
        sock = socket.socket()
        sock.setblocking(False)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port)), 10)
            reader, writer = await asyncio.open_connection(sock=sock, limit=1 << 17)
        except (OSError, TimeoutError) as error:
            sock.close()
            raise Broken(f"no connection: {error!r}", begun=False, reused=False, port=0) from None
        return cls(reader, writer)

    def broken(self, why: str, *, begun: bool = False) -> Broken:
        """The error of this connection."""
        self._usable = False
        return Broken(why, begun=begun, reused=self.answered > 0, port=self.port)

    async def send(self, data: bytes, *, pieces: int = 0, pause: float = 0.0) -> None:
        """Send a request, or a part of one; slowly where `pause`."""
        # Whether it could be sent is seen by whether it is answered: an early answer may lie there already.
        with suppress(OSError):
            for start in range(0, len(data), pieces or len(data) or 1):
                if self._writer.is_closing():
                    break
                self._writer.write(data[start : start + (pieces or len(data))])
                await self._writer.drain()
                if pause:
                    await asyncio.sleep(pause)

    async def answer(self, *, seconds: float, head_only: bool = False, pause: float = 0.0) -> Answer:
        """The next answer, whole; read slowly where `pause`. Raises Broken."""
        begun = False
        try:
            async with asyncio.timeout(seconds):
                first = await self._reader.readexactly(1)
                begun = True
                answer = await self._rest(first, head_only=head_only, pause=pause)
        except TimeoutError:
            raise self.broken(f"nothing more within {seconds:g} s", begun=begun) from None
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise self.broken(f"{type(error).__name__}: {error}", begun=begun) from None
        self.answered += 1
        return answer

    async def _rest(self, first: bytes, *, head_only: bool, pause: float) -> Answer:
        head = first + await self._reader.readuntil(b"\r\n\r\n")
        line, *rest = head.decode("latin-1").split("\r\n")[:-2]
        fields = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
        status = int(line.split(" ")[1])
        if head_only or status in {101, 204, 304}:
            body = b""
        elif fields.get("transfer-encoding") == "chunked":
            parts = []
            while size := int(await self._reader.readline(), 16):
                parts.append((await self._reader.readexactly(size + 2))[:-2])
                await asyncio.sleep(pause)
            if await self._reader.readexactly(2) != b"\r\n":
                raise ValueError("something behind the last chunk")
            body = b"".join(parts)
        else:
            body = await self._exactly(int(fields["content-length"]), pause)
        if fields.get("connection", "").lower() == "close":
            self._usable = False
            self.told_last = True
        return Answer(status, fields, body, self.port)

    async def _exactly(self, size: int, pause: float) -> bytes:
        parts = []
        while size:
            part = await self._reader.readexactly(min(size, 65536))
            size -= len(part)
            parts.append(part)
            await asyncio.sleep(pause)
        return b"".join(parts)

    async def some(self, seconds: float) -> bytes:
        """Whatever comes next; empty at the end. Raises Broken."""
        try:
            async with asyncio.timeout(seconds):
                return await self._reader.read(65536)
        except (OSError, TimeoutError) as error:
            raise self.broken(f"{type(error).__name__}: {error}", begun=True) from None

    def end_sending(self) -> None:
        """Say that nothing more is sent."""
        with suppress(OSError):
            self._writer.write_eof()

    def reset(self) -> None:
        """Be gone at once."""
        own = self._writer.get_extra_info("socket")
        with suppress(OSError):
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
        self._usable = False

    async def close(self) -> None:
        """Close in order."""
        self._usable = False
        with suppress(OSError, TimeoutError):
            self._writer.close()
            async with asyncio.timeout(5):
                await self._writer.wait_closed()
