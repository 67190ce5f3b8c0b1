"""Whether lists that the monolith gave one after the other hold the same things."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Final

from strangler.compare.json_text import Duplicates, Node, canonical
from strangler.compare.shape import wanted

__all__ = ["identifying_key", "mostly_replaced", "same_elements", "same_things"]

_MOST_KEYS: Final = 20


def same_elements(lists: Sequence[list[Node]]) -> bool:
    """Whether all lists have the same elements, each as often, in whatever order."""
    if len({len(each) for each in lists}) > 1:
        return False
    first, *others = [sorted(map(canonical, each)) for each in lists]
    return all(each == first for each in others)


def same_things(lists: Sequence[list[Node]]) -> bool:
    """Whether the elements stand for the same things in all lists, index by index.

    Of objects at least half must, which is so where at least half of their telling fields are equal. Of texts, numbers
    and such one is enough, which is so where it is equal, and also where every index has a kind of its own. Lists of
    lists, and of one thing and another, do where they are of one length.
    """
    first = lists[0]
    if len({len(each) for each in lists}) > 1:
        return False
    telling = _telling(lists)
    steady = sum(all(_alike(each, other[at], telling) for other in lists[1:]) for at, each in enumerate(first))
    types = {type(each) for elements in lists for each in elements}
    if types == {dict}:
        return 2 * steady >= len(first)
    if steady or types & {dict, list, Duplicates}:
        return True
    places = [wanted(each) for each in zip(*lists, strict=True)]
    return len({*places}) > 1 and all(len(each) == 1 for each in places)


def mostly_replaced(lists: Sequence[list[Node]], spend: Callable[[int], None]) -> bool:
    """Whether at more than half of the indexes of lists of one length stands another thing in one list than in the
    first, and not the same thing with something else in it: by what is in them at any depth. One alone always stays.
    `spend` is told how many values are looked at, as they are."""
    first = lists[0]
    if len(first) < 2:
        return False
    leaves = [[_spread(each, spend) for each in elements] for elements in lists]
    seen: dict[tuple[object, ...], Node] = {}
    telling = {
        path
        for elements in leaves
        for each in elements
        for path, value in each.items()
        if seen.setdefault(path, value) != value
    }
    replaced = 0
    for at, each in enumerate(leaves[0]):
        replaced += any(not _share_half(each, elements[at], telling) for elements in leaves[1:])
    return 2 * replaced > len(first)


def _spread(element: Node, spend: Callable[[int], None]) -> dict[tuple[object, ...], Node]:
    leaves = dict(_leaves(element, ()))
    spend(len(leaves))
    return leaves


def _leaves(node: Node, path: tuple[object, ...]) -> Iterator[tuple[tuple[object, ...], Node]]:
    if type(node) is dict:
        for key, value in node.items():
            yield from _leaves(value, (*path, key))
    elif type(node) is list:
        for at, value in enumerate(node):
            yield from _leaves(value, (*path, at))
    else:
        yield path, node


def _share_half(
    one: dict[tuple[object, ...], Node], other: dict[tuple[object, ...], Node], telling: set[tuple[object, ...]]
) -> bool:
    paths = telling & (one.keys() | other.keys())
    return 2 * len([path for path in paths if path in one and path in other and one[path] == other[path]]) >= len(paths)


def identifying_key(lists: Sequence[list[Node]], names: Sequence[str] = ()) -> str | None:
    """The key by whose value elements can be found in all lists: no value stands twice in one, and most elements with
    one value are the same thing. None where there is none. `names` are the only ones to be tried; without them all are.
    """
    if not all(type(each) is dict for elements in lists for each in elements) or not all(lists):
        return None
    telling = _telling(lists)
    best: tuple[int, str | None] = (0, None)
    for key in names or list(lists[0][0])[:_MOST_KEYS]:
        found = [_by_value(elements, key) for elements in lists]
        if not all(found):
            continue
        common = found[0].keys() & set.intersection(*(set(each) for each in found[1:]))
        pairs = [(found[0][value], other[value]) for other in found[1:] for value in common]
        if len(common) > best[0] and 2 * sum(_alike(a, b, telling) for a, b in pairs) >= len(pairs):
            best = len(common), key
    return best[1]


def _by_value(elements: list[Node], key: str) -> dict[Hashable, Node]:
    """Elements by their value of a key; empty unless every element has one of its own."""
    found = {each[key]: each for each in elements if isinstance(each.get(key), str | bytes)}
    return found if len(found) == len(elements) else {}


def _telling(lists: Sequence[list[Node]]) -> frozenset[str]:
    """The fields of objects whose values are not all the same."""
    seen: dict[str, Any] = {}
    telling = set()
    for elements in lists:
        for each in elements:
            for key, value in each.items() if type(each) is dict else ():
                if not isinstance(value, dict | list) and seen.setdefault(key, value) != value:
                    telling.add(key)
    return frozenset(telling)


def _alike(one: Node, other: Node, telling: frozenset[str]) -> bool:
    if type(one) is not dict or type(other) is not dict:
        return bool(one == other)
    fields = [key for key in telling if key in one or key in other]
    # What no field tells apart is the same thing with something else in it.
    return 2 * len([key for key in fields if one.get(key) == other.get(key)]) >= len(fields)
