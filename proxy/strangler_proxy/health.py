"""Active probes: each address of an upstream is asked now and then, so that a sick one gets no customers."""

from __future__ import annotations

from collections.abc import Callable
from random import random
from typing import TYPE_CHECKING, Final

from strangler_proxy.ask import Answered, Ask, ask
from strangler_proxy.config.upstreams import HealthCheck
from strangler_proxy.endpoint import Endpoint

if TYPE_CHECKING:
    from strangler_proxy.pool import Pool

__all__ = ["Health"]

# What a probe may answer at most; it is not looked at.
_MOST: Final = 65536
_JITTER: Final = 0.1


class Health:
    """Probes the endpoints of one pool as `check` says. `changed` is called when one turns sick or well."""

    def __init__(
        self, pool: Pool, check: HealthCheck, changed: Callable[[], None], chance: Callable[[], float] = random
    ) -> None:
        self._pool = pool
        self._check = check
        self._changed = changed
        self._chance = chance
        self._due: dict[Endpoint, float] = {}
        self._under_way: dict[Endpoint, Ask] = {}
        self._next = 0.0

    def tick(self, now: float) -> None:
        """Begin the probes that are due."""
        if now < self._next:
            return
        due: dict[Endpoint, float] = {}
        for endpoint in self._pool.endpoints:
            when = self._due.get(endpoint)
            if when is None:
                # Workers and machines that begin at once shall not ask at once.
                when = now + self._check.interval * self._chance() * _JITTER
            if when <= now and endpoint not in self._under_way:
                self._probe(endpoint)
                when = now + self._check.interval * (1 + _JITTER * (2 * self._chance() - 1))
            due[endpoint] = when
        for endpoint in self._under_way.keys() - due.keys():
            self._under_way.pop(endpoint).cancel()
        self._due = due
        self._next = min(due.values(), default=now + self._check.interval)

    def moved(self) -> None:
        """The upstream's endpoints are others than before."""
        self._next = 0.0

    def close(self) -> None:
        """Give up the probes under way."""
        for each in self._under_way.values():
            each.cancel()
        self._under_way.clear()

    def _probe(self, endpoint: Endpoint) -> None:
        host = self._check.host or endpoint.authority
        request = (
            f"GET {self._check.path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: strangler-health\r\n"
            "Accept: */*\r\nConnection: close\r\n"
        ).encode()

        def done(result: Answered | str) -> None:
            del self._under_way[endpoint]
            self._found(endpoint, well=isinstance(result, Answered) and 200 <= result.status < 300)

        self._under_way[endpoint] = ask(
            self._pool,
            b"%b%b\r\n" % (request, self._pool.proxied),
            seconds=self._check.timeout,
            most=_MOST,
            done=done,
            endpoint=endpoint,
        )

    def _found(self, endpoint: Endpoint, *, well: bool) -> None:
        row = endpoint.probe_results
        if well:
            row = row + 1 if row > 0 else 1
        else:
            row = row - 1 if row < 0 else -1
            endpoint.probes_failed += 1
        endpoint.probe_results = row
        if endpoint.healthy and row <= -self._check.falls:
            endpoint.healthy = False
        elif not endpoint.healthy and row >= self._check.rises:
            endpoint.healthy = True
            # Whatever it failed in before, it has just shown that it can.
            endpoint.pardon()
        else:
            return
        if not endpoint.gone:
            self._changed()
