"""Which elements of two sequences belong together, where elements were put in, taken out or changed.

The same elements at both ends are set aside first, then those that stand once on either side are anchors, and what lies
between two anchors is matched by weaker and weaker likeness. Order is kept: of two elements that changed places one
has no counterpart. Takes time in proportion to the lengths (times their logarithm), whatever the elements are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Final

__all__ = ["Likeness", "Siblings"]

Likeness = tuple[Hashable, ...]
"""By what an element may be matched, from exact to weak; every element of two sequences has equally many. None matches
nothing at its strength."""

_Range = tuple[int, int, int, int, int]
_CELLS: Final = 2_500


class Siblings:
    """Matches sequences, of one pair of documents: `work` bounds the look-ups in tables for all of them together."""

    def __init__(self, work: int = 200_000) -> None:
        self._work = work

    def matched(self, old: Sequence[Likeness], new: Sequence[Likeness]) -> list[tuple[int, int]]:
        """The indexes of elements that belong together, rising on both sides."""
        pairs: list[tuple[int, int]] = []
        tiers = min(len(old[0]), len(new[0])) if old and new else 0
        ranges: list[_Range] = [(0, len(old), 0, len(new), 0)]
        while ranges:
            a, old_end, b, new_end, tier = ranges.pop()
            if tier == tiers:
                if tiers:
                    pairs += self._closest(old, new, (a, old_end, b, new_end, tier - 1))
                continue
            while a < old_end and b < new_end and _like(old[a], new[b], tier):
                pairs.append((a, b))
                a, b = a + 1, b + 1
            while a < old_end and b < new_end and _like(old[old_end - 1], new[new_end - 1], tier):
                old_end, new_end = old_end - 1, new_end - 1
                pairs.append((old_end, new_end))
            if a == old_end or b == new_end:
                continue
            anchors = _anchors(old, new, (a, old_end, b, new_end, tier))
            pairs += anchors
            for at, to in [*anchors, (old_end, new_end)]:
                # Next to an anchor more may be alike; then the next weaker likeness is tried.
                a, b = _after_alike(old, new, (a, at, b, to, tier), pairs)
                ranges.append((a, at, b, to, tier + 1))
                a, b = at + 1, to + 1
        return sorted(pairs)

    def aligned(self, old: Sequence[Likeness], new: Sequence[Likeness]) -> list[tuple[int | None, int | None]]:
        """All indexes in order, those that belong together as one, None where an element has no counterpart."""
        found: list[tuple[int | None, int | None]] = []
        a = b = 0
        for at, to in [*self.matched(old, new), (len(old), len(new))]:
            found += [(each, None) for each in range(a, at)]
            found += [(None, each) for each in range(b, to)]
            if at < len(old):
                found.append((at, to))
            a, b = at + 1, to + 1
        return found

    def _closest(self, old: Sequence[Likeness], new: Sequence[Likeness], within: _Range) -> list[tuple[int, int]]:
        """The longest common sequence, or what stands at equal distance from the start where that would take long."""
        a, old_end, b, new_end, tier = within
        height, width = old_end - a, new_end - b
        if height * width > min(_CELLS, self._work):
            return [
                (at, to)
                for at, to in zip(range(a, old_end), range(b, new_end), strict=False)
                if _like(old[at], new[to], tier)
            ]
        self._work -= height * width
        lengths = [[0] * (width + 1) for _ in range(height + 1)]
        for row in range(height - 1, -1, -1):
            for column in range(width - 1, -1, -1):
                if _like(old[a + row], new[b + column], tier):
                    lengths[row][column] = lengths[row + 1][column + 1] + 1
                else:
                    lengths[row][column] = max(lengths[row + 1][column], lengths[row][column + 1])
        pairs: list[tuple[int, int]] = []
        row = column = 0
        while row < height and column < width:
            if _like(old[a + row], new[b + column], tier):
                pairs.append((a + row, b + column))
                row, column = row + 1, column + 1
            elif lengths[row + 1][column] >= lengths[row][column + 1]:
                row += 1
            else:
                column += 1
        return pairs


def _like(old: Likeness, new: Likeness, tier: int) -> bool:
    return old[tier] is not None and old[tier] == new[tier]


def _after_alike(
    old: Sequence[Likeness], new: Sequence[Likeness], within: _Range, pairs: list[tuple[int, int]]
) -> tuple[int, int]:
    a, old_end, b, new_end, tier = within
    while a < old_end and b < new_end and _like(old[a], new[b], tier):
        pairs.append((a, b))
        a, b = a + 1, b + 1
    return a, b


def _anchors(old: Sequence[Likeness], new: Sequence[Likeness], within: _Range) -> list[tuple[int, int]]:
    """Elements that stand exactly once on either side: as many as keep their order."""
    a, old_end, b, new_end, tier = within
    before = Counter(old[at][tier] for at in range(a, old_end))
    after = Counter(new[to][tier] for to in range(b, new_end))
    places = {new[to][tier]: to for to in range(b, new_end) if after[new[to][tier]] == 1}
    candidates = [
        (at, places[key])
        for at in range(a, old_end)
        if (key := old[at][tier]) is not None and before[key] == 1 and key in places
    ]
    ends: list[int] = []
    last: list[int] = []
    came_from: list[int] = []
    for number, (_, to) in enumerate(candidates):
        length = bisect_left(ends, to)
        came_from.append(last[length - 1] if length else -1)
        if length == len(ends):
            ends.append(to)
            last.append(number)
        else:
            ends[length], last[length] = to, number
    rising: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        rising.append(candidates[number])
        number = came_from[number]
    rising.reverse()
    return rising
