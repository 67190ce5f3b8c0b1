"""A connection to an upstream: it hands what comes to the exchange that holds it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from strangler_proxy.holder import UpstreamHolder

if TYPE_CHECKING:
    from strangler_proxy.endpoint import Endpoint
    from strangler_proxy.pool import Pool

__all__ = ["UpstreamConnection"]


class UpstreamConnection:
    """One connection, an asyncio.Protocol. `exchange` is who uses it now, None while it waits in the pool.

    `busy` says that it counts as in use at its endpoint, `answered` that something came since it was last taken.
    `secure` says that it is TLS, `detached` that it is a tunnel.
    """

    __slots__ = (
        "_counted",
        "_lost",
        "_told_end",
        "answered",
        "busy",
        "closed",
        "detached",
        "endpoint",
        "exchange",
        "idle_since",
        "pool",
        "reading_paused",
        "reused",
        "secure",
        "transport",
        "writing_paused",
    )

    transport: asyncio.Transport

    def __init__(self, pool: Pool, endpoint: Endpoint, *, secure: bool = False) -> None:
        self.pool = pool
        self.endpoint = endpoint
        self.exchange: UpstreamHolder | None = None
        self.idle_since = 0.0
        self.closed = False
        self.reading_paused = False
        self.writing_paused = False
        self.busy = False
        self.detached = False
        self.reused = False
        self.answered = False
        self.secure = secure
        self._told_end = False
        self._counted = False
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def count(self) -> None:
        """Count as open, until it is lost."""
        # Not as it is made: one whose making is given up at that moment may never be told of its end.
        if not self._lost:
            self._counted = True
            self.pool.opened()

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        if self.closed:
            return
        if exchange is None:
            # Bytes that answer nothing would be taken for the next request's answer.
            self.abort()
            self.pool.forget(self)
        else:
            self.answered = True
            exchange.from_upstream(data)

    def eof_received(self) -> bool:
        self._told_end = True
        exchange = self.exchange
        if exchange is not None:
            return exchange.upstream_ended()
        self.closed = True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        if self._counted:
            self.pool.lost(self)
        self.closed = True
        exchange = self.exchange
        self.release()
        if exchange is None:
            self.pool.forget(self)
            return
        if exc is not None and not self.secure:
            # The kernel still has what came before the reset, such as the refusal of a body that was not read.
            for data in _left(self.transport):
                exchange.from_upstream(data)
                exchange = self.exchange
                if exchange is None:
                    return
        self.exchange = None
        if exc is None and self.secure and not self._told_end:
            # Only TLS's own word for it is an end: a bare FIN can come from anybody on the way.
            exc = ConnectionResetError("the connection ended without TLS saying so")
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

    def release(self) -> None:
        """Count no more as in use."""
        if self.busy:
            self.busy = False
            self.endpoint.in_use -= 1
            if self.detached:
                self.detached = False
                self.pool.attach()

    def discard(self) -> None:
        """Close at once if it was ever open: nobody has it."""
        if hasattr(self, "transport"):
            self.abort()

    def abort(self) -> None:
        """Close at once, whatever was still to be sent; nobody is told."""
        self.exchange = None
        self.closed = True
        self.release()
        self.transport.abort()

    def close(self) -> None:
        """Close after what was still to be sent; nobody is told."""
        self.exchange = None
        self.closed = True
        self.release()
        self.transport.close()


def _left(transport: asyncio.Transport) -> Iterator[bytes]:
    """What was received and not read yet."""
    descriptor = transport.get_extra_info("socket").fileno()
    with suppress(OSError):
        while descriptor >= 0 and (data := os.read(descriptor, 65536)):
            yield data
