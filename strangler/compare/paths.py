"""JSON paths as rules write them, and matching many of them at once while a document is walked.

A path starts at `$`, the whole body. Then come steps:

    .name          the key `name` (letters, digits, _ and -), or one such as `@href` or `#text`
    ["any key"]    any key, quoted as in JSON
    .*             every key of an object
    [*]            every element of a list
    [3]            the element at index 3 (from 0); [-1] is not offered
    ..name         the key `name` at any depth below

Examples: `$.results[*].price`, `$..updated_at`, `$.attributes.*`, `$.by_sku["A 1"].stock`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import Enum
from typing import Final

__all__ = ["Matcher", "PathPattern", "State", "key_step"]

_STEP: Final = re.compile(
    r"""(?P<deep>\.\.(?=[@#]?[\w-]|\*))?(?:
        (?:(?<=\.\.)|\.)(?P<name>[@#]?[\w-]+|\*)
      | \[(?P<index>\d{1,9}|\*)\]
      | \[(?P<quoted>"(?:[^"\\]|\\.)*")\]
    )""",
    re.VERBOSE,
)
_PLAIN_KEY: Final = re.compile(r"[@#]?[^\W\d][\w-]*")


class _Wild(Enum):
    """What a step accepts beside one key or one index. DEEP stands before a step that may come at any depth."""

    KEY = "any key"
    INDEX = "any index"
    DEEP = "any depth"


_ANY_KEY: Final = _Wild.KEY
_ANY_INDEX: Final = _Wild.INDEX
_DEEP: Final = _Wild.DEEP

_Token = object
State = frozenset[tuple[int, int]]
"""How far each pattern has come at one place of a document: pairs of pattern number and step."""


def key_step(key: str) -> str:
    """A key as a step of a path: `.price`, or `["any key"]`."""
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key)}]"


class PathPattern:
    """One path, parsed. Raises ValueError that says where it stops making sense."""

    __slots__ = ("steps", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps = tuple(_parsed(text))


def _parsed(text: str) -> list[_Token]:
    if not text.startswith("$"):
        raise ValueError(f"{text!r} does not start with $")
    steps: list[_Token] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise ValueError(f"{text!r} makes no sense from {text[at:]!r} on")
        if found["deep"]:
            steps.append(_DEEP)
        if found["quoted"] is not None:
            try:
                steps.append(str(json.loads(found["quoted"])))
            except ValueError:
                raise ValueError(f"{text!r} has a badly quoted key: {found['quoted']}") from None
        elif found["index"] is not None:
            steps.append(_ANY_INDEX if found["index"] == "*" else int(found["index"]))
        else:
            steps.append(_ANY_KEY if found["name"] == "*" else found["name"])
        at = found.end()
    return steps


class Matcher:
    """Matches all patterns together: a walk carries a `State`, and each step of it gives the next one.

    The steps taken are kept, so that each costs one look-up. Keys and indexes that no pattern names are all the same
    step, so what is kept does not grow with the documents.
    """

    def __init__(self, patterns: Sequence[PathPattern]) -> None:
        self._patterns = [pattern.steps for pattern in patterns]
        self._named: frozenset[_Token] = frozenset(
            step for steps in self._patterns for step in steps if isinstance(step, str | int)
        )
        self._next: dict[tuple[State, _Token], State] = {}
        self._matched: dict[State, tuple[int, ...]] = {}
        self.start: State = self._closed({(number, 0) for number in range(len(self._patterns))})

    def matched(self, state: State) -> tuple[int, ...]:
        """The numbers of the patterns that match at this place, in order."""
        found = self._matched.get(state)
        if found is None:
            found = tuple(sorted(number for number, step in state if step == len(self._patterns[number])))
            self._matched[state] = found
        return found

    def under_key(self, state: State, key: str) -> State:
        """The state below `key` of the object at `state`."""
        return self._step(state, key if key in self._named else _ANY_KEY, _ANY_KEY)

    def under_index(self, state: State, index: int | None) -> State:
        """The state below the element at `index` of the list at `state`; None for an element without a fixed place."""
        return self._step(state, index if index in self._named else _ANY_INDEX, _ANY_INDEX)

    def _step(self, state: State, token: _Token, every: _Token) -> State:
        if not state:
            return state
        known = self._next.get((state, token))
        if known is None:
            moved: set[tuple[int, int]] = set()
            for number, step in state:
                steps = self._patterns[number]
                if step == len(steps):
                    continue
                wanted = steps[step]
                if wanted is _DEEP:
                    moved.add((number, step))
                elif wanted is every or (wanted == token and type(wanted) is type(token)):
                    moved.add((number, step + 1))
            known = self._next[state, token] = self._closed(moved)
        return known

    def _closed(self, places: set[tuple[int, int]]) -> State:
        """A step that may come at any depth may come right here too."""
        closed = set(places)
        for number, step in places:
            if step < len(self._patterns[number]) and self._patterns[number][step] is _DEEP:
                closed.add((number, step + 1))
        return frozenset(closed)
