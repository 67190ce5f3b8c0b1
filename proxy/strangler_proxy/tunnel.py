"""An upgraded connection: bytes go both ways as they come, and each direction ends by itself."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from strangler_proxy.holder import ClientHolder
from strangler_proxy.upstream import UpstreamConnection

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection
    from strangler_proxy.forward import Exchange

__all__ = ["Tunnel"]


class Tunnel(ClientHolder):
    """Joins a client's connection and an upstream's. `exchange`, which opened it, is told once when it is over."""

    __slots__ = ("_client", "_connection", "_exchange", "_upstream_ended")

    def __init__(self, client: ClientConnection, connection: UpstreamConnection, exchange: Exchange) -> None:
        # A tunnel takes every byte that comes, and asks nothing twice.
        super().__init__(request_done=False, safe=False, tunnelled=True)
        self._client = client
        self._connection = connection
        self._exchange = exchange
        self._upstream_ended = False
        connection.exchange = self
        self._carried()

    def _carried(self) -> None:
        self._client.deadline = monotonic() + self._client.gateway.limits.tunnel_timeout

    def from_client(self, data: bytes) -> None:
        """Bytes came from the client."""
        self._carried()
        if not self._connection.closed:
            self._connection.transport.write(data)

    def from_upstream(self, data: bytes) -> None:
        """Bytes came from the upstream."""
        self._carried()
        self._client.write(data)

    def client_full(self) -> None:
        """The client takes no more for now."""
        self._connection.pause_reading()

    def client_drained(self) -> None:
        """The client takes more again."""
        self._connection.resume_reading()

    def upstream_full(self) -> None:
        """The upstream takes no more for now."""
        self._client.pause_reading()

    def upstream_drained(self) -> None:
        """The upstream takes more again."""
        self._client.resume_reading()

    def client_ended(self) -> None:
        """The client sends no more; the upstream may."""
        if self._upstream_ended:
            self._end("")
        elif not self._connection.closed:
            if self._connection.transport.can_write_eof():
                self._connection.transport.write_eof()
            else:
                # TLS has no end of one direction: an upstream that is told nothing would be kept for ever.
                self._end("")

    def upstream_ended(self) -> bool:
        """The upstream sends no more; True keeps its connection for the other direction."""
        if self._client.ended or not self._client.transport.can_write_eof():
            return False
        self._upstream_ended = True
        self._client.end_writing()
        return True

    def client_lost(self) -> None:
        """The client's connection is closed."""
        self._end("")

    def upstream_lost(self, exc: Exception | None) -> None:
        """The upstream's connection is closed."""
        self._end("" if exc is None else "reset")

    def ran_out_of_time(self) -> None:
        """Nothing was carried for too long."""
        self._client.gateway.counts.timeout("tunnel_timeout")
        self._end("tunnel-idle")

    def _end(self, why: str) -> None:
        if not self._connection.closed:
            self._connection.close()
        if self._client.exchange is self:
            self._exchange.replied(why)
            self._client.cut_off(reset=False)
