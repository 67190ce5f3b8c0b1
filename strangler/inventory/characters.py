"""Which characters a part of a regular expression takes, and which converter of a path template that comes to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Any, Final

__all__ = ["ALPHABET", "CONVERTERS", "converter_of", "parsed", "taken_by"]

# The module that `re` itself reads expressions with: there is no other way to the tree.
_PARSER: Final[Any] = import_module("re._parser")
ALPHABET: Final = frozenset([*map(chr, range(128)), "é", "ß", "中", "٣", "\u2003", "€"])
"""Every ASCII character, and some that stand for all the others."""

# Narrowest first.
CONVERTERS: Final = {"int": "[0-9]+", "slug": "[-a-zA-Z0-9_]+", "str": "[^/]+", "path": ".+"}


def parsed(expression: str) -> Any:
    """The tree of an expression. Raises re.error for one that is none."""
    return _PARSER.parse(expression)


def taken_by(nodes: Iterable[Any], alphabet: frozenset[str] = ALPHABET) -> frozenset[str]:
    """All characters that stand anywhere in what these nodes take: those of the alphabet, and their own literals."""
    found: frozenset[str] = frozenset()
    for node in nodes:
        found |= _of_node(node, alphabet)
    return found


def _of_node(node: Any, alphabet: frozenset[str]) -> frozenset[str]:
    name, argument = str(node[0]), node[1]
    match name:
        case "LITERAL":
            return frozenset({chr(argument)})
        case "NOT_LITERAL":
            return alphabet - {chr(argument)}
        case "ANY":
            return alphabet - {"\n"}
        case "IN":
            return _of_set(argument, alphabet)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return taken_by(argument[2], alphabet)
        case "SUBPATTERN":
            return taken_by(argument[3], alphabet)
        case "ATOMIC_GROUP":
            return taken_by(argument, alphabet)
        case "BRANCH":
            return frozenset().union(*(taken_by(branch, alphabet) for branch in argument[1]))
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return frozenset()
        case _:
            return alphabet


def _of_set(items: Iterable[Any], alphabet: frozenset[str]) -> frozenset[str]:
    negated, found = False, set()
    for name, argument in items:
        match str(name):
            case "NEGATE":
                negated = True
            case "LITERAL":
                found.add(chr(argument))
            case "RANGE":
                found |= {each for each in alphabet if argument[0] <= ord(each) <= argument[1]}
            case "CATEGORY":
                found |= _of_category(str(argument), alphabet)
    return alphabet - found if negated else frozenset(found)


@cache
def _of_category(name: str, alphabet: frozenset[str]) -> frozenset[str]:
    kind, negated = name.removeprefix("CATEGORY_").removeprefix("NOT_"), "_NOT_" in name
    # Digits of other scripts are digits to `re` and to nobody who writes a URL.
    pattern = re.compile({"DIGIT": "[0-9]", "WORD": r"\w", "SPACE": r"\s"}.get(kind, "."), re.DOTALL)
    return frozenset(each for each in alphabet if (pattern.fullmatch(each) is None) is negated)


@cache
def _of_converter(name: str) -> frozenset[str]:
    return frozenset(each for each in ALPHABET if re.fullmatch(CONVERTERS[name], each))


def converter_of(characters: frozenset[str]) -> tuple[str, bool]:
    """The narrowest converter that takes all of these characters, and whether it takes no others."""
    for name in CONVERTERS:
        taken = _of_converter(name)
        if (characters & ALPHABET <= taken and characters - ALPHABET == frozenset()) or name == "path":
            return name, characters == taken
    raise AssertionError("`path` takes everything")
