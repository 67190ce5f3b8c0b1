"""Everything of one upstream in one worker: who may ask it now, and on which connection."""

from __future__ import annotations

import asyncio
import select
import ssl
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from strangler_proxy.config import Upstream
from strangler_proxy.config.certificates import BadCertificate, client_context
from strangler_proxy.config.upstreams import UpstreamTls
from strangler_proxy.connecting import Connecting
from strangler_proxy.endpoint import Endpoint
from strangler_proxy.endpoints import Endpoints
from strangler_proxy.health import Health
from strangler_proxy.permits import Permits
from strangler_proxy.resolver import Resolver
from strangler_proxy.upstream import UpstreamConnection

if TYPE_CHECKING:
    from strangler_proxy.shadow.pace import Pace

__all__ = ["NO_CONNECTION", "Pool"]

# Why there is no connection to it.
NO_CONNECTION: Final = ("unresolved", "refused", "connect-timeout", "tls")
# How long a connection may have been unused when a request that must not be sent twice is sent on it.
_BRIEF: Final = 0.5


class Pool(Permits):
    """One upstream, as one worker sees it.

    Whoever wants to ask it calls `enter`, then `take` or `connect`, then `give` for a connection whose answer was whole
    (any other is closed or aborted), then `leave`. The connection used last is used next, so that others can expire.

    `last_resort` is for the monolith: there is nobody else to answer, so it is asked even when all its addresses seem
    sick. `now` is the event loop's clock, that is the system's monotonic one, which costs less to ask.
    """

    def __init__(
        self,
        upstream: Upstream,
        loop: asyncio.AbstractEventLoop,
        *,
        last_resort: bool = False,
        resolver: Resolver | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(upstream, loop, now)
        self.context: ssl.SSLContext | None = None
        # Why TLS cannot be spoken; empty where it can, or need not.
        self.without_tls: str = ""
        if upstream.tls is not None:
            self._prepare_tls(upstream.tls)
        # A whole header line that goes with every request to it, by which the monolith knows us; empty for all others.
        self.proxied: bytes = b""
        # Told what answers to customers take, where copies are sent to this upstream too.
        self.pace: Pace | None = None
        self._last_resort: bool = last_resort
        self._keep_alive: float = upstream.keep_alive
        self._most_unused: int = upstream.connections if upstream.keep_alive else 0
        self.places = Endpoints(upstream, loop, self._changed, now, resolver=resolver)
        # The one endpoint where there is just one: then there is nothing to choose.
        self._only: Endpoint | None = None
        # The one that `take` chose and found no unused connection to.
        self._chosen: Endpoint | None = None
        self._connecting: set[Connecting] = set()
        self._open: int = 0
        self._made: int = 0
        self._failures: dict[str, int] = dict.fromkeys(NO_CONNECTION, 0)
        self._health: Health | None = None if upstream.health is None else Health(self, upstream.health, self._changed)
        self._changed()

    def __len__(self) -> int:
        return sum(len(endpoint.unused) for endpoint in self.endpoints)

    @property
    def endpoints(self) -> list[Endpoint]:
        """Where the upstream can be reached; empty while none of its names was ever resolved."""
        return self.places.all

    def take(self, *, surely: bool) -> UpstreamConnection | None:
        """An unused connection that is still open as far as known, None when there is none.

        `surely` asks for one that was used a moment ago and has nothing to be read, an end least of all.
        """
        endpoint = self._only
        if endpoint is None:
            endpoint = self.places.choose()
            if endpoint is None or not endpoint.unused:
                self._chosen = endpoint
                return None
        unused = endpoint.unused
        while unused:
            connection = unused.pop()
            if connection.closed:
                continue
            age = self._now() - connection.idle_since
            if age > self._keep_alive or (surely and (age > _BRIEF or _readable(connection))):
                connection.close()
                continue
            connection.busy = True
            connection.answered = False
            endpoint.in_use += 1
            return connection
        self._chosen = endpoint
        return None

    def give(self, connection: UpstreamConnection) -> None:
        """Take back a connection whose answer was whole."""
        connection.exchange = None
        endpoint = connection.endpoint
        if connection.busy:
            connection.busy = False
            endpoint.in_use -= 1
        if endpoint.suspect and connection.answered:
            endpoint.pardon()
        unused = endpoint.unused
        if connection.closed or len(unused) >= self._most_unused or endpoint.gone:
            connection.close()
            return
        if connection.reading_paused:
            connection.resume_reading()
        connection.reused = True
        connection.idle_since = self._now()
        unused.append(connection)

    def forget(self, connection: UpstreamConnection) -> None:
        """An unused connection was closed by the other end."""
        unused = connection.endpoint.unused
        if connection in unused:
            unused.remove(connection)

    def connect(
        self,
        made: Callable[[UpstreamConnection], None],
        failed: Callable[[str], None],
        endpoint: Endpoint | None = None,
    ) -> Connecting:
        """Make a connection, then call `made` with it, later: to the least busy address, or only to `endpoint`.

        Otherwise `failed` is called with why: `unresolved`, `refused`, `connect-timeout` or `tls`. Where there are
        several addresses, another is tried before that. `cancel()` of what is given here gives it up.
        """
        chosen, self._chosen = self._chosen, None
        probing = endpoint is not None
        if endpoint is None:
            endpoint = self._only or chosen or self.places.choose()
        if self._open + len(self._connecting) >= self.upstream.max_connections:
            self._make_room()
        connecting = Connecting(self, endpoint, made, failed, probing=probing)
        self._connecting.add(connecting)
        return connecting

    def _make_room(self) -> None:
        """Close the connection that was unused for longest: those in use are bounded by the permits."""
        oldest = [endpoint for endpoint in self.endpoints if endpoint.unused]
        if oldest:
            min(oldest, key=lambda endpoint: endpoint.unused[0].idle_since).unused.pop(0).close()

    def blame(self, endpoint: Endpoint) -> None:
        """No answer came from `endpoint`: it cannot be reached, gave no answer in time, or one that is none."""
        self.places.blame(endpoint)

    def opened(self) -> None:
        """A connection is open."""
        self._open += 1
        self._made += 1

    def lost(self, connection: UpstreamConnection) -> None:
        """A connection is closed now, whoever wanted it so."""
        self._open -= 1
        if connection.exchange is not None and not connection.answered and not connection.reused:
            self.blame(connection.endpoint)

    def connected(self, connecting: Connecting, why: str) -> None:
        """The making of a connection has ended: `why` says why it failed, empty where it did not."""
        self._connecting.discard(connecting)
        if why:
            self._failures[why] += 1

    def _prepare_tls(self, tls: UpstreamTls) -> None:
        try:
            self.context = client_context(tls)
        except BadCertificate as error:
            # They were right when the configuration was read. Whoever has a fallback still has an answer.
            self.without_tls = error.wrong

    def _changed(self) -> None:
        """Other endpoints are there than before, or one has turned sick or well."""
        endpoints = self.places
        self._only = endpoints.all[0] if len(endpoints.all) == 1 else None
        self._chosen = None
        endpoints.look(self._now())
        self._sick = endpoints.sick and not self._last_resort
        if self._health is not None:
            self._health.moved()
        if self._queue and not self._admitting:
            self._admit_soon()

    def tick(self, now: float) -> None:
        """What is due: called every tenth of a second."""
        self.expire(now)
        self._end_waits(now)
        self.places.look(now)
        self.places.resolution.tick(now)
        if self._health is not None:
            self._health.tick(now)

    def stats(self, now: float) -> dict[str, Any]:
        """Everything that is counted and measured here, as plain JSON types; `now` is the event loop's time."""
        resolution = self.places.resolution
        breaker = self._breaker
        return {
            "upstream": self.upstream.name,
            "in_flight": self._in_flight,
            "in_flight_most": self._bound,
            "waiting": len(self._queue),
            "waiting_most": self.upstream.waiting,
            "connections": {
                "in_use": sum(endpoint.in_use for endpoint in self.endpoints)
                - sum(connecting.placed for connecting in self._connecting),
                "unused": len(self),
                "connecting": len(self._connecting),
                "open": self._open,
            },
            "connections_made": self._made,
            "refused": dict(self._refused),
            "connect_failures": dict(self._failures),
            "breaker": "off" if breaker is None else breaker.state,
            "breaker_opened": 0 if breaker is None else breaker.opened,
            "endpoints": [_told(endpoint, now) for endpoint in self.endpoints],
            "dns_age": resolution.age(now),
            "dns_failures": resolution.failures,
            "dns_failing": resolution.failing(),
        }

    def expire(self, now: float) -> None:
        """Close the connections that were unused for too long."""
        self.places.expire(now - self._keep_alive)

    def close(self) -> None:
        """Close the unused connections and give up making new ones."""
        for connecting in list(self._connecting):
            connecting.cancel()
        self.places.close()
        if self._health is not None:
            self._health.close()


def _told(endpoint: Endpoint, now: float) -> dict[str, Any]:
    return {
        "address": endpoint.name,
        "healthy": endpoint.healthy,
        "ejected": endpoint.ejected_until > now,
        "in_use": endpoint.in_use,
        "unused": len(endpoint.unused),
        "ejections": endpoint.ejections,
        "probes_failed": endpoint.probes_failed,
    }


def _readable(connection: UpstreamConnection) -> bool:
    descriptor = connection.transport.get_extra_info("socket").fileno()
    if descriptor < 0:
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
