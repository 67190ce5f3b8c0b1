"""Where workers tell what is unequal, or to be recorded: a Unix socket, read while there is room for what comes."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from strangler_proxy.comparer.backlog import Backlog
from strangler_proxy.comparer.desk import Desk
from strangler_proxy.shadow.frame import BadFrame, Frames, Unequal
from strangler_proxy.unix import listen_unix

__all__ = ["Intake"]

_log = logging.getLogger("strangler.comparer")


class Intake:
    """Reads frames of at most `longest` bytes from whoever connects: what is unequal into `backlog`, what is to be
    recorded onto `desk`, each over connections of its own. Where one is full, its connections are not read, so that
    whoever tells more has to keep it or let it go."""

    def __init__(self, backlog: Backlog, longest: int, desk: Desk | None = None) -> None:
        self.backlog = backlog
        self.desk = desk
        self.longest = longest
        self.connections: set[_Connection] = set()
        self.refused = 0
        """How many connections were ended because of what they said."""
        self._deserted = asyncio.Event()
        self._server: asyncio.AbstractServer | None = None
        self._path: Path | None = None

    @property
    def records(self) -> bool:
        """Whether anybody is connected who may tell of what is to be recorded."""
        return any(each.queue is not self.backlog for each in self.connections)

    async def listen(self, path: Path) -> None:
        """Be there on the Unix socket `path`. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: _Connection(self), sock=listen_unix(path))
        self._path = path

    def read_on(self) -> None:
        """There is room again."""
        for connection in self.connections:
            connection.read_on()

    async def deserted(self) -> None:
        """Wait until nobody is connected."""
        while self.connections:
            self._deserted.clear()
            await self._deserted.wait()

    def close(self) -> None:
        """Listen no more, and end what is connected still."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.end()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def lost(self, connection: _Connection) -> None:
        """A connection has ended."""
        self.connections.discard(connection)
        if not self.connections:
            self._deserted.set()


class _Connection(asyncio.Protocol):
    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._frames = Frames(intake.longest)
        self._transport: asyncio.Transport | None = None
        self._held_up = False
        self.queue: Backlog | Desk | None = None
        """Where what it tells goes; None as long as it has told nothing."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        self._intake.connections.add(self)
        self._hold_up_if_full()

    def data_received(self, data: bytes) -> None:
        try:
            found = self._frames.feed(data)
        except BadFrame as error:
            # Whoever it is, of the next byte nobody knows what it belongs to.
            self._intake.refused += 1
            _log.warning("a connection was ended, for it brought %s", error)
            self.end()
            return
        for each in found:
            if isinstance(each, Unequal):
                self.queue = self._intake.backlog
                self.queue.put(each)
            elif self._intake.desk is not None:
                self.queue = self._intake.desk
                self.queue.put(each)
        self._hold_up_if_full()

    def connection_lost(self, exc: Exception | None) -> None:
        self._intake.lost(self)

    def _hold_up_if_full(self) -> None:
        queue = self.queue or self._intake.backlog
        if queue.full and not self._held_up and self._transport is not None:
            self._held_up = True
            self._transport.pause_reading()

    def read_on(self) -> None:
        """Read on where it was held up."""
        if self._held_up and self._transport is not None and not self._transport.is_closing():
            self._held_up = False
            self._transport.resume_reading()

    def end(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()
