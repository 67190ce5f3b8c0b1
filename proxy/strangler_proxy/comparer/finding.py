"""What looking at an exchange came to."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from strangler.compare import Answer, Comparison, Difference, DifferenceKind, Noise, Pair, Request, Verdict
from strangler_proxy.shadow.frame import Side, Unequal

__all__ = ["Finding", "answer_of", "keys_of", "pair_of", "places"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one exchange, and what is counted with it.

    `differences` are those that stand, and those that were found where the verdict is inconclusive; `noise` is where
    the monolith did not repeat itself, and how. `matched` are the numbers of the rules that were asked.
    """

    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    cause: str = ""
    matched: frozenset[int] = frozenset()
    noise: tuple[Noise, ...] = ()

    @classmethod
    def of(cls, comparison: Comparison, noise: tuple[Noise, ...] = ()) -> Finding:
        """What a comparison says, when nobody is to be asked any more."""
        return cls(comparison.verdict, comparison.differences, comparison.cause, comparison.matched, noise)


def places(comparison: Comparison) -> set[tuple[str, DifferenceKind]]:
    """Where a comparison found breaking differences, by field and kind."""
    return {(each.field, each.kind) for each in comparison.breaking}


def keys_of(route: str, comparison: Comparison) -> list[Hashable]:
    """What is allowed so many times a second: to ask again for a route's field and kind of difference."""
    return [(route, *place) for place in sorted(places(comparison))]


def answer_of(side: Side) -> Answer:
    """A side's answer, as it is compared."""
    return Answer(side.status, headers_of(side.lines), side.body)


def headers_of(lines: list[bytes]) -> tuple[tuple[str, str], ...]:
    """Header lines as names with their values, in Latin-1 as on the wire."""
    parted = (line.decode("latin-1").partition(":") for line in lines)
    return tuple((name.strip(), value.strip(" \t")) for name, _, value in parted)


def pair_of(unequal: Unequal) -> Pair:
    """An exchange as a pair, the request as the monolith was sent it."""
    request = Request(
        unequal.method,
        unequal.target.decode("latin-1"),
        unequal.route,
        headers_of(unequal.request_lines),
        unequal.request_body,
    )
    return Pair(request, answer_of(unequal.old), answer_of(unequal.new))
