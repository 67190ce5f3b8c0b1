"""An upstream whose every answer can be checked: it tells who answered what, and writes down what it has executed.

`python -m tests.soak.upstream NAME PORT LEDGER [FAULT]`; a fault makes it wrong, for tests of the soak itself:
`swap` answers with what it was asked before, `double` executes a POST twice, `truncate` leaves out a body's last byte
and says so in the length, `side` answers in another's name, `leak` keeps 512 KiB of each request.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

__all__ = ["FAULTS", "noise"]

FAULTS = ("swap", "double", "truncate", "side", "leak")
_PIECE = 16384


def noise(name: str, size: int) -> bytes:
    """The `size` bytes that belong to a request's id: whoever has the id knows them."""
    return hashlib.shake_128(name.encode()).digest(size)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, its body read whole."""

    method: str
    target: str
    name: str
    body: bytes
    upgrade: bool

    @property
    def path(self) -> str:
        """The path's last part: what is wanted."""
        return urlsplit(self.target).path.rsplit("/", 1)[-1]

    def number(self, name: str) -> int:
        """A number of the query, 0 without it."""
        return int(dict(parse_qsl(urlsplit(self.target).query)).get(name, "0"))

    def answer(self, who: str) -> bytes:
        """What tells that this very request was understood."""
        said = {
            "who": who,
            "id": self.name,
            "method": self.method,
            "target": self.target,
            "body": hashlib.sha256(self.body).hexdigest(),
        }
        return json.dumps(said).encode()


class Upstream:
    """The server. Each executed POST is a line of the ledger, which outlives a kill -9."""

    def __init__(self, name: str, ledger: Path, fault: str = "") -> None:
        self.name = name
        self.fault = fault
        self._ledger = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._before: Asked | None = None
        self._leaked: list[bytearray] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what comes on one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            while (asked := await _read(reader)) is not None:
                if asked.upgrade:
                    await self._echo(asked, reader, writer)
                    break
                await self._answer(asked, writer)
        writer.close()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        if self.fault == "leak":
            self._leaked.append(bytearray(os.urandom(524288)))
        if asked.method == "POST":
            line = f"{asked.name} {hashlib.sha256(asked.body).hexdigest()}\n".encode()
            for _ in range(2 if self.fault == "double" else 1):
                os.write(self._ledger, line)
        told, self._before = (self._before or asked) if self.fault == "swap" else asked, asked
        if pause := asked.number("ms"):
            await asyncio.sleep(pause / 1000)
        if told.path == "events":
            await self._events(told, writer)
            return
        size = told.number("size")
        body = noise(told.name, size) if told.path == "noise" else told.answer(self._said())
        if self.fault == "truncate":
            body = body[:-1]
        await self._send(asked, told, body, writer)

    def _said(self) -> str:
        return "somebody" if self.fault == "side" else self.name

    def _head(self, told: Asked, *more: str) -> bytes:
        lines = ["HTTP/1.1 200 OK", f"X-Soak-Who: {self._said()}", f"X-Soak-Id: {told.name}", *more, "", ""]
        return "\r\n".join(lines).encode()

    async def _send(self, asked: Asked, told: Asked, body: bytes, writer: asyncio.StreamWriter) -> None:
        chunked = told.number("chunked")
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
        writer.write(self._head(told, framing))
        if asked.method == "HEAD":
            await writer.drain()
            return
        for start in range(0, len(body), _PIECE):
            piece = body[start : start + _PIECE]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
        if chunked:
            writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def _events(self, told: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(self._head(told, "Content-Type: text/event-stream", "Transfer-Encoding: chunked"))
        count = told.number("count")
        for number in range(count):
            event = f"id: {number}\ndata: {told.name} {self._said()}\n\n".encode()
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await writer.drain()
            await asyncio.sleep(told.number("every") / 1000)
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def _echo(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: soak\r\n"
            f"X-Soak-Who: {self._said()}\r\nX-Soak-Id: {asked.name}\r\n\r\n".encode()
        )
        while line := await reader.readline():
            writer.write(b"%b %b" % (asked.name.encode(), line))
            await writer.drain()
        writer.write(b"%b bye\n" % asked.name.encode())
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    """The next request, once all of it is there; None when the connection ends before one begins."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    line, *rest = head.decode("latin-1").split("\r\n")[:-2]
    fields = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
    method, target, _ = line.split(" ")
    if fields.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    else:
        body = await reader.readexactly(int(fields.get("content-length", "0")))
    return Asked(method, target, fields.get("x-soak-id", "-"), body, fields.get("upgrade") == "soak")


async def _main(name: str, port: int, ledger: Path, fault: str) -> None:
    upstream = Upstream(name, ledger, fault)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", port, limit=1 << 18, backlog=256)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), "".join(sys.argv[4:])))
