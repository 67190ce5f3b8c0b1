"""The making of one connection to an upstream, which can be given up."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from strangler_proxy.upstream import UpstreamConnection

if TYPE_CHECKING:
    from strangler_proxy.endpoint import Endpoint
    from strangler_proxy.pool import Pool

__all__ = ["Connecting"]

# Nothing was sent yet, so another address may be tried; but not for as long as there are addresses.
_MOST_TRIED: Final = 3


class Connecting:
    """Makes a connection and calls `made` with it, or `failed` with why; nothing at all once it is cancelled.

    `probing` is for an `endpoint` that is asked how it is: then no other is tried, and failure is not held against it.
    """

    __slots__ = ("_cancelled", "_endpoint", "_failed", "_made", "_pool", "_probing", "_task", "_tried")

    def __init__(
        self,
        pool: Pool,
        endpoint: Endpoint | None,
        made: Callable[[UpstreamConnection], None],
        failed: Callable[[str], None],
        *,
        probing: bool,
    ) -> None:
        self._pool = pool
        self._endpoint = endpoint
        self._made = made
        self._failed = failed
        self._cancelled = False
        self._probing = probing
        self._tried = 0
        if endpoint is not None:
            endpoint.in_use += 1
        self._task = pool.loop.create_task(self._run())

    @property
    def placed(self) -> bool:
        """Whether it counts as in use at an endpoint."""
        return self._endpoint is not None

    def cancel(self) -> None:
        """Give it up: neither callback is called any more. Once one was, this does nothing."""
        if not self._cancelled:
            self._cancelled = True
            # Here and not in the task: one that is cancelled before its first step never takes it.
            self._let_go()
            self._pool.connected(self, "")
            self._task.cancel()

    async def _run(self) -> None:
        pool = self._pool
        connection: UpstreamConnection | None = None
        why = "refused"
        try:
            async with asyncio.timeout(pool.upstream.connect_timeout):
                connection, why = await self._connect()
        except TimeoutError:
            why = "unresolved" if self._endpoint is None else "connect-timeout"
            self._blame()
        except Exception as error:
            # Nothing that is known raises any other; but whoever is told nothing would wait for ever.
            pool.report("a connection could not be made", error)
            why = "refused"
            self._blame()
        if self._cancelled:
            if connection is not None:
                pool.give(connection)
            return
        pool.connected(self, "" if connection is not None or self._probing else why)
        if connection is None:
            self._let_go()
            self._tell(self._failed, why)
        else:
            # What counted for the making counts for the connection from now on.
            self._endpoint = None
            connection.busy = True
            if connection.closed:
                # Its end came with its beginning: nothing more will be told of it.
                connection.release()
            self._hand_over(connection)

    async def _connect(self) -> tuple[UpstreamConnection | None, str]:
        pool = self._pool
        why = "unresolved"
        if self._endpoint is None:
            await pool.places.resolution.first()
            self._take(pool.places.choose())
        while self._endpoint is not None:
            connection, why = await self._reach(self._endpoint)
            if connection is not None:
                return connection, ""
            self._blame()
            self._tried += 1
            if self._probing or self._tried >= _MOST_TRIED:
                break
            other = pool.places.another(self._endpoint)
            if other is None:
                break
            self._let_go()
            self._take(other)
        return None, why

    async def _reach(self, endpoint: Endpoint) -> tuple[UpstreamConnection | None, str]:
        """A connection to one of the endpoint's hosts, or why there is none."""
        why = "refused"
        for host in endpoint.hosts:
            connection, why = await self._open(endpoint, host)
            if connection is not None:
                endpoint.reached(host)
                return connection, ""
        return None, why

    async def _open(self, endpoint: Endpoint, host: str) -> tuple[UpstreamConnection | None, str]:
        pool = self._pool
        connection = UpstreamConnection(pool, endpoint, secure=pool.upstream.tls is not None)
        try:
            await self._dial(connection, host)
        except (ssl.SSLError, ConnectionResetError, ConnectionAbortedError):
            return None, "tls" if connection.secure else "refused"
        except OSError:
            return None, "refused"
        connection.count()
        return connection, ""

    async def _dial(self, connection: UpstreamConnection, host: str) -> None:
        pool, endpoint = self._pool, connection.endpoint
        protocol = cast("asyncio.Protocol", connection)
        if pool.without_tls:
            raise ssl.SSLError(pool.without_tls)
        try:
            if pool.context is None:
                await pool.loop.create_connection(lambda: protocol, host, endpoint.port)
            else:
                await pool.loop.create_connection(
                    lambda: protocol, host, endpoint.port, ssl=pool.context, server_hostname=endpoint.server_name
                )
        except BaseException:
            # The time limit may have struck when it was open already, and nobody else knows of it.
            connection.discard()
            raise

    def _take(self, endpoint: Endpoint | None) -> None:
        self._endpoint = endpoint
        if endpoint is not None:
            endpoint.in_use += 1

    def _let_go(self) -> None:
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            endpoint.in_use -= 1

    def _blame(self) -> None:
        if self._endpoint is not None and not self._probing:
            self._pool.blame(self._endpoint)

    def _hand_over(self, connection: UpstreamConnection) -> None:
        try:
            self._made(connection)
        except Exception as error:
            self._pool.report("a new connection could not be taken over", error)
            if connection.exchange is None:
                connection.abort()
                self._tell(self._failed, "refused")
            else:
                # Whoever holds it by now hears of its end.
                connection.transport.abort()

    def _tell(self, failed: Callable[[str], None], why: str) -> None:
        try:
            failed(why)
        except Exception as error:
            self._pool.report("a connection's failure could not be told", error)
