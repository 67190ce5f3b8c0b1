"""An upgraded connection: bytes go both ways as they come, and each direction ends by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from strangler_proxy.upstream import UpstreamConnection

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection

__all__ = ["Tunnel"]

# How long a tunnel may carry nothing, in either direction.
_IDLE: Final = 3600.0


class Tunnel:
    """Joins a client's connection and an upstream's, in the place of the exchange that opened it.

    `over` is called once with why it ended: empty for an orderly end.
    """

    __slots__ = ("_client", "_connection", "_over", "_upstream_ended")

    # What a connection asks of whoever holds it: a tunnel takes every byte, and asks nothing twice.
    request_done = False
    tunnelled = True
    safe = False

    def __init__(self, client: ClientConnection, connection: UpstreamConnection, over: Callable[[str], None]) -> None:
        self._client = client
        self._connection = connection
        self._over = over
        self._upstream_ended = False
        connection.exchange = self
        self._carried()

    def _carried(self) -> None:
        self._client.deadline = self._client.gateway.loop.time() + _IDLE

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
        elif not self._connection.closed and self._connection.transport.can_write_eof():
            self._connection.transport.write_eof()

    def upstream_ended(self) -> bool:
        """The upstream sends no more; True keeps its connection for the other direction."""
        if self._client.ended:
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
        self._end("idle")

    def _end(self, why: str) -> None:
        if not self._connection.closed:
            self._connection.close()
        if self._client.exchange is self:
            self._over(why)
            self._client.cut_off(reset=False)
