"""What the connections of one worker share: configuration, routes, the snapshot in force, pools, counts and log."""

from __future__ import annotations

import asyncio
import os
from itertools import count
from typing import TYPE_CHECKING, Final

from strangler.toggles import Side, Snapshot
from strangler_proxy.access_log import AccessLog
from strangler_proxy.config import Config, Upstream
from strangler_proxy.counts import Counts
from strangler_proxy.head import RequestHead
from strangler_proxy.pool import Pool
from strangler_proxy.routes import RouteTable
from strangler_proxy.routes.decision import decide
from strangler_proxy.subject import Subjects

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection

__all__ = ["Choice", "Gateway"]

_TICK: Final = 0.1
_CANDIDATE: Final = Side.CANDIDATE


class Choice:
    """Who answers one request: settled at its start, by one snapshot, and not changed by any later one."""

    __slots__ = ("candidate", "fallback", "first_byte_timeout", "route", "set_cookie", "target", "upstream")

    def __init__(
        self, route: str, upstream: Upstream, target: bytes, *, candidate: bool, fallback: bool, timeout: float | None
    ) -> None:
        self.route = route
        self.upstream = upstream
        self.target = target
        self.candidate = candidate
        self.fallback = fallback
        self.first_byte_timeout = upstream.first_byte_timeout if timeout is None else timeout
        self.set_cookie = b""


class Gateway:
    """One worker's shared state. While `draining`, every answer is the last of its connection."""

    def __init__(
        self, config: Config, subjects: Subjects, loop: asyncio.AbstractEventLoop, *, log: AccessLog | None = None
    ) -> None:
        self.config = config
        self.limits = config.limits
        self.loop = loop
        self.counts = Counts()
        self.log = AccessLog(None) if log is None else log
        self.snapshot = Snapshot()
        self.draining = False
        self.drained = asyncio.Event()
        self.clients: set[ClientConnection] = set()
        self.private_cookies = frozenset(name.encode() for name in config.private_cookies)
        self.monolith = config.upstreams[config.monolith]
        # A request that carries our own mark has been here before.
        self.pseudonym = b"strangler-" + config.digest.encode()
        self.via = b"Via: 1.1 %b\r\n" % self.pseudonym
        self._table = RouteTable(config.routes)
        self._subjects = subjects
        self._pools = {name: Pool(upstream, loop) for name, upstream in config.upstreams.items()}
        self._numbers = count(1)
        self._series = os.urandom(8).hex().encode()
        self._ticking: asyncio.TimerHandle | None = None

    def new_request_id(self) -> bytes:
        """An id that no other request has, here or in another worker."""
        return b"%b-%x" % (self._series, next(self._numbers))

    def pool(self, upstream: Upstream) -> Pool:
        """The connections to `upstream`."""
        return self._pools[upstream.name]

    def choose(self, head: RequestHead) -> Choice:
        """Who answers this request, by the routes and by the snapshot in force now."""
        headers = head.fields
        match = self._table.match(head.method.decode("ascii"), head.path, head.query, headers)
        if match is None:
            return self.monolith_choice(head, "-")
        route = match.route
        toggle = self.snapshot.toggles.get(route.name)
        subject = self._subjects.of(headers) if toggle is not None and toggle.asks_subject and route.twin else None
        decision = decide(route, toggle, "" if subject is None else subject.value, monolith=self.config.monolith)
        if decision.side is _CANDIDATE:
            target = head.target
            if route.rewrite is not None:
                target = self._table.rewritten(match, head.path) + target[len(head.path) :]
            choice = Choice(
                route.name,
                self.config.upstreams[decision.upstream],
                target,
                candidate=True,
                fallback=decision.fallback,
                timeout=route.timeout,
            )
        else:
            choice = self.monolith_choice(head, route.name)
        if subject is not None and subject.new:
            choice.set_cookie = b"Set-Cookie: " + self._subjects.set_cookie(subject, secure=False)
        return choice

    def monolith_choice(self, head: RequestHead, route: str) -> Choice:
        """The choice of the monolith."""
        return Choice(route, self.monolith, head.target, candidate=False, fallback=False, timeout=None)

    def put_into_force(self, snapshot: Snapshot) -> None:
        """Decide by `snapshot` from the next request on."""
        self.snapshot = snapshot

    def start(self) -> None:
        """Begin to watch time limits."""
        self._ticking = self.loop.call_later(_TICK, self._tick)

    def forget(self, client: ClientConnection) -> None:
        """A client's connection is closed and nothing is under way for it."""
        self.clients.discard(client)
        if self.draining and not self.clients:
            self.drained.set()

    def stop(self) -> None:
        """Close what is left, at once."""
        if self._ticking is not None:
            self._ticking.cancel()
        for client in list(self.clients):
            client.abort()
        for pool in self._pools.values():
            pool.close()
        self.log.close()

    def drain(self) -> None:
        """Close unused client connections, and let each of the others end with the answer it waits for."""
        self.draining = True
        if not self.clients:
            self.drained.set()
        for client in list(self.clients):
            client.close_if_unused()

    def _tick(self) -> None:
        # One timer for all limits: a timer a connection, set anew for each piece of each body, would cost more than
        # the proxying.
        now = self.loop.time()
        for client in [client for client in self.clients if client.deadline < now]:
            client.ran_out_of_time()
        for pool in self._pools.values():
            pool.expire(now)
        self.log.flush()
        self._ticking = self.loop.call_later(_TICK, self._tick)
