"""Django's URL patterns as one regular expression over the whole path.

Django matches an include's pattern, cuts off what it matched, and goes on with the rest. So the expressions of all
levels stand one behind the other, without their anchors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

__all__ = ["joined", "unnamed"]

_BEGINNINGS: Final = frozenset({"^", r"\A"})
_ENDS: Final = frozenset({"$", r"\Z", r"\z"})
_TOKEN: Final = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[\^?\]?(?:[^\]\\]|\\.)*\])|(?P<flags>\(\?[aiLmsux]+\))|(?P<name>\(\?P<(?P<named>\w+)>)"
    r"|(?P<back>\(\?P=(?P<backto>\w+)\))|(?P<open>\((?:\?[:=!]|\?<[=!]|\?[aiLmsux-]+:)?)|(?P<other>.)",
    re.DOTALL,
)


def joined(pieces: Iterable[str]) -> str:
    """The expression that a path matches in full: a slash, and the pieces in their order, the last one an endpoint's.

    A piece without `^` may begin anywhere, as Django searches for it, and an endpoint without `$` may go on. Groups
    that are named alike in several pieces get names of their own.
    """
    parts = list(pieces)
    taken: set[str] = set()
    body = [_piece(part, taken, endpoint=number == len(parts) - 1) for number, part in enumerate(parts)]
    return "/" + "".join(body)


def unnamed(expression: str) -> str:
    """The same without the names of its groups, unless one of them is referred to."""
    if "(?P=" in expression:
        return expression
    return "".join("(" if found["name"] else found[0] for found in _TOKEN.finditer(expression))


def _piece(source: str, taken: set[str], *, endpoint: bool) -> str:
    tokens = list(_TOKEN.finditer(source))
    flags = "".join(found["flags"][2:-1] for found in tokens if found["flags"])
    begins, ends = _is_anchored(tokens)
    names: dict[str, str] = {}
    body = "".join(_renamed(tokens, taken, names))
    if _has_choice(tokens):
        body = f"(?:{body})"
    if flags:
        body = f"(?{flags}:{body})"
    # Where nothing is searched for it is found at once.
    return ("" if begins or not source else ".*?") + body + (".*" if endpoint and not ends else "")


def _is_anchored(tokens: list[re.Match[str]]) -> tuple[bool, bool]:
    """Whether it says where it begins and where it ends. Of several ways the first tells for all."""
    texts = {found[0] for found in tokens}
    return bool(texts & _BEGINNINGS), bool(texts & _ENDS)


def _renamed(tokens: list[re.Match[str]], taken: set[str], names: dict[str, str]) -> Iterator[str]:
    for found in tokens:
        if found["flags"] or found[0] in _BEGINNINGS | _ENDS:
            continue
        if found["name"]:
            name, number = found["named"], 2
            while name in taken:
                name, number = f"{found['named']}_{number}", number + 1
            taken.add(name)
            names[found["named"]] = name
            yield f"(?P<{name}>"
        elif found["back"]:
            yield f"(?P={names.get(found['backto'], found['backto'])})"
        else:
            yield found[0]


def _has_choice(tokens: list[re.Match[str]]) -> bool:
    """Whether a `|` stands in no group."""
    depth = 0
    for found in tokens:
        if found["open"] or found["name"]:
            depth += 1
        elif found[0] == ")":
            depth -= 1
        elif found[0] == "|" and depth == 0:
            return True
    return False
