"""Pairs by their verdicts, minute by minute: how agreement went in the last hours, which days do not tell. How surely
is told by the day: of how many distinct inputs a minute's pairs were is not kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from strangler.evidence.scope import Scope

__all__ = ["COMPARED_FOR", "MINUTE", "Compared", "compared_by"]

MINUTE: Final = 60
"""How long a store's windows of pairs are, in seconds."""

COMPARED_FOR: Final = 2 * 86_400.0
"""For how long a store keeps them, in seconds: from then on there are days."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The pairs of a scope in the `seconds` from `start` (since 1970) on, by when the store was given them. `open` are
    the inconclusive ones that `Agreement` takes for differing ones."""

    scope: Scope
    start: int
    seconds: int
    agree: int = 0
    differ: int = 0
    inconclusive: int = 0
    open: int = 0

    def to_json(self) -> dict[str, Any]:
        """The window as a JSON document."""
        return {
            **self.scope._asdict(),
            "start": self.start,
            "seconds": self.seconds,
            "agree": self.agree,
            "differ": self.differ,
            "inconclusive": self.inconclusive,
            "open": self.open,
        }


def compared_by(windows: Iterable[Compared], seconds: int) -> list[Compared]:
    """The windows joined into windows of so many seconds, by when they began and then by scope."""
    found: dict[tuple[int, Scope], Compared] = {}
    for each in windows:
        place = each.start // seconds * seconds, each.scope
        there = found.get(place, Compared(each.scope, place[0], seconds))
        found[place] = Compared(
            each.scope,
            place[0],
            seconds,
            there.agree + each.agree,
            there.differ + each.differ,
            there.inconclusive + each.inconclusive,
            there.open + each.open,
        )
    return [found[place] for place in sorted(found)]
