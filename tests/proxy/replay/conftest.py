"""Two sides behind sockets, and replays against them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from strangler_proxy.replay.endpoints import Endpoints
from strangler_proxy.replay.pace import Pace
from strangler_proxy.replay.replay import Replay, ReplaySettings
from strangler_proxy.replay.side import Side
from strangler_proxy.replay.tally import Tally

from strangler.compare import Comparison, Pair, Rules
from strangler.recording import Recorded
from tests.proxy.replay.desk import Desk
from tests.proxy.replay.served import served

Serve = Callable[[Desk], str]
EVERY_METHOD = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE"})


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves a desk until the test is over; its address."""
    with ExitStack() as stack:
        yield lambda desk: stack.enter_context(served(desk.app))


class Replayed:
    """What came of a replay: the tally and the pairs that differ."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.differing: list[tuple[Pair, Comparison]] = []

    def run(
        self,
        recorded: Iterable[Recorded],
        old: str,
        new: str,
        *,
        seconds: float = 20.0,
        rules: Rules | None = None,
        **settings: Any,
    ) -> Replayed:
        """Replay everything, changes too."""

        async def all_of_it() -> None:
            async with Side("old", old, seconds=seconds) as one, Side("new", new, seconds=seconds) as other:
                await Replay(
                    one,
                    other,
                    settings=ReplaySettings(**{"methods": EVERY_METHOD, **settings}),
                    rules=rules or Rules(),
                    endpoints=Endpoints(),
                    tally=self.tally,
                    pace=Pace(),
                    differing=lambda pair, comparison: self.differing.append((pair, comparison)),
                ).run(recorded)

        asyncio.run(all_of_it())
        return self

    def told(self) -> str:
        """Every difference, for a failing test's message."""
        return "\n".join(
            f"{pair.request.target}: {each}" for pair, found in self.differing for each in found.differences
        )
