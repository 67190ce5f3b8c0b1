"""Whether two templates, or two routes, can claim the same request: decided exactly, with an example as proof.

A template is a small regular language. Two of them are walked side by side, over one representative of each class of
characters that either can tell apart, until both have read the same path to its end or no path is left to try.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from strangler_proxy.routes.route import Route
from strangler_proxy.routes.template import Literal, Segment, Template

__all__ = ["apart", "common_methods", "common_path", "contradict", "owned_methods"]

# One character for each class that the converters tell apart; "é" stands for everything else.
_REPRESENTATIVES: Final = ("1", "a", "x", "X", "-", "_", ".", "é", "/", "\n")
_CLASSES: Final = {
    "int": re.compile("[0-9]"),
    "slug": re.compile("[-a-zA-Z0-9_]"),
    "str": re.compile("[^/]"),
    "path": re.compile("."),
    "hexadecimal": re.compile("[0-9a-f]"),
}

# A step takes one character of a set; a repeatable one may take more.
_Step = tuple[frozenset[str], bool]


@lru_cache(maxsize=4096)
def _steps(template: Template, alphabet: frozenset[str]) -> tuple[_Step, ...]:
    classes = {
        name: frozenset(character for character in alphabet if pattern.fullmatch(character))
        for name, pattern in _CLASSES.items()
    }
    hexadecimal = (classes["hexadecimal"], False)
    dash = (frozenset("-"), False)
    uuid = [step for length in (8, 4, 4, 4, 12) for step in (dash, *[hexadecimal] * length)][1:]
    steps: list[_Step] = []
    for segment in template.segments:
        steps.append((frozenset("/"), False))
        for part in segment.parts:
            if isinstance(part, Literal):
                steps.extend((frozenset(character), False) for character in part.text)
            elif part.converter == "uuid":
                steps.extend(uuid)
            else:
                steps.append((classes[part.converter], True))
    return tuple(steps)


def _characters(template: Template) -> frozenset[str]:
    return frozenset(
        character
        for segment in template.segments
        for part in segment.parts
        if isinstance(part, Literal)
        for character in part.text
    )


def common_path(one: Template, other: Template) -> str | None:
    """A decoded path that both templates own, the shortest there is; None where there can be none."""
    if apart(one, other):
        return None
    alphabet = frozenset(_REPRESENTATIVES) | {"-"} | _characters(one) | _characters(other)
    ordered = sorted(alphabet, key=lambda character: (not character.isalnum(), character))
    left, right = _steps(one, alphabet), _steps(other, alphabet)
    seen = {(0, 0)}
    queue = deque([(0, 0, "")])
    while queue:
        i, j, path = queue.popleft()
        if i >= len(left) and j >= len(right) and path:
            return path
        for character in ordered:
            for next_i in _following(left, i, character):
                for next_j in _following(right, j, character):
                    if (next_i, next_j) not in seen:
                        seen.add((next_i, next_j))
                        queue.append((next_i, next_j, path + character))
    return None


def apart(one: Template, other: Template) -> bool:
    """The cheap proof: texts that differ in the same place, or one template that ends where the other goes on."""
    for mine, theirs in zip(one.segments, other.segments, strict=False):
        if mine.spans or theirs.spans:
            return False
        if mine.text is not None and theirs.text is not None:
            if mine.text != theirs.text:
                return True
        elif _begin_apart(mine, theirs) or _end_apart(mine, theirs):
            return True
    return len(one.segments) != len(other.segments)


def _begin_apart(one: Segment, other: Segment) -> bool:
    mine, theirs = one.parts[0], other.parts[0]
    if not isinstance(mine, Literal) or not isinstance(theirs, Literal):
        return False
    return not mine.text.startswith(theirs.text) and not theirs.text.startswith(mine.text)


def _end_apart(one: Segment, other: Segment) -> bool:
    mine, theirs = one.parts[-1], other.parts[-1]
    if not isinstance(mine, Literal) or not isinstance(theirs, Literal):
        return False
    return not mine.text.endswith(theirs.text) and not theirs.text.endswith(mine.text)


def _following(steps: tuple[_Step, ...], position: int, character: str) -> list[int]:
    """Where a template can stand after `character`; one past its end stands for the last slash, which is free."""
    positions = []
    if position < len(steps) and character in steps[position][0]:
        positions.append(position + 1)
    if 0 < position <= len(steps) and steps[position - 1][1] and character in steps[position - 1][0]:
        positions.append(position)
    if position == len(steps) and character == "/":
        positions.append(position + 1)
    return positions


def contradict(mine: Mapping[str, str | None], theirs: Mapping[str, str | None], *, fold: bool = False) -> bool:
    """Whether no request meets both sets of conditions: they want different values of one header or parameter.

    `fold` compares names without case, as for headers.
    """
    if fold:
        mine = {name.lower(): value for name, value in mine.items()}
        theirs = {name.lower(): value for name, value in theirs.items()}
    return any(
        value is not None and theirs.get(name) is not None and theirs[name] != value for name, value in mine.items()
    )


def owned_methods(route: Route) -> frozenset[str]:
    """The methods a route takes: those it names, and HEAD wherever it names GET."""
    return _with_head(route.methods)


@lru_cache(maxsize=256)
def _with_head(methods: frozenset[str]) -> frozenset[str]:
    # One set for all routes that take the same: a thousand would not stay in the processor's caches.
    return methods | {"HEAD"} if "GET" in methods else methods


def common_methods(one: Route, other: Route) -> list[str]:
    """The methods that both routes take, sorted."""
    return sorted(owned_methods(one) & owned_methods(other))
