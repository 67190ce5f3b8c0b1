"""A pool with real sockets behind it, in an event loop of its own, and whoever waits for it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Self, TypeVar

from strangler_proxy.ask import Answered, ask
from strangler_proxy.config import Address, Upstream
from strangler_proxy.endpoint import Endpoint
from strangler_proxy.pool import Pool
from strangler_proxy.upstream import UpstreamConnection
from strangler_proxy.worker import event_loop

__all__ = ["FakeResolver", "Server", "Turn", "asked", "connected", "free_port", "ok", "pool_of", "run", "until"]

T = TypeVar("T")
SECONDS = 20.0
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to its end in the event loop that workers use; what nobody caught there fails the test."""
    problems: list[dict[str, Any]] = []

    async def watched() -> T:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
        async with asyncio.timeout(SECONDS):
            return await coroutine

    with asyncio.Runner(loop_factory=event_loop()) as runner:
        result = runner.run(watched())
    assert not problems, problems
    return result


async def until(condition: Callable[[], T | None]) -> T:
    """What `condition` gives once that is true."""
    while not (found := condition()):  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.005)
    return found


async def ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every request without a body with a short 200."""
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


class Server:
    """Listens on a free port of 127.0.0.1 or ::1 and plays a script on each connection. `accepted` counts them."""

    def __init__(self, script: Script = ok, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.accepted = 0
        self.open = 0
        self._host = host
        self._tls = tls
        self._server: asyncio.Server
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.address = Address(host, 0)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, self.address.port, ssl=self._tls)
        self.address = Address(self._host, self._server.sockets[0].getsockname()[1])
        return self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self.open += 1
        self._writers.add(writer)
        try:
            with suppress(EOFError, ConnectionError, asyncio.CancelledError):
                await self.script(reader, writer)
        finally:
            self.open -= 1
            self._writers.discard(writer)
            writer.close()

    def reset(self) -> None:
        """Reset every open connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def stop(self) -> None:
        """Listen no more, and cut what is open."""
        self._server.close()
        self.reset()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class FakeResolver:
    """A resolver that knows what `names` says: hosts, or the error to raise. `asked` counts look-ups of each name."""

    def __init__(self, **names: list[str] | Exception) -> None:
        self.names = dict(names)
        self.asked: dict[str, int] = {}
        self.gate: asyncio.Event | None = None

    async def hosts(self, name: str) -> list[str]:
        self.asked[name] = self.asked.get(name, 0) + 1
        if self.gate is not None:
            await self.gate.wait()
        found = self.names.get(name, OSError("no such name"))
        if isinstance(found, Exception):
            raise found
        return found


class _Pool:
    """A pool that is ticked as a worker's is, and closed in the end."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def __aenter__(self) -> Pool:
        self._ticking = asyncio.create_task(self._tick())
        return self.pool

    async def _tick(self) -> None:
        while True:
            self.pool.tick(self.pool.loop.time())
            await asyncio.sleep(0.01)

    async def __aexit__(self, *_: object) -> None:
        self._ticking.cancel()
        self.pool.close()
        await asyncio.sleep(0)


def pool_of(
    *addresses: Address, last_resort: bool = False, resolver: FakeResolver | None = None, **values: Any
) -> _Pool:
    """A pool for an upstream at `addresses`; `values` are the upstream's other fields."""
    upstream = Upstream("catalog", addresses[0], others=addresses[1:], **values)
    return _Pool(Pool(upstream, asyncio.get_running_loop(), last_resort=last_resort, resolver=resolver))


async def asked(
    pool: Pool,
    request: bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    *,
    seconds: float = SECONDS,
    most: int = 65536,
    endpoint: Endpoint | None = None,
) -> Answered | str:
    """What came of one request of our own."""
    done: asyncio.Future[Answered | str] = asyncio.get_running_loop().create_future()
    ask(pool, request, seconds=seconds, most=most, done=done.set_result, endpoint=endpoint)
    return await done


async def connected(pool: Pool) -> UpstreamConnection | str:
    """A new connection, or why there is none."""
    done: asyncio.Future[UpstreamConnection | str] = asyncio.get_running_loop().create_future()
    pool.connect(done.set_result, done.set_result)
    return await done


class Turn:
    """Somebody who waits for a turn; `told` is what it was told."""

    def __init__(self) -> None:
        self.told: list[int | str] = []

    def admitted(self, permit: int) -> None:
        self.told.append(permit)

    def refused(self, why: str) -> None:
        self.told.append(why)
