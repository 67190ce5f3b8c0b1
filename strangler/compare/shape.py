"""Of what kind a value is, so that another value of the same kind can be told from one of another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from strangler.compare.json_text import Node, is_integer

__all__ = ["admits", "kinds"]

# From the narrowest to the widest; what fits several patterns is of all those kinds.
_PATTERNS: Final = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("uuid", r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"),
        (
            "timestamp",
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.{0,24}|[A-Z][a-z]{2}, \d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} [\d:]{8} .{1,6}",
        ),
        ("date", r"\d{4}-\d\d-\d\d"),
        ("url", r"https?://\S+"),
        ("path", r"/\S*"),
        ("number", r"[+-]?\d{1,40}([.,]\d{1,40})?([eE][+-]?\d{1,4})?"),
        ("hex", r"[0-9a-f]{8,}|[0-9A-F]{8,}"),
        ("token", r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9._~+/=:-]{16,}"),
    )
)
_ORDER: Final = (*(kind for kind, _ in _PATTERNS), "text")
# A value of these kinds is no text as others are; eight digits may be one, by chance.
_NARROW: Final = frozenset(["uuid", "timestamp", "date", "url", "path", "number"])
_LONGEST: Final = 2_000


def kinds(node: Node) -> frozenset[str]:
    """Every kind that a value may be of: `null`, `boolean`, `integer`, `real`, `list`, `object`; of texts `empty`,
    `uuid`, `timestamp`, `date`, `url`, `path`, `number`, `hex`, `token`, `text`.

    A value can be of several kinds: `12345678` may be a number, hex digits, and by chance a text.
    """
    if type(node) is str:
        return _of_text(node)
    if type(node) is bytes:
        return frozenset(["integer" if is_integer(node) else "real"])
    if node is None:
        return frozenset(["null"])
    if type(node) is bool:
        return frozenset(["boolean"])
    return frozenset(["list" if type(node) is list else "object"])


def _of_text(text: str) -> frozenset[str]:
    if not text:
        return frozenset(["empty"])
    if len(text) > _LONGEST:
        return frozenset(["text"])
    found = {kind for kind, pattern in _PATTERNS if pattern.fullmatch(text)}
    if not found & _NARROW or "hex" in found:
        found.add("text")
    return frozenset(found)


def admits(shown: Sequence[Node], new: Node) -> bool:
    """Whether `new` is of the kind that the values `shown` are of: of the narrowest that all of them share, and where
    they share none, of the narrowest kind of one of them."""
    having = kinds(new)
    seen = {kinds(each) for each in shown}
    common = frozenset.intersection(*seen) if seen else frozenset()
    if common:
        return _narrowest(common) in having
    return any(_narrowest(each) in having for each in seen)


def _narrowest(found: Iterable[str]) -> str:
    return min(found, key=lambda kind: _ORDER.index(kind) if kind in _ORDER else -1)
