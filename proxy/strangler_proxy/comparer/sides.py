"""Asking the sides again: over connections, limits and breakers of the comparer's own."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from time import monotonic
from typing import Final, Protocol

from strangler.evidence import Missed
from strangler.resilience import BreakerSettings
from strangler_proxy.ask import Answered, ask
from strangler_proxy.comparer.again import asked_again
from strangler_proxy.config.values import Config, ShadowSettings, Upstream
from strangler_proxy.outgoing import without_guarded
from strangler_proxy.pool import Pool
from strangler_proxy.proxied_line import ProxiedLine, knows_us
from strangler_proxy.shadow.frame import Side, Unequal
from strangler_proxy.shadow.pace import Pace
from strangler_proxy.shadow.rate import Rate
from strangler_proxy.subject import COOKIE

__all__ = ["AskedAgain", "Sides"]

_TICK: Final = 0.1
_GUARDED: Final = (b"set-cookie", b"clear-site-data")
_OTHER_RELEASE: Final = "other-release"


class AskedAgain(Protocol):
    """Who asks a side once more. None where there is no answer, or where it must not be asked now."""

    async def monolith(self, unequal: Unequal) -> Side | None: ...
    async def candidate(self, unequal: Unequal) -> Side | None: ...


class _Way:
    """The way to one upstream: connections of our own, and who asks takes turns."""

    def __init__(self, upstream: Upstream, settings: ShadowSettings, loop: asyncio.AbstractEventLoop) -> None:
        most = settings.in_flight
        own = replace(
            upstream,
            in_flight=most,
            max_connections=most,
            connections=most,
            breaker=upstream.breaker or BreakerSettings(),
        )
        self.pool = Pool(own, loop)
        self.turns = asyncio.Semaphore(most)
        self.pace = Pace(settings.slowdown)
        self._rate = Rate(settings.rate)

    def refuses(self, now: float) -> str:
        """Why it must not be asked now; empty where it may, and then it is to be asked."""
        if not self.pace.admits(now):
            return Missed.SLOWED.value
        return "" if self._rate.take(now) else Missed.RATE.value


class Sides:
    """The upstreams of `config`, asked as `[shadow]` allows. Use it inside a running event loop, and close it.
    The monolith knows us by `proxied`.

    `asked` counts how often each upstream was asked again; `unanswered` how often in vain, by upstream and cause: the
    words of `ask`, `rate`, `slowed`, and `other-release` for a candidate that is not the release it was.
    """

    def __init__(self, config: Config, proxied: ProxiedLine | None = None) -> None:
        self._config = config
        self._proxied = proxied
        self._monolith = config.monolith
        self._routes = {route.name: route for route in config.routes if route.twin}
        self._upstreams = config.upstreams
        self._settings = config.shadow
        self._unsettable = frozenset(name.encode() for name in (*config.private_cookies, COOKIE))
        self._loop = asyncio.get_running_loop()
        wanted = {config.monolith, *(route.candidate for route in self._routes.values())}
        self._ways = {name: _Way(config.upstreams[name], self._settings, self._loop) for name in sorted(wanted)}
        self._ticking: asyncio.TimerHandle | None = None
        self.asked: Counter[str] = Counter()
        self.unanswered: Counter[tuple[str, str]] = Counter()
        self._tick()

    async def monolith(self, unequal: Unequal) -> Side | None:
        """What the monolith answers now to the same request."""
        found = await self._ask(
            self._monolith, asked_again(unequal, candidate=False, added=self._added(self._monolith))
        )
        if found is None:
            return None
        answered, seconds = found
        return Side(status=answered.status, lines=answered.lines, body=answered.body, seconds=seconds)

    async def candidate(self, unequal: Unequal) -> Side | None:
        """What the candidate answers now to the same request, if it is still the release that it was."""
        route = self._routes.get(unequal.route)
        if route is None:
            # Told by a worker that has another configuration.
            return None
        found = await self._ask(
            route.candidate, asked_again(unequal, candidate=True, added=self._added(route.candidate))
        )
        if found is None:
            return None
        answered, seconds = found
        if answered.release and answered.release != unequal.release.encode():
            self.unanswered[route.candidate, _OTHER_RELEASE] += 1
            return None
        lines = answered.lines
        if not route.private_cookies and not self._upstreams[route.candidate].trusted:
            # Held against the monolith's as the customer would see it.
            guarded = [index for index, line in enumerate(lines) if line.partition(b":")[0].lower() in _GUARDED]
            lines = without_guarded(lines, guarded, self._unsettable)
        return Side(status=answered.status, lines=lines, body=answered.body, seconds=seconds)

    def _added(self, name: str) -> bytes:
        return self._ways[name].pool.proxied

    async def _ask(self, name: str, request: bytes) -> tuple[Answered, float] | None:
        """The answer, and what it took."""
        way = self._ways[name]
        async with way.turns:
            began = monotonic()
            answered: Answered | str = way.refuses(began)
            if not answered:
                self.asked[name] += 1
                answered = await self._answer(way.pool, request)
            now = monotonic()
            if isinstance(answered, Answered) or answered == "timeout":
                # Whoever does not answer at all is slow.
                way.pace.add(now - began, now)
        if isinstance(answered, str):
            self.unanswered[name, answered] += 1
            return None
        return answered, now - began

    async def _answer(self, pool: Pool, request: bytes) -> Answered | str:
        came: asyncio.Future[Answered | str] = self._loop.create_future()
        asking = ask(
            pool,
            request,
            seconds=self._settings.timeout,
            most=self._settings.body_bytes,
            done=lambda result: None if came.done() else came.set_result(result),
        )
        try:
            return await came
        except asyncio.CancelledError:
            asking.cancel()
            raise

    def close(self) -> None:
        """Close the connections."""
        if self._ticking is not None:
            self._ticking.cancel()
        for way in self._ways.values():
            way.pool.close()

    def _tick(self) -> None:
        self._ticking = self._loop.call_later(_TICK, self._tick)
        now = monotonic()
        for way in self._ways.values():
            if self._proxied is not None and knows_us(self._config, way.pool.upstream):
                way.pool.proxied = self._proxied.line()
            way.pool.tick(now)
