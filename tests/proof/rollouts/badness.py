"""Candidates: a good one, and ten that are bad in a way of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["BADNESS", "GOOD", "Badness", "Behaviour"]

HOUR: Final = 3600.0
BACKGROUND: Final = 0.001
"""So many requests fail on either side for reasons of their own."""
DIFFERING: Final = 0.0001
"""So many pairs of a good candidate differ: a tenth of what the gate allows."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a candidate answers at a moment: the share of its requests that fail, the share of pairs that differ, how
    many times as long as the monolith it takes, and how long a failing request is waited for."""

    failing: float = BACKGROUND
    differing: float = DIFFERING
    slower: float = 1.0
    given_up: float = 0.0


@dataclass(frozen=True, slots=True)
class Badness:
    """A candidate that answers so, `at` seconds after it was released; it must be taken back within `bar` of its
    customers' requests, in 19 of 20 runs. One that is `good` for some seconds has its requests counted from then on."""

    name: str
    at: Callable[[float], Behaviour]
    bar: int
    good: float = 0.0


def _whenever(**behaviour: float) -> Callable[[float], Behaviour]:
    always = Behaviour(**behaviour)
    return lambda _: always


GOOD: Final = Badness("as good as the monolith", _whenever(), 0)

BADNESS: Final = (
    Badness("every request is a 500", _whenever(failing=1.0), 100),
    Badness("1 request in 100 fails", _whenever(failing=BACKGROUND + 0.01), 20_000),
    Badness("1 answer in 100 is wrong", _whenever(differing=0.01), 200),
    Badness("takes twice as long", _whenever(slower=2.0), 2_000),
    Badness("takes longer and longer, by 10 % a minute", lambda t: Behaviour(slower=1 + t / 600), 10_000),
    Badness("hangs, and is given up after 5 s", _whenever(failing=1.0, given_up=5.0), 200),
    # 2 % of the subjects: theirs fail, and nobody else's.
    Badness("fails all that one group of customers asks", _whenever(failing=BACKGROUND + 0.02), 5_000),
    Badness(
        "fails 1 request in 10, but only after an hour",
        lambda t: Behaviour(failing=BACKGROUND + (0.1 if t >= HOUR else 0.0)),
        5_000,
        good=HOUR,
    ),
    Badness(
        "leaks: 1 % more fail with every ten minutes", lambda t: Behaviour(failing=BACKGROUND + t / 60_000), 20_000
    ),
    Badness("refuses connections", _whenever(failing=1.0), 100),
)
