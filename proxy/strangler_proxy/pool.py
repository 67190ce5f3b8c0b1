"""Everything of one upstream in one worker: who may ask it now, and on which connection."""

from __future__ import annotations

import asyncio
import select
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from strangler.resilience import Breaker
from strangler_proxy.balance import least_busy, usable
from strangler_proxy.config import Upstream
from strangler_proxy.connecting import Connecting
from strangler_proxy.endpoint import Endpoint
from strangler_proxy.outcome import FAILED, SUCCEEDED, UNDECIDED
from strangler_proxy.resolver import Resolution, Resolver, servers
from strangler_proxy.upstream import UpstreamConnection

__all__ = ["FAILED", "REFUSALS", "SUCCEEDED", "UNDECIDED", "Pool", "Waiter"]

# Why an upstream is not asked at all.
REFUSALS: Final = ("breaker-open", "bulkhead-full", "bulkhead-timeout", "unhealthy")
# What `enter` gives.
_WAITS: Final = 0
_REFUSED: Final = -1

# How long a connection may have been unused when a request that must not be sent twice is sent on it.
_BRIEF: Final = 0.5


class Waiter(Protocol):
    """Who waits for its turn."""

    def admitted(self, permit: int) -> None:
        """Its turn has come; it holds `permit` from now on."""
        ...

    def refused(self, why: str) -> None:
        """Its turn will not come: one of REFUSALS."""
        ...


