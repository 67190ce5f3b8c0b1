"""JSON read exactly: numbers as they are written, and keys that stand twice in an object seen.

Nodes are built so that `==` on two of them, whole trees at once and in C, holds exactly when they are equal as JSON: a
number is bytes, which equal no text, and an object with a key that stands twice is no dict.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Any, Final

__all__ = [
    "Duplicates",
    "Node",
    "Number",
    "TooDeep",
    "canonical",
    "close",
    "decimal",
    "excerpt",
    "excerpts",
    "is_integer",
    "parse",
]

Node = Any
"""A JSON value: dict, Duplicates, list, str, Number, True, False or None."""

Number = bytes
"""A number as written: `1.00`, `-0`, `1e400`; also NaN, Infinity and -Infinity."""

_EXCERPT: Final = 200
_BEFORE: Final = 40
# No traps: what cannot be computed comes out as not-a-number, and then nothing is equal to it.
_EXACT: Final = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


class Duplicates:
    """An object in which some key stands more than once. `groups` has every value of each key, in order."""

    __slots__ = ("groups",)

    def __init__(self, pairs: list[tuple[str, Node]]) -> None:
        self.groups: dict[str, list[Node]] = {}
        for key, value in pairs:
            self.groups.setdefault(key, []).append(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Duplicates) and self.groups == other.groups

    __hash__ = None  # type: ignore[assignment]


class TooDeep(Exception):  # an answer's fault, turned into a verdict; it never leaves the package
    """A document is nested more deeply than we follow."""


def _made(pairs: list[tuple[str, Node]]) -> Node:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Duplicates(pairs)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_made, parse_int=str.encode, parse_float=str.encode, parse_constant=str.encode, strict=True
)


def parse(text: str) -> Node:
    """The document in `text`. Raises ValueError when it is not JSON (NaN and Infinity pass), TooDeep at its depth."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise TooDeep from None


def is_integer(number: Number) -> bool:
    """Whether a number is written without fraction and exponent."""
    return number.removeprefix(b"-").isdigit()


def decimal(node: str | Number) -> Decimal | None:
    """The exact value of a number, or of a text that holds one; None for what is no finite number."""
    try:
        value = Decimal(node if isinstance(node, str) else node.decode())
    except (InvalidOperation, ValueError):
        return None
    return value if value.is_finite() else None


def close(old: Decimal, new: Decimal, absolute: Decimal, relative: Decimal) -> bool:
    """Whether two finite numbers lie within `absolute`, or within `relative` times the greater one; at 60 digits."""
    apart = _EXACT.subtract(old, new).copy_abs()
    return apart <= absolute or apart <= _EXACT.multiply(relative, max(old.copy_abs(), new.copy_abs()))


def _unlike_json(node: object) -> object:
    """Numbers and doubled keys for the encoder, marked by a bare 0 or 1, which no node comes to otherwise."""
    return [1, sorted(node.groups.items())] if isinstance(node, Duplicates) else [0, bytes.decode(node)]  # type: ignore[arg-type]


_canonical: Final[Callable[[Node], str]] = json.JSONEncoder(
    sort_keys=True, check_circular=False, ensure_ascii=False, separators=(",", ":"), default=_unlike_json
).encode


def canonical(node: Node) -> str:
    """A text that two nodes share exactly when they are equal. Raises TooDeep below the depth that C can follow."""
    try:
        return _canonical(node)
    except RecursionError:
        raise TooDeep from None


def excerpt(node: Node) -> str:
    """The node as JSON, cut after 200 characters; long objects and lists only by their size."""
    kind = type(node)
    if isinstance(node, str):
        text = json.dumps(node[: _EXCERPT + 1], ensure_ascii=False)
        # A lone surrogate, which JSON can carry, could not be printed or stored.
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
        return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
    if kind is bytes:
        written: str = node[:_EXCERPT].decode()
        return written
    if kind is dict or kind is Duplicates:
        size = len(node) if kind is dict else sum(map(len, node.groups.values()))
        # Of an element of HTML or XML its attributes and its text say which one it is.
        known = [f"{key} {excerpt(node[key])}" for key in node if key[:1] in ("@", "#")] if kind is dict else []
        said = f": {', '.join(known)[:_EXCERPT]}" if known else ""
        return f"an object of {size} keys{said}" if size else "{}"
    if kind is list:
        return "[]" if not node else f"a list of {len(node)}"
    return json.dumps(node)


def excerpts(old: Node, new: Node) -> tuple[str, str]:
    """Both nodes in short; of long texts what stands around the first character that differs."""
    if type(old) is str and type(new) is str and max(len(old), len(new)) > _EXCERPT:
        low, high = 0, min(len(old), len(new))
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if old[:middle] == new[:middle] else (low, middle - 1)
        if low > _BEFORE:
            around = slice(low - _BEFORE, low + _BEFORE)
            return f"at {low}: {excerpt(old[around])}", f"at {low}: {excerpt(new[around])}"
    return excerpt(old), excerpt(new)
