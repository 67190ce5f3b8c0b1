"""Replaying a recording: each request asked of both sides, the answers compared, what differs counted and kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import islice
from typing import Final

from strangler.compare import Comparison, Pair, Request, Rules, Verdict, compare_pair
from strangler.compare.noise import judge
from strangler.errors import StranglerError
from strangler.recording import Recorded
from strangler.shadow import SAFE_METHODS
from strangler_proxy.replay.client import Client
from strangler_proxy.replay.endpoints import Endpoints
from strangler_proxy.replay.forms import Forms
from strangler_proxy.replay.pace import Pace
from strangler_proxy.replay.side import Asking, Side
from strangler_proxy.replay.stand_ins import StandIns
from strangler_proxy.replay.tally import Tally
from strangler_proxy.replay.visitor import Spelling, Visitor

__all__ = ["Replay", "ReplaySettings"]

_MOST_CLIENTS: Final = 10_000
_AHEAD: Final = 8


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """How a recording is replayed.

    `methods` are those that are asked. With `routes` (names or globs) only what these take is compared; the rest is
    asked all the same, for sessions and tokens are made there. `concurrency` requests are under way at once, of one
    client never more than one. With `interleave` the new side is asked first every other time. Where answers to a safe
    request differ, the old side is asked `again` so many times more: what it does not repeat itself is no difference.
    `own_host` sends each side's own name as Host instead of the recorded one. `headers` are sent with every request.
    Requests past `limit` are left (0: none is). `spelling` names the monolith's cookies and tokens, `stand_ins` has
    what was redacted.
    """

    methods: frozenset[str] = frozenset({"GET", "HEAD"})
    routes: tuple[str, ...] = ()
    concurrency: int = 8
    interleave: bool = False
    again: int = 1
    own_host: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    limit: int = 0
    spelling: Spelling = field(default_factory=Spelling)
    stand_ins: StandIns = field(default_factory=StandIns)


class Replay:
    """Replays what is recorded against two sides, and counts in `tally` what came of it.

    `differing` is told of each pair that differs, with its comparison; `done` of each request, whatever came of it.
    """

    def __init__(
        self,
        old: Side,
        new: Side,
        *,
        settings: ReplaySettings,
        rules: Rules,
        endpoints: Endpoints,
        tally: Tally,
        pace: Pace,
        differing: Callable[[Pair, Comparison], object] | None = None,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        self._sides = (old, new)
        self._settings = settings
        self._rules = rules
        self._ids = rules.id_map()
        self._endpoints = endpoints
        self._tally = tally
        self._pace = pace
        self._differing = differing
        self._done = done
        self._clients: OrderedDict[str, Client] = OrderedDict()
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._asked = 0

    async def run(self, recording: Iterable[Recorded]) -> None:
        """Replay all of it. Raises what reading the recording raises, and what `differing` raises."""
        ahead = asyncio.Semaphore(self._settings.concurrency * _AHEAD)
        wrong: list[StranglerError] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                try:
                    for recorded in islice(recording, self._settings.limit or None):
                        if self._is_wanted(recorded.request.method):
                            await self._pace.wait(recorded.at)
                            await ahead.acquire()
                            tasks.create_task(self._turn(self._client_of(recorded), recorded, ahead))
                        else:
                            self._done()
                except StranglerError as error:
                    # Out of the group it would come wrapped, and what is under way would not be counted.
                    wrong.append(error)
        except* StranglerError as group:
            # Several that were under way may have met the same, such as a full disk.
            wrong += [error for error in group.exceptions if isinstance(error, StranglerError)]
        if wrong:
            raise wrong[0]

    def _is_compared(self, route: str) -> bool:
        return not self._settings.routes or any(fnmatchcase(route, each) for each in self._settings.routes)

    def _is_wanted(self, method: str) -> bool:
        if method not in self._settings.methods:
            self._tally.left_out[f"method {method}" if method in SAFE_METHODS else f"unsafe {method}"] += 1
            return False
        return True

    async def _turn(self, client: Client, recorded: Recorded, ahead: asyncio.Semaphore) -> None:
        try:
            # Whoever waits for a lock is let in by turn, so that a client's requests keep their order.
            async with client.lock, self._slots:
                await self._replay(client, recorded)
        finally:
            ahead.release()
            self._done()

    async def _replay(self, client: Client, recorded: Recorded) -> None:
        self._asked += 1
        swapped = self._settings.interleave and self._asked % 2 == 0
        endpoint = self._endpoints.of(recorded.request)
        exchange = await client.exchange(recorded, self._sides[::-1] if swapped else self._sides)
        if not self._is_compared(endpoint.route):
            self._tally.left_out["other route"] += 1
            return
        for name, given in exchange.given.items():
            if given.answer is not None:
                self._tally.took(name, given.seconds)
        if exchange.answers is None:
            self._tally.missed(endpoint, exchange.cause)
            return
        old, new = exchange.answers
        request = recorded.request
        pair = Pair(Request(request.method, request.target, endpoint.route, request.headers, request.body), old, new)
        comparison = compare_pair(pair, self._rules, ids=self._ids)
        if comparison.verdict is Verdict.DIFFER:
            comparison = await self._without_noise(pair, comparison, exchange.asked["old"])
        self._tally.pair(endpoint, request.target, comparison)
        if comparison.verdict is Verdict.DIFFER and self._differing is not None:
            self._differing(pair, comparison)

    async def _without_noise(self, pair: Pair, comparison: Comparison, asked: Asking) -> Comparison:
        """The comparison of a pair that differs, without what the old side does not repeat itself."""
        if asked.method not in SAFE_METHODS:
            return comparison
        given = [(await self._sides[0].ask(asked)).answer for _ in range(self._settings.again)]
        again = [answer for answer in given if answer is not None]
        found = judge(pair.old, pair.new, again, self._rules, route=pair.request.route, ids=self._ids)
        self._tally.noise += len(found.noise)
        # Both looks met rules, and the second one need not have met those of the first.
        return replace(found.comparison, matched=comparison.matched | found.comparison.matched)

    def _client_of(self, recorded: Recorded) -> Client:
        if not recorded.client:
            # Nobody knows who it was, so nothing is carried from it to any other.
            return self._new_client("")
        client = self._clients.get(recorded.client)
        if client is None:
            client = self._clients[recorded.client] = self._new_client(recorded.client)
            idle = (name for name, each in self._clients.items() if not each.lock.locked())
            if len(self._clients) > _MOST_CLIENTS and (oldest := next(idle)) != recorded.client:
                del self._clients[oldest]
        self._clients.move_to_end(recorded.client)
        return client

    def _new_client(self, name: str) -> Client:
        settings = self._settings
        theirs = Forms(settings.spelling.csrf_field)
        return Client(
            theirs,
            {
                side.name: Visitor(
                    theirs,
                    # Where the recording tells no name both sides are asked by one, or they would link to two.
                    host=side.host if settings.own_host else self._sides[0].host,
                    own_host=settings.own_host,
                    scheme=side.url.scheme,
                    spelling=settings.spelling,
                    login=settings.stand_ins.login_of(name),
                    stand_ins=settings.stand_ins,
                    more=settings.headers,
                )
                for side in self._sides
            },
        )
