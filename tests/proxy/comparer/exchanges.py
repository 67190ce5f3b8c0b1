"""Exchanges as workers tell them, and sides that are asked again without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

from strangler_proxy.shadow.frame import Side, Unequal

__all__ = ["FakeSides", "Moment", "exchange", "side"]


def side(body: Any = None, *, status: int = 200, lines: Iterable[bytes] = (), seconds: float = 0.01) -> Side:
    """An answer: JSON, unless `body` is bytes already."""
    kind = b"text/plain" if isinstance(body, bytes) else b"application/json"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Side(status=status, lines=[b"Content-Type: " + kind, *lines], body=content, seconds=seconds)


def exchange(old: Side | None = None, new: Side | None = None, **changed: Any) -> Unequal:
    """An exchange of a route in shadow: GET, the price another one, unless it is said otherwise."""
    given: dict[str, Any] = {
        "route": "catalog.detail",
        "template": "/products/<int:id>/",
        "stage": "shadow",
        "answering": "monolith",
        "group": "",
        "method": "GET",
        "target": b"/products/7/?a=1",
        "candidate_target": b"/v1/products/7?a=1",
        "request_lines": [b"Host: shop", b"Cookie: sessionid=1"],
        "candidate_lines": [b"Host: shop"],
        "request_body": b"",
        "strategy": "",
        "subject": "",
        "release": "1.4",
        "old": side({"price": 1}) if old is None else old,
        "new": side({"price": 2}) if new is None else new,
        "again": None,
        "withheld": False,
        "at": 1_700_000_000.0,
    }
    return Unequal(**{**given, **changed})


class FakeSides:
    """Sides that answer, one after the other, with what is given; None for no answer. The last one is repeated.

    `asked` says who was asked, in order.
    """

    def __init__(self, monolith: Iterable[Side | None] = (), candidate: Iterable[Side | None] = ()) -> None:
        self._answers = {"monolith": list(monolith), "candidate": list(candidate)}
        self.asked: list[str] = []
        self.hold: asyncio.Event | None = None

    async def monolith(self, unequal: Unequal) -> Side | None:
        """The monolith's next answer."""
        return await self._next("monolith")

    async def candidate(self, unequal: Unequal) -> Side | None:
        """The candidate's next answer."""
        return await self._next("candidate")

    async def _next(self, name: str) -> Side | None:
        self.asked.append(name)
        if self.hold is not None:
            await self.hold.wait()
        answers = self._answers[name]
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Moment:
    """Waits that last no time, and a clock that goes on by them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waited: list[float] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.waited.append(seconds)
        self.now += seconds
        self.meanwhile()
        await asyncio.sleep(0)
