"""Which elements of two lists belong together, where their indexes do not say."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from strangler.compare.json_text import Node, canonical

__all__ = ["ABSENT", "Alignments", "by_key", "matching", "unlike"]

Alignments = dict[tuple[int, int], list[tuple[int | None, int | None]]]
"""By the `id()` of an old and a new list: the indexes of elements that belong together, in the order in which they are
to be compared, None where an element has no counterpart. Lists that are not in it belong together index by index."""

ABSENT: Final = object()
"""The key of elements that have none."""


def unlike(old: list[Node], new: list[Node]) -> tuple[list[tuple[Node, Node]], list[Node], list[Node]]:
    """The elements that have an exact twin in the other list, with it, and those of each list that have none."""
    twins: list[tuple[Node, Node]] = []
    left: list[Node] = []
    right: list[Node] = []
    for a, b in zip(old, new, strict=False):
        if a == b:
            twins.append((a, b))
        else:
            left.append(a)
            right.append(b)
    left += old[len(new) :]
    right += new[len(old) :]
    waiting: dict[str, list[Node]] = {}
    for each in right:
        waiting.setdefault(canonical(each), []).append(each)
    rest: list[Node] = []
    for each in left:
        found = waiting.get(canonical(each))
        if found:
            twins.append((each, found.pop()))
        else:
            rest.append(each)
    return twins, rest, [each for found in waiting.values() for each in found]


def by_key(elements: list[Node], key: str) -> dict[Hashable, list[Node]]:
    """Elements by the value of their key; those without one under `ABSENT`."""
    found: dict[Hashable, list[Node]] = {}
    for each in elements:
        value: Hashable = ABSENT
        if type(each) is dict and key in each:
            value = each[key]
            if not isinstance(value, Hashable):
                value = (canonical(value),)
        found.setdefault(value, []).append(each)
    return found


def matching(agreeing: Sequence[Sequence[int]]) -> dict[int, int]:
    """As many pairs as possible of left and right elements, by augmenting paths. `agreeing` has for each left element
    the right ones that it agrees with."""
    owner: dict[int, int] = {}
    taken: dict[int, int] = {}
    for start in range(len(agreeing)):
        came_from: dict[int, int] = {}
        queue = [start]
        free: int | None = None
        while queue and free is None:
            a = queue.pop(0)
            for b in agreeing[a]:
                if b in came_from:
                    continue
                came_from[b] = a
                if b not in owner:
                    free = b
                    break
                queue.append(owner[b])
        while free is not None:
            a = came_from[free]
            before = taken.get(a)
            owner[free], taken[a] = a, free
            free = before
    return taken
