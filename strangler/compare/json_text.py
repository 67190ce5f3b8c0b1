"""JSON read exactly: numbers as they are written, and keys that stand twice in an object seen."""

from __future__ import annotations

import json
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Any, Final

__all__ = [
    "Duplicates",
    "Integer",
    "Node",
    "Real",
    "TooDeep",
    "canonical",
    "close",
    "decimal",
    "excerpt",
    "parse",
]

Node = Any
"""A JSON value: dict, Duplicates, list, str, Integer, Real, True, False or None."""

_EXCERPT: Final = 200
# No traps: what cannot be computed comes out as not-a-number, and then nothing is equal to it.
_EXACT: Final = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


class Integer(str):
    """A number without fraction or exponent, as written."""

    __slots__ = ()


class Real(str):
    """A number with a fraction or an exponent, or one of NaN, Infinity, -Infinity, as written."""

    __slots__ = ()


class Duplicates:
    """An object in which some key stands more than once. `groups` has every value of each key, in order."""

    __slots__ = ("groups",)

    def __init__(self, pairs: list[tuple[str, Node]]) -> None:
        self.groups: dict[str, list[Node]] = {}
        for key, value in pairs:
            self.groups.setdefault(key, []).append(value)


class TooDeep(Exception):  # an answer's fault, turned into a verdict; it never leaves the package
    """A document is nested more deeply than we follow."""


def _made(pairs: list[tuple[str, Node]]) -> Node:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Duplicates(pairs)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_made, parse_int=Integer, parse_float=Real, parse_constant=Real, strict=True
)


def parse(text: str) -> Node:
    """The document in `text`. Raises ValueError when it is not JSON (NaN and Infinity pass), TooDeep at its depth."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise TooDeep from None


def decimal(text: str) -> Decimal | None:
    """The exact value of a number as written, None for text that is no finite number."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def close(old: Decimal, new: Decimal, absolute: Decimal, relative: Decimal) -> bool:
    """Whether two finite numbers lie within `absolute`, or within `relative` times the greater one; at 60 digits."""
    apart = _EXACT.subtract(old, new).copy_abs()
    return apart <= absolute or apart <= _EXACT.multiply(relative, max(old.copy_abs(), new.copy_abs()))


def canonical(node: Node, depth: int) -> str:
    """A text that two nodes share exactly when they are equal, keys in any order. Raises TooDeep below `depth`."""
    kind = type(node)
    if kind is str:
        return json.dumps(node)
    if kind is Integer or kind is Real:
        return str(node)
    if kind is dict or kind is list or kind is Duplicates:
        if depth <= 0:
            raise TooDeep
        if kind is list:
            return "[" + ",".join([canonical(each, depth - 1) for each in node]) + "]"
        groups = node.groups if kind is Duplicates else {key: [value] for key, value in node.items()}
        return (
            "{"
            + ",".join(
                [json.dumps(key) + ":" + canonical(value, depth - 1) for key in sorted(groups) for value in groups[key]]
            )
            + "}"
        )
    return {True: "true", False: "false", None: "null"}.get(node, repr(node))


def excerpt(node: Node) -> str:
    """The node as JSON, cut after 200 characters; long objects and lists only by their size."""
    kind = type(node)
    if kind is str:
        text = json.dumps(node[: _EXCERPT + 1], ensure_ascii=False)
        # A lone surrogate, which JSON can carry, could not be printed or stored.
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
        return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
    if kind is dict or kind is Duplicates:
        size = len(node) if kind is dict else sum(map(len, node.groups.values()))
        return "{}" if not size else f"an object of {size} keys"
    if kind is list:
        return "[]" if not node else f"a list of {len(node)}"
    return canonical(node, 1)[:_EXCERPT]
