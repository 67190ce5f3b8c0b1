"""Which elements of two lists belong together, where their indexes do not say."""

from __future__ import annotations

from collections.abc import Callable

from strangler.compare.json_text import Node, canonical

__all__ = ["Alignments", "by_key", "matching", "unlike"]

Alignments = dict[tuple[int, int], list[tuple[int | None, int | None]]]
"""What is known of pairs of lists, by the `id` of each: the indexes of elements that belong together, in order."""


def unlike(old: list[Node], new: list[Node], depth: int) -> tuple[list[Node], list[Node]]:
    """The elements of each list without an exact twin in the other."""
    waiting: dict[str, list[Node]] = {}
    for each in new:
        waiting.setdefault(canonical(each, depth), []).append(each)
    left: list[Node] = []
    for each in old:
        twins = waiting.get(canonical(each, depth))
        if twins:
            twins.pop()
        else:
            left.append(each)
    return left, [each for twins in waiting.values() for each in twins]


def by_key(elements: list[Node], key: str) -> dict[str, list[Node]]:
    """Elements by the value of their key, as JSON; those without one under the empty text."""
    found: dict[str, list[Node]] = {}
    for each in elements:
        value = canonical(each[key], 16) if isinstance(each, dict) and key in each else ""
        found.setdefault(value, []).append(each)
    return found


def matching(left: int, right: int, agree: Callable[[int, int], bool]) -> dict[int, int]:
    """As many pairs as possible of `left` and `right` elements that agree: left to right, by augmenting paths."""
    agreeing = [[b for b in range(right) if agree(a, b)] for a in range(left)]
    owner: dict[int, int] = {}
    for start in range(left):
        came_from: dict[int, int] = {}
        queue = [start]
        seen: set[int] = set()
        free: int | None = None
        while queue and free is None:
            a = queue.pop(0)
            for b in agreeing[a]:
                if b in seen:
                    continue
                seen.add(b)
                came_from[b] = a
                if b not in owner:
                    free = b
                    break
                queue.append(owner[b])
        while free is not None:
            a = came_from[free]
            before = next((b for b, each in owner.items() if each == a), None)
            owner[free] = a
            free = before
    return {a: b for b, a in owner.items()}
