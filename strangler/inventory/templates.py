"""A regular expression over paths as path templates of the proxy: as few and as narrow as can be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

from strangler.inventory.characters import CONVERTERS, converter_of, parsed, taken_by

__all__ = ["templates_of"]

_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# More ways than these become one variable, which takes more than they do.
_MOST: Final = 8


class _Unsayable(Exception):
    """There is no template for this."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One way through the expression so far; `exact` while its text takes nothing that the expression does not."""

    text: str = ""
    exact: bool = True

    def then(self, text: str, exact: bool = True) -> _Way:
        return _Way(self.text + text, self.exact and exact)


def templates_of(expression: str) -> tuple[tuple[str, ...], bool]:
    """The templates that together take what `expression` matches in full, and whether they take all of that and no
    other path.

    That a template owns its path with and without the last slash is left out of that. What cannot be said as a template
    is not taken: an empty segment, or a `<`. There may be none.
    """
    try:
        tree = parsed(expression)
        ways = _Reading({number: name for name, number in tree.state.groupdict.items()}).sequence([_Way()], tree)
    except (re.error, RecursionError, OverflowError, _Unsayable):
        return (), False
    texts: dict[str, bool] = {}
    sayable = [way for way in ways if _is_template(way.text)]
    for way in sayable:
        bare = way.text.rstrip("/") or "/"
        # Of the two forms the one with its slash, which is what Django would redirect to.
        slashed = next((text for text in (bare, f"{bare}/") if text in texts), None)
        if slashed is None:
            texts[way.text] = way.exact
        else:
            longest = max(slashed, way.text, key=len)
            texts[longest] = texts.pop(slashed) and way.exact
    return tuple(texts), len(sayable) == len(ways) and bool(texts) and all(texts.values())


def _is_template(text: str) -> bool:
    plain = re.sub(r"<\w+:\w+>", "x", text)
    return text.startswith("/") and "//" not in plain and not set("<>?#") & set(plain)


class _Reading:
    """One walk through a tree. `names` are the names of its groups, by number."""

    def __init__(self, names: dict[int, str]) -> None:
        self._names = names
        self._used = set(names.values())

    def sequence(self, ways: list[_Way], nodes: Iterable[Any]) -> list[_Way]:
        """Each way with each way through the nodes behind it."""
        for node in nodes:
            after = [found for way in ways for found in self._node(way, node)]
            ways = after if len(after) <= _MOST else [replace(way, exact=False) for way in self._widened(ways, node)]
        return ways

    def _node(self, way: _Way, node: Any) -> list[_Way]:
        name, argument = str(node[0]), node[1]
        match name:
            case "LITERAL":
                return [way.then(chr(argument))]
            case "AT" | "ASSERT" | "ASSERT_NOT":
                # Takes nothing, and says of the rest what no template can.
                return [way.then("", exact=False)]
            case "SUBPATTERN":
                return self._group(way, *argument)
            case "BRANCH":
                return [found for branch in argument[1] for found in self.sequence([way], branch)]
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                return self._repeated(way, *argument)
            case "ANY":
                # One dot among plain text is one that nobody escaped.
                return [way.then(".", exact=False)]
            case "IN" | "NOT_LITERAL":
                # A converter takes one or more where this is one.
                return [self._variable(way, [node], exact=False)]
            case _:
                return self._widened([way], node)

    def _group(self, way: _Way, number: int | None, on: int, off: int, nodes: Any) -> list[_Way]:
        name = "" if number is None else self._names.get(number, "")
        if on & re.IGNORECASE:
            raise _Unsayable
        if str(nodes) == str(parsed(_UUID)):
            return [way.then(f"<uuid:{name or self._fresh()}>")]
        if not name or _is_fixed(nodes):
            return self.sequence([way], nodes)
        if len(nodes) == 1 and str(nodes[0][0]).endswith("_REPEAT"):
            least, most, repeated = nodes[0][1]
            return self._repeated(way, least, most, repeated, name)
        return self._wide(way, nodes, name)

    def _repeated(self, way: _Way, least: int, most: Any, nodes: Any, name: str = "") -> list[_Way]:
        endless = str(most) == "MAXREPEAT"
        if least == 0 and most == 1 and not name:
            return [*self.sequence([way], nodes), way]
        if len(nodes) == 1 and str(nodes[0][0]) in ("IN", "ANY", "NOT_LITERAL"):
            some = self._variable(way, nodes, name, exact=endless and least <= 1)
            return [some, way] if least == 0 else [some]
        if _is_fixed(nodes) and least == most and least <= _MOST:
            return self.sequence([way], [node for _ in range(least) for node in nodes])
        some = self._variable(way, nodes, name, exact=False)
        return [some, way] if least == 0 or not nodes.getwidth()[0] else [some]

    def _wide(self, way: _Way, nodes: Any, name: str) -> list[_Way]:
        some = self._variable(way, nodes, name, exact=False)
        return [some] if nodes.getwidth()[0] else [some, way]

    def _widened(self, ways: list[_Way], node: Any) -> list[_Way]:
        return [self._variable(way, [node], exact=False) for way in ways]

    def _variable(self, way: _Way, nodes: Sequence[Any], name: str = "", *, exact: bool) -> _Way:
        converter, same = converter_of(taken_by(nodes))
        # `.` takes no line end, and neither does a path converter.
        same = same or (converter == "path" and "\n" not in taken_by(nodes))
        return way.then(f"<{converter}:{name or self._fresh()}>", exact and same and converter in CONVERTERS)

    def _fresh(self) -> str:
        name = next(each for number in count(1) if (each := f"part{number}") not in self._used)
        self._used.add(name)
        return name


def _is_fixed(nodes: Iterable[Any]) -> bool:
    """Whether there are only a few texts that it can be."""
    for node in nodes:
        name, argument = str(node[0]), node[1]
        if name == "BRANCH":
            if not all(_is_fixed(branch) for branch in argument[1]):
                return False
        elif name == "SUBPATTERN":
            if not _is_fixed(argument[3]):
                return False
        elif name != "LITERAL":
            return False
    return True
