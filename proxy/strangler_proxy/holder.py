"""What the two kinds of connection ask of whoever holds them."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["ClientHolder", "UpstreamHolder"]


class UpstreamHolder(ABC):
    """Whoever holds a connection to an upstream."""

    __slots__ = ()

    @abstractmethod
    def from_upstream(self, data: bytes) -> None:
        """More of the answer came."""

    @abstractmethod
    def upstream_full(self) -> None:
        """The upstream takes no more for now."""

    @abstractmethod
    def upstream_drained(self) -> None:
        """The upstream takes more again."""

    @abstractmethod
    def upstream_ended(self) -> bool:
        """The upstream sends no more; True keeps its connection open for the other direction."""

    @abstractmethod
    def upstream_lost(self, exc: Exception | None) -> None:
        """The upstream's connection is closed."""


class ClientHolder(UpstreamHolder):
    """Whoever holds a client's connection, and the upstream's connection that answers it.

    `request_done` says that the whole request has come, `safe` that its method changes nothing, `tunnelled` that bytes
    are no requests any more.
    """

    __slots__ = ("request_done", "safe", "tunnelled")

    def __init__(self, *, request_done: bool, safe: bool, tunnelled: bool = False) -> None:
        self.request_done = request_done
        self.safe = safe
        self.tunnelled = tunnelled

    @abstractmethod
    def from_client(self, data: bytes) -> None:
        """More of the request's body came, or of what goes through a tunnel."""

    @abstractmethod
    def client_full(self) -> None:
        """The client takes no more for now."""

    @abstractmethod
    def client_drained(self) -> None:
        """The client takes more again."""

    @abstractmethod
    def client_ended(self) -> None:
        """The client sends no more."""

    @abstractmethod
    def client_lost(self) -> None:
        """The client's connection is closed."""

    @abstractmethod
    def ran_out_of_time(self) -> None:
        """The client's deadline has passed."""
