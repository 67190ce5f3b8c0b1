"""The addresses of one upstream: which there are, which of them may be asked, and which is asked next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from strangler_proxy.balance import least_busy, usable
from strangler_proxy.config import Upstream
from strangler_proxy.endpoint import Endpoint
from strangler_proxy.resolver import Resolution, Resolver, servers

__all__ = ["Endpoints"]


class Endpoints:
    """All endpoints of `upstream`, as one worker sees them. `changed` is called when others are there than before.

    `all` is empty while none of the upstream's names was ever resolved.
    """

    def __init__(
        self,
        upstream: Upstream,
        loop: asyncio.AbstractEventLoop,
        changed: Callable[[], None],
        now: Callable[[], float],
        *,
        resolver: Resolver | None = None,
    ) -> None:
        self._upstream = upstream
        self._now = now
        self._changed = changed
        self._turn: int = 0
        # Whether any of them is sick or ejected: else there is nothing to look through.
        self._troubled: bool = False
        self.all: list[Endpoint] = []
        self.resolution = Resolution(
            (address.host for address in upstream.addresses),
            loop,
            self._moved,
            every=upstream.dns_refresh,
            resolver=resolver,
        )
        self._fill()

    @property
    def sick(self) -> bool:
        """Whether the probes say of each of them that it is sick."""
        return bool(self.all) and not any(endpoint.healthy for endpoint in self.all)

    def choose(self) -> Endpoint | None:
        """The endpoint for the next request; None while there is none."""
        endpoints = self.all
        if not endpoints:
            return None
        if self._troubled:
            endpoints = usable(endpoints, self._now())
        self._turn += 1
        return least_busy(endpoints, self._turn)

    def another(self, failed: Endpoint) -> Endpoint | None:
        """An endpoint to try when `failed` could not be reached; None when there is no other."""
        others = [each for each in self.all if each is not failed]
        return least_busy(usable(others, self._now()), self._turn) if others else None

    def blame(self, endpoint: Endpoint) -> None:
        """No answer came from `endpoint`."""
        if endpoint.failed(self._now(), self._upstream.eject_after, self._upstream.eject_time):
            self._troubled = True

    def look(self, now: float) -> None:
        """See anew whether any of them is sick or ejected."""
        self._troubled = any(not each.healthy or each.ejected_until > now for each in self.all)

    def expire(self, oldest: float) -> None:
        """Close the connections that are unused since before `oldest`; the oldest come first."""
        for endpoint in self.all:
            unused = endpoint.unused
            expired = 0
            while expired < len(unused) and unused[expired].idle_since < oldest:
                expired += 1
            for connection in unused[:expired]:
                connection.close()
            del unused[:expired]

    def close(self) -> None:
        """Close the unused connections and look nothing up any more."""
        self.resolution.close()
        self.expire(float("inf"))

    def _moved(self) -> None:
        self._fill()
        self._changed()

    def _fill(self) -> None:
        """Endpoints that stay keep what is known of them; those that are gone drain."""
        tls = self._upstream.tls
        name = "" if tls is None else tls.server_name
        known = {(each.host, each.port, frozenset(each.hosts)): each for each in self.all}
        endpoints = []
        for address in self._upstream.addresses:
            for hosts in servers(self.resolution.hosts(address.host)):
                endpoint = known.pop((address.host, address.port, frozenset(hosts)), None)
                if endpoint is None:
                    secure = tls is not None
                    endpoint = Endpoint(hosts, address.port, address.host, server_name=name, secure=secure)
                endpoints.append(endpoint)
        self.all = endpoints
        for endpoint in known.values():
            endpoint.gone = True
            for connection in endpoint.unused:
                connection.close()
            endpoint.unused.clear()
