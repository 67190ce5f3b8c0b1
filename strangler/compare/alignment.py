"""Which elements of two lists belong together, where their indexes do not say."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from strangler.compare.json_text import Node, canonical

__all__ = ["ABSENT", "Alignments", "by_key", "matching", "unlike"]

Alignments = dict[tuple[int, int], list[tuple[int | None, int | None]]]
"""By the `id()` of an old and a new list: the indexes of elements that belong together, in the order in which they are
to be compared, None where an element has no counterpart. Lists that are not in it belong together index by index."""

_MOST_KEYS: Final = 8

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
    return _twins(left, right, twins)


def _twins(
    old: list[Node], new: list[Node], twins: list[tuple[Node, Node]]
) -> tuple[list[tuple[Node, Node]], list[Node], list[Node]]:
    known = _known_by(old, new)
    if known is not None:
        # Where each is known by something of its own there is one in the other list that can be its twin.
        before, after = known
        found = {
            value: (each, after[value]) for value, each in before.items() if value in after and after[value] == each
        }
        twins += found.values()
        return (
            twins,
            [each for value, each in before.items() if value not in found],
            [each for value, each in after.items() if value not in found],
        )
    waiting: dict[str, list[Node]] = {}
    for each in new:
        waiting.setdefault(canonical(each), []).append(each)
    left: list[Node] = []
    for each in old:
        same = waiting.get(canonical(each))
        if same:
            twins.append((each, same.pop()))
        else:
            left.append(each)
    return twins, left, [each for same in waiting.values() for each in same]


def _known_by(old: list[Node], new: list[Node]) -> tuple[dict[Hashable, Node], dict[Hashable, Node]] | None:
    """The elements of both lists by the value of a key that no two of one list share; None where there is no such key,
    or where it would take long to find."""
    if not old or not new or any(type(each) is not dict for each in (*old, *new)):
        return None
    for key in list(old[0])[:_MOST_KEYS]:
        before = {each[key]: each for each in old if isinstance(each.get(key), str | bytes)}
        if len(before) == len(old):
            after = {each[key]: each for each in new if isinstance(each.get(key), str | bytes)}
            if len(after) == len(new):
                return before, after
    return None


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
