"""A connection to an upstream: it hands what comes to the exchange that holds it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from strangler_proxy.forward import Exchange
    from strangler_proxy.pool import Pool
    from strangler_proxy.reply import Reply
    from strangler_proxy.tunnel import Tunnel

__all__ = ["UpstreamConnection"]


class UpstreamConnection(asyncio.Protocol):
    """One connection. `exchange` is who uses it now, None while it waits in the pool."""

    __slots__ = ("closed", "exchange", "idle_since", "pool", "reading_paused", "transport", "writing_paused")

    transport: asyncio.Transport

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.exchange: Exchange | Reply | Tunnel | None = None
        self.idle_since = 0.0
        self.closed = False
        self.reading_paused = False
        self.writing_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        if self.closed:
            return
        if exchange is None:
            # Bytes that answer nothing would be taken for the next request's answer.
            self.abort()
            self.pool.forget(self)
        else:
            exchange.from_upstream(data)

    def eof_received(self) -> bool:
        exchange = self.exchange
        if exchange is not None:
            return exchange.upstream_ended()
        self.closed = True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        exchange = self.exchange
        if exchange is None:
            self.pool.forget(self)
        else:
            self.exchange = None
            exchange.upstream_lost(exc)

    def pause_writing(self) -> None:
        self.writing_paused = True
        if self.exchange is not None:
            self.exchange.upstream_full()

    def resume_writing(self) -> None:
        self.writing_paused = False
        if self.exchange is not None:
            self.exchange.upstream_drained()

    def pause_reading(self) -> None:
        """Stop reading from the upstream: the client takes no more for now."""
        if not self.reading_paused and not self.closed:
            self.reading_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self.reading_paused and not self.closed:
            self.reading_paused = False
            self.transport.resume_reading()

    def abort(self) -> None:
        """Close at once, whatever was still to be sent; nobody is told."""
        self.exchange = None
        self.closed = True
        self.transport.abort()

    def close(self) -> None:
        """Close after what was still to be sent; nobody is told."""
        self.exchange = None
        self.closed = True
        self.transport.close()
