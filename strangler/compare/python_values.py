"""Comparing what Python calls return, for seams: `==` decides, and JSON's differences say where."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

from strangler.compare.json_text import Node, TooDeep, canonical
from strangler.compare.json_tree import JsonWalk
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.rules import Rules
from strangler.compare.values import Comparison, Difference, DifferenceKind, Verdict

__all__ = ["compare_values"]

_DEPTH: Final = 64


def compare_values(old: Any, new: Any) -> Comparison:
    """Whether two Python values are equal, and if not, where: by field of dataclasses, key of mappings, index of lists.

    `==` alone decides the verdict. What it calls unequal without a place to point at (an object without fields of its
    own, or 1.0 beside Decimal("1.00") in another type) is one difference at `$`.
    """
    if old == new:
        return Comparison(Verdict.AGREE)
    walk = JsonWalk(Rules().of_route(""), Limits())
    # At a limit it differs all the same; only the places are not known.
    with suppress(TooMuch, TooDeep, RecursionError):
        walk.compare(_node(old, _DEPTH), _node(new, _DEPTH))
    found = tuple(walk.differences)
    if not found:
        found = (Difference("$", DifferenceKind.VALUE, repr(old)[:200], repr(new)[:200]),)
    return Comparison(Verdict.DIFFER, found, truncated=walk.truncated)


def _node(value: Any, depth: int) -> Node:
    if value is None or isinstance(value, bool) or type(value) is str:
        return value
    if type(value) is int:
        return b"%d" % value if abs(value) < 10**4000 else hex(value)
    if isinstance(value, Decimal) and value.is_nan():
        return b"NaN"
    if isinstance(value, float | Decimal):
        return str(value).encode()
    if depth <= 0:
        raise RecursionError
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: _node(getattr(value, each.name), depth - 1) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {_key(key): _node(each, depth - 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_node(each, depth - 1) for each in value]
    if isinstance(value, AbstractSet):
        return sorted((_node(each, depth - 1) for each in value), key=canonical)
    return f"{type(value).__qualname__} {value}"


def _key(key: object) -> str:
    return key if isinstance(key, str) else repr(key)
