"""The unused connections to one upstream, and the making of new ones."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable
from typing import Final

from strangler_proxy.config import Upstream
from strangler_proxy.upstream import UpstreamConnection

__all__ = ["Pool"]

# How long a connection may have been unused when a request that must not be sent twice is sent on it.
_BRIEF: Final = 0.5


class Pool:
    """Connections to one upstream, of one worker. The one used last is used next, so that the others can expire."""

    def __init__(self, upstream: Upstream, loop: asyncio.AbstractEventLoop) -> None:
        self.upstream = upstream
        self._loop = loop
        self._unused: list[UpstreamConnection] = []
        self._connecting: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._unused)

    def take(self, *, surely: bool) -> UpstreamConnection | None:
        """An unused connection that is still open as far as known, None when there is none.

        `surely` asks for one that was used a moment ago and has nothing to be read, an end least of all.
        """
        unused = self._unused
        if not unused:
            return None
        now = self._loop.time()
        while unused:
            connection = unused.pop()
            if connection.closed:
                continue
            age = now - connection.idle_since
            if age > self.upstream.keep_alive or (surely and (age > _BRIEF or _readable(connection))):
                connection.close()
                continue
            return connection
        return None

    def give(self, connection: UpstreamConnection) -> None:
        """Take back a connection whose answer was whole."""
        connection.exchange = None
        if connection.closed or len(self._unused) >= self.upstream.connections or not self.upstream.keep_alive:
            connection.close()
            return
        connection.resume_reading()
        connection.idle_since = self._loop.time()
        self._unused.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """An unused connection was closed by the other end."""
        if connection in self._unused:
            self._unused.remove(connection)

    def expire(self, now: float) -> None:
        """Close the connections that were unused for too long; the oldest come first."""
        oldest = now - self.upstream.keep_alive
        unused = self._unused
        expired = 0
        while expired < len(unused) and unused[expired].idle_since < oldest:
            expired += 1
        for connection in unused[:expired]:
            connection.close()
        del unused[:expired]

    def connect(self, made: Callable[[UpstreamConnection], None], failed: Callable[[str], None]) -> None:
        """Make a connection, then call `made` with it.

        Otherwise `failed` is called with why: `unresolved`, `refused` or `connect-timeout`.
        """
        task = self._loop.create_task(self._connect(made, failed))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, made: Callable[[UpstreamConnection], None], failed: Callable[[str], None]) -> None:
        address = self.upstream.address
        connection: UpstreamConnection | None = None
        why = "refused"
        try:
            async with asyncio.timeout(self.upstream.connect_timeout):
                _, connection = await self._loop.create_connection(
                    lambda: UpstreamConnection(self), address.host, address.port
                )
        except TimeoutError:
            why = "connect-timeout"
        except (socket.gaierror, UnicodeError):
            why = "unresolved"
        except OSError:
            pass
        if connection is None:
            failed(why)
        else:
            made(connection)

    def close(self) -> None:
        """Close the unused connections and give up making new ones."""
        for task in self._connecting:
            task.cancel()
        for connection in self._unused:
            connection.close()
        self._unused.clear()


def _readable(connection: UpstreamConnection) -> bool:
    descriptor = connection.transport.get_extra_info("socket").fileno()
    if descriptor < 0:
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
