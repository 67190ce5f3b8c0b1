"""Of what kind a value is, so that another value of the same kind can be told from one of another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from strangler.compare.json_text import Node, is_integer

__all__ = ["admits", "kinds", "wanted"]

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
_UNMISTAKABLE: Final = frozenset(["uuid", "timestamp", "date", "url"])
# A value that is nothing but one of these is no text as others are.
_NARROW: Final = frozenset(["path", "number"])
_LONGEST: Final = 2_000
# Where the date and the minute of a timestamp end, and the seconds and the time zone begin.
_MINUTE: Final = len("2026-01-01T00:00")
_SECONDS: Final = re.compile(r"(:\d\d([.,]\d+)?)?( ?([A-Z]{1,5}|[+-]\d\d(:?\d\d)?))?")
_ORIGIN: Final = re.compile(r"https?://[^/?#]*")


def kinds(node: Node, *, exact: bool = False) -> frozenset[str]:
    """Every kind that a value may be of: `null`, `boolean`, `integer`, `real`, `list`, `object`; of texts `empty`,
    `uuid`, `timestamp`, `date`, `url`, `path`, `number`, `hex`, `token`, `text`.

    A value can be of several kinds: `12345678` may be a number, hex digits, and by chance a text. If `exact`, a
    timestamp is also of the kind of those that are written as it is, with a time zone or without, and a URL of those of
    its scheme and host.
    """
    if type(node) is str:
        found = _of_text(node)
        return found | _form(node, found) if exact else found
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
    found = frozenset(kind for kind, pattern in _PATTERNS if pattern.fullmatch(text))
    if found & _UNMISTAKABLE:
        return found & _UNMISTAKABLE
    return found if found and found <= _NARROW else found | {"text"}


def _form(text: str, found: frozenset[str]) -> frozenset[str]:
    """The kind within timestamps or URLs, of a text of the kinds `found`."""
    if "timestamp" in found:
        if text[0].isalpha():
            return frozenset(["timestamp of HTTP"])
        rest = _SECONDS.fullmatch(text, _MINUTE)
        return frozenset() if rest is None else frozenset([f"timestamp {text[10]!r} {'zoned' if rest[4] else 'local'}"])
    origin = _ORIGIN.match(text) if "url" in found else None
    return frozenset() if origin is None else frozenset([f"url of {origin[0].lower()}"])


def wanted(shown: Iterable[Node], *, exact: bool = False) -> frozenset[str]:
    """The kinds of which a value must have one to be like those `shown`: the narrowest that all of them share, and
    where they share none, the narrowest one of each."""
    seen = {kinds(each, exact=exact) for each in shown}
    common = frozenset.intersection(*seen) if seen else frozenset()
    return frozenset([_narrowest(common)]) if common else frozenset(map(_narrowest, seen))


def admits(shown: Iterable[Node], new: Node, *, exact: bool = False) -> bool:
    """Whether `new` is like the values `shown`."""
    return not kinds(new, exact=exact).isdisjoint(wanted(shown, exact=exact))


def _narrowest(found: Iterable[str]) -> str:
    return min(found, key=lambda kind: _ORDER.index(kind) if kind in _ORDER else -1)
