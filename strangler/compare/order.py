"""In which order elements of several names stand."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Self

__all__ = ["Order"]


class Order(str):
    """The names of several elements, in order; as text with those that follow one another as one: `h1 p×3 ul`.

    Two are equal where the names that both have equally often stand in the same order: an element that only one side
    has is a difference by itself.
    """

    __slots__ = ("names",)

    names: list[str]

    def __new__(cls, names: list[str]) -> Self:
        runs = [(name, len(list(run))) for name, run in groupby(names)]
        order = super().__new__(cls, " ".join(name if times == 1 else f"{name}×{times}" for name, times in runs))
        order.names = names
        return order

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Order) or str.__eq__(self, other):
            return str.__eq__(self, other)
        mine, theirs = Counter(self.names), Counter(other.names)
        both = {name for name, times in mine.items() if theirs[name] == times}
        return [name for name in self.names if name in both] == [name for name in other.names if name in both]

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__
