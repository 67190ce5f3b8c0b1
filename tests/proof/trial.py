"""Pairs before the real comparer, with both sides in this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from strangler_proxy.comparer.examination import Examiner, needs_more
from strangler_proxy.comparer.finding import Finding
from strangler_proxy.shadow.frame import Side, Unequal
from strangler_proxy.shadow.same import same_lines

from strangler.compare import Answer, Rules
from tests.parity.cases import Case

__all__ = ["Ask", "Judge"]

Ask = Callable[[], Awaitable[Answer]]
"""Asks one side once more for the same."""

_AT: Final = 1_700_000_000.0


class Judge:
    """The comparer's examiner with no rules, which remembers from pair to pair what it remembers in the proxy."""

    def __init__(self) -> None:
        rules = Rules()
        self._sides = _Sides()
        self._examiner = Examiner(rules, self._sides, lag=0.0, ids=rules.id_map(), wait=_at_once)

    async def finding(self, case: Case, old: Ask, new: Ask) -> Finding | None:
        """What the comparer finds about a pair; None where the worker sees already that the answers are the same."""
        first, other = _side(await old()), _side(await new())
        if first.status == other.status and first.body == other.body and same_lines(first.lines, other.lines):
            return None
        self._sides.old, self._sides.new = old, new
        unequal = _unequal(case, first, other)
        finding, comparison = self._examiner.at_first(unequal)
        return await self._examiner.further(unequal, comparison) if needs_more(unequal, finding) else finding


class _Sides:
    """Asked as the comparer asks over the network, and at once."""

    old: Ask
    new: Ask

    async def monolith(self, unequal: Unequal) -> Side | None:
        return _side(await self.old())

    async def candidate(self, unequal: Unequal) -> Side | None:
        return _side(await self.new())


def _unequal(case: Case, old: Side, new: Side) -> Unequal:
    lines = _lines_of(tuple(case.headers.items()))
    target = case.target.encode("latin-1")
    return Unequal(
        route=case.route,
        template=case.route,
        stage="shadow",
        answering="monolith",
        group="",
        method=case.method,
        target=target,
        candidate_target=target,
        request_lines=lines,
        candidate_lines=lines,
        request_body=b"",
        strategy="",
        subject="",
        release="",
        old=old,
        new=new,
        again=None,
        withheld=False,
        at=_AT,
    )


def _lines_of(headers: tuple[tuple[str, str], ...]) -> list[bytes]:
    """Headers as lines."""
    return [f"{name}: {value}".encode("latin-1") for name, value in headers]


def _side(answer: Answer) -> Side:
    return Side(status=answer.status, lines=_lines_of(answer.headers), body=answer.body, seconds=0.01)


async def _at_once(_seconds: float) -> None:
    """Nothing changes meanwhile."""
