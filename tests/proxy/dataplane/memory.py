"""A worker's protocols without sockets: bytes are handed over in memory, so that thousands of cases take seconds."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from strangler_proxy.config import Config
from strangler_proxy.downstream import ClientConnection
from strangler_proxy.gateway import Gateway
from strangler_proxy.subject import Subjects

from tests.proxy.dataplane.raw import KEY

__all__ = ["Bench", "Client", "Far", "MemoryTransport"]

# How many turns of the loop a piece of input is given: no exchange takes more to come to rest.
_TURNS = 12


class MemoryTransport(asyncio.Transport):
    """A transport whose other end is a function. What was written before an end is delivered, then the end is."""

    def __init__(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, port: int) -> None:
        super().__init__()
        self._loop = loop
        self._socket = sock
        self._port = port
        self.protocol: Any
        self.deliver: Callable[[bytes], None] = lambda _: None
        self.ended: Callable[[], None] = lambda: None
        self.closing = False
        self.wrote_eof = False
        self.aborted = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        known = {"peername": ("127.0.0.1", 50000), "sockname": ("127.0.0.1", self._port), "socket": self._socket}
        return known.get(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.wrote_eof, "written after the end"
        if not self.closing:
            self._loop.call_soon(self.deliver, bytes(data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.wrote_eof = True
        self._loop.call_soon(self.ended)

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self._loop.call_soon(self.ended)
            self._loop.call_soon(self.protocol.connection_lost, None)

    def abort(self) -> None:
        self.aborted = self.aborted or not self.closing
        self.close()

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    # From the far end.

    def feed(self, data: bytes) -> None:
        if not self.closing and data:
            self.protocol.data_received(data)

    def feed_eof(self) -> None:
        if not self.closing and not self.protocol.eof_received():
            self.close()


class Far:
    """The upstream's end of one connection. `answers` is called with itself whenever bytes came."""

    def __init__(self, transport: MemoryTransport, answers: Callable[[Far], None]) -> None:
        self.transport = transport
        self.received = b""
        self.ended = False
        self.sent = 0
        transport.deliver = self._deliver
        transport.ended = self._end
        self._answers = answers

    def _deliver(self, data: bytes) -> None:
        self.received += data
        self._answers(self)

    def _end(self) -> None:
        self.ended = True

    def send(self, data: bytes) -> None:
        self.transport.feed(data)

    def close(self) -> None:
        self.transport.feed_eof()


class Client:
    """The client's end of one connection."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.received = b""
        self.ended = False
        self.transport = MemoryTransport(bench.loop, bench.socket, 8080)
        self.transport.deliver = self._deliver
        self.transport.ended = self._end
        self.protocol = ClientConnection(bench.gateway)
        self.transport.protocol = self.protocol
        self.protocol.connection_made(self.transport)

    def _deliver(self, data: bytes) -> None:
        self.received += data

    def _end(self) -> None:
        self.ended = True

    def send(self, data: bytes) -> None:
        """Hand `data` over in one piece and let everything that follows from it happen."""
        self.transport.feed(data)
        self._bench.turn()

    def close(self) -> None:
        """End both directions."""
        self.transport.feed_eof()
        self._bench.turn()
        self.transport.abort()
        self._bench.turn()


class _Loop(asyncio.SelectorEventLoop):
    """Connects to nothing: each connection is handed to `accept`."""

    accept: Callable[[Any], MemoryTransport]

    async def create_connection(self, protocol_factory: Any, *_: Any, **__: Any) -> Any:
        protocol = protocol_factory()
        return self.accept(protocol), protocol


class Bench:
    """A gateway on a loop of its own. `fars` are the upstream connections in order; `answers` plays the upstream."""

    def __init__(self, configuration: Config) -> None:
        self.loop = _Loop()
        self.loop.accept = self._accept
        self.problems: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, context: self.problems.append(context))
        self.socket, self._other = socket.socketpair()
        self.fars: list[Far] = []
        self.answers: Callable[[Far], None] = lambda _: None

        async def make() -> Gateway:
            return Gateway(configuration, Subjects(KEY, configuration.subject), self.loop)

        self.gateway = self.loop.run_until_complete(make())

    def _accept(self, protocol: Any) -> MemoryTransport:
        transport = MemoryTransport(self.loop, self.socket, 8000)
        transport.protocol = protocol
        self.fars.append(Far(transport, lambda far: self.answers(far)))
        protocol.connection_made(transport)
        return transport

    def client(self) -> Client:
        return Client(self)

    def turn(self) -> None:
        """Let the loop turn until all has come to rest."""

        async def turns() -> None:
            for _ in range(_TURNS):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())

    def reset(self) -> None:
        """Drop all connections, so that the next case begins anew."""
        for client in list(self.gateway.clients):
            client.abort()
        for far in self.fars:
            far.close()
        self.turn()
        self.fars.clear()
        assert not self.problems, self.problems

    def close(self) -> None:
        self.gateway.stop()
        self.turn()
        self.loop.close()
        self.socket.close()
        self._other.close()