class Pool:
    """One upstream, as one worker sees it.

    Whoever wants to ask it calls `enter`, then `take` or `connect`, then `give` for a connection whose answer was whole
    (any other is closed or aborted), then `leave`. The connection used last is used next, so that others can expire.
    """

    def __init__(
        self, upstream: Upstream, loop: asyncio.AbstractEventLoop, *, resolver: Resolver | None = None
    ) -> None:
        self.upstream = upstream
        self.loop = loop
        # Why `enter` refused last.
        self.refusal = ""
        self._bound: int = 1024
        self._most_waiting: int = 128
        self._patience: float = 2.0
        self._breaker: Breaker | None = None
        self._sick = False
        self._in_flight: int = 0
        self._queue: deque[Waiter] = deque()
        self._since: deque[float] = deque()
        self._admitting = False
        self._refused: dict[str, int] = dict.fromkeys(REFUSALS, 0)
        self._addresses = (upstream.address,)
        self.endpoints: list[Endpoint] = []
        # The one endpoint where there is just one: then there is nothing to choose.
        self._only: Endpoint | None = None
        self._chosen: Endpoint | None = None
        self._turn: int = 0
        self._connecting: set[Connecting] = set()
        self._open: int = 0
        self._made: int = 0
        self._failures: dict[str, int] = {}
        self._resolution = Resolution(
            (address.host for address in self._addresses), loop, self._moved, every=30.0, resolver=resolver
        )
        self._moved()

    def __len__(self) -> int:
        return sum(len(endpoint.unused) for endpoint in self.endpoints)

    # Who may ask.

    def enter(self, waiter: Waiter) -> int:
        """A permit, above 0, to be given to `leave` exactly once.

        0: `waiter` is told later, exactly once, unless it withdraws. Below 0: refused, and `refusal` says why.
        """
        if self._in_flight < self._bound and not self._queue and not self._sick:
            breaker = self._breaker
            permit = 1 if breaker is None else breaker.acquire(self.loop.time())
            if permit > 0:
                self._in_flight += 1
                return permit
            return self._refuse("breaker-open")
        if self._sick:
            return self._refuse("unhealthy")
        if len(self._queue) >= self._most_waiting:
            return self._refuse("bulkhead-full")
        self._queue.append(waiter)
        self._since.append(self.loop.time())
        return _WAITS

    def leave(self, permit: int, outcome: int) -> None:
        """Give the permit back, with what came of it.

        FAILED is no answer, or 502, 503 or 504: what a server says that cannot do its work. A 500 is an answer, and
        one broken page must not take all others with it. UNDECIDED is for work that was given up by the client.
        """
        self._in_flight -= 1
        breaker = self._breaker
        if breaker is not None:
            if outcome == SUCCEEDED:
                breaker.success(permit, self.loop.time())
            elif outcome == FAILED:
                breaker.failure(permit, self.loop.time())
            else:
                breaker.cancelled(permit, self.loop.time())
        if self._queue and not self._admitting:
            self._admit_soon()

    def withdraw(self, waiter: Waiter) -> None:
        """`waiter` waits no more. One that does not wait is nothing to withdraw."""
        for index, each in enumerate(self._queue):
            if each is waiter:
                del self._queue[index]
                del self._since[index]
                return

    def _refuse(self, why: str) -> int:
        self.refusal = why
        self._refused[why] += 1
        return _REFUSED

    def _admit_soon(self) -> None:
        # Not at once: what the next one does must not happen in the middle of what the last one still does.
        self._admitting = True
        self.loop.call_soon(self._admit)

    def _admit(self) -> None:
        self._admitting = False
        queue, breaker = self._queue, self._breaker
        while queue and (self._sick or self._in_flight < self._bound):
            waiter = queue.popleft()
            self._since.popleft()
            if self._sick:
                self._turn_away(waiter, "unhealthy")
                continue
            permit = 1 if breaker is None else breaker.acquire(self.loop.time())
            if permit <= 0:
                self._turn_away(waiter, "breaker-open")
                continue
            self._in_flight += 1
            try:
                waiter.admitted(permit)
            except Exception as error:
                self.report("a waiter could not be admitted", error)
                self.leave(permit, UNDECIDED)

    def _turn_away(self, waiter: Waiter, why: str) -> None:
        self._refused[why] += 1
        try:
            waiter.refused(why)
        except Exception as error:
            self.report("a waiter could not be refused", error)

    def _end_waits(self, now: float) -> None:
        since = self._since
        while since and now - since[0] >= self._patience:
            since.popleft()
            self._turn_away(self._queue.popleft(), "bulkhead-timeout")

    # On which connection.

    def take(self, *, surely: bool) -> UpstreamConnection | None:
        """An unused connection that is still open as far as known, None when there is none.

        `surely` asks for one that was used a moment ago and has nothing to be read, an end least of all.
        """
        endpoint = self._only
        if endpoint is None:
            endpoint = self._chosen = self.choose()
            if endpoint is None:
                return None
        unused = endpoint.unused
        if not unused:
            return None
        now = self.loop.time()
        while unused:
            connection = unused.pop()
            if connection.closed:
                continue
            age = now - connection.idle_since
            if age > self.upstream.keep_alive or (surely and (age > _BRIEF or _readable(connection))):
                connection.close()
                continue
            connection.busy = True
            connection.answered = False
            endpoint.in_use += 1
            self._chosen = None
            return connection
        return None

    def give(self, connection: UpstreamConnection) -> None:
        """Take back a connection whose answer was whole."""
        connection.exchange = None
        endpoint = connection.endpoint
        if connection.busy:
            connection.busy = False
            endpoint.in_use -= 1
        if connection.answered and (endpoint.failures or endpoint.ejections):
            endpoint.succeeded()
        unused = endpoint.unused
        if (
            connection.closed
            or endpoint.gone
            or len(unused) >= self.upstream.connections
            or not self.upstream.keep_alive
        ):
            connection.close()
            return
        connection.resume_reading()
        connection.reused = True
        connection.idle_since = self.loop.time()
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
        only = endpoint is not None
        if endpoint is None:
            endpoint = chosen or self._only or self.choose()
        connecting = Connecting(self, endpoint, made, failed, only=only)
        self._connecting.add(connecting)
        return connecting

    # What connections and their making tell.

    def choose(self) -> Endpoint | None:
        """The endpoint for the next connection; None while the name was never resolved."""
        if not self.endpoints:
            return None
        self._turn += 1
        return least_busy(usable(self.endpoints, self.loop.time()), self._turn)

    def another(self, failed: Endpoint) -> Endpoint | None:
        """An endpoint to try when `failed` could not be reached; None when there is no other."""
        others = [each for each in self.endpoints if each is not failed]
        return least_busy(usable(others, self.loop.time()), self._turn) if others else None

    async def resolved(self) -> None:
        """Wait until one of the upstream's names is resolved, or none is being looked up."""
        await self._resolution.first()

    def _moved(self) -> None:
        """Names lead elsewhere. Endpoints that stay keep what is known of them, those that are gone drain."""
        known = {(each.server_name, each.port, frozenset(each.hosts)): each for each in self.endpoints}
        endpoints = []
        for address in self._addresses:
            for hosts in servers(self._resolution.hosts(address.host)):
                key = (address.host, address.port, frozenset(hosts))
                endpoints.append(known.pop(key) if key in known else Endpoint(hosts, address.port, address.host))
        self.endpoints = endpoints
        self._only = endpoints[0] if len(endpoints) == 1 else None
        self._chosen = None
        for endpoint in known.values():
            endpoint.gone = True
            for connection in endpoint.unused:
                connection.close()
            endpoint.unused.clear()

    def blame(self, endpoint: Endpoint) -> None:
        """No answer came from `endpoint`: it could not be reached, or closed a new connection without a word."""
        endpoint.failed(self.loop.time(), 3, 5.0, 300.0)

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
            self._failures[why] = self._failures.get(why, 0) + 1

    def report(self, what: str, error: Exception) -> None:
        """Tell of a fault of our own; it must not spread to whatever else is under way."""
        context: dict[str, Any] = {"message": f"upstream {self.upstream.name}: {what}", "exception": error}
        self.loop.call_exception_handler(context)

    context = None

    def server_name(self, endpoint: Endpoint) -> str:
        return endpoint.server_name

    # Time passing.

    def tick(self, now: float) -> None:
        """What is due: called every tenth of a second."""
        self.expire(now)
        self._end_waits(now)
        self._resolution.tick(now)

    def expire(self, now: float) -> None:
        """Close the connections that were unused for too long; the oldest come first."""
        oldest = now - self.upstream.keep_alive
        for endpoint in self.endpoints:
            unused = endpoint.unused
            expired = 0
            while expired < len(unused) and unused[expired].idle_since < oldest:
                expired += 1
            for connection in unused[:expired]:
                connection.close()
            del unused[:expired]

    def close(self) -> None:
        """Close the unused connections and give up making new ones."""
        for connecting in list(self._connecting):
            connecting.cancel()
        self._resolution.close()
        for endpoint in self.endpoints:
            for connection in endpoint.unused:
                connection.close()
            endpoint.unused.clear()


def _readable(connection: UpstreamConnection) -> bool:
    descriptor = connection.transport.get_extra_info("socket").fileno()
    if descriptor < 0:
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
