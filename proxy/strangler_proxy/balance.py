"""Which of an upstream's addresses a request goes to: the one with the least under way."""

from __future__ import annotations

from collections.abc import Callable
from random import random
from typing import Final

from strangler_proxy.endpoint import Endpoint

__all__ = ["least_busy", "usable"]

# Up to so many addresses all are looked at; of more, two by chance, which comes nearly as even and costs the same.
_FEW: Final = 8


def usable(endpoints: list[Endpoint], now: float) -> list[Endpoint]:
    """Those that may be asked: healthy and not ejected.

    Where there is none, the healthy ones (an ejection never leaves nobody), and where all are sick, all of them: it is
    for the pool to say whether a sick upstream is asked at all.
    """
    healthy = [each for each in endpoints if each.healthy]
    return [each for each in healthy if each.ejected_until <= now] or healthy or endpoints


def least_busy(endpoints: list[Endpoint], turn: int, chance: Callable[[], float] = random) -> Endpoint:
    """The one of `endpoints`, which are not empty, with the least under way. Of equal ones, each in its `turn`."""
    count = len(endpoints)
    if count > _FEW:
        first = int(chance() * count)
        second = (first + 1 + int(chance() * (count - 1))) % count
        one, other = endpoints[first], endpoints[second]
        return one if one.in_use <= other.in_use else other
    index = turn % count
    best = endpoints[index]
    least = best.in_use
    if least:
        for _ in range(count - 1):
            index = index + 1 if index + 1 < count else 0
            each = endpoints[index]
            if each.in_use < least:
                best = each
                least = each.in_use
    return best
