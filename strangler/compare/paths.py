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
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final, TypeVar

__all__ = ["Matcher", "PathPattern", "State", "key_step", "places_on"]

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

_MOST_STATES: Final = 10_000
_Token = object
_T = TypeVar("_T", str, int)


def key_step(key: str) -> str:
    """A key as a step of a path: `.price`, or `["any key"]`."""
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key)}]"


def places_on(text: str) -> list[str]:
    """The places that a path leads through, from the root `$` to itself. Raises ValueError as PathPattern."""
    PathPattern(text)
    return [text[: found.start()] for found in _STEP.finditer(text, 1)] + [text]


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


class State:
    """How far all patterns have come at one place of a document.

    `matched` are the numbers of those that match right there, in order; `reach` of those that match there or may match
    below. A state with nothing in reach is false.
    """

    __slots__ = ("_indexes", "_keys", "_matcher", "_places", "matched", "reach")

    def __init__(self, matcher: Matcher, places: frozenset[tuple[int, int]]) -> None:
        self._matcher = matcher
        self._places = places
        self._keys: tuple[dict[str, State], State] | None = None
        self._indexes: tuple[dict[int, State], State] | None = None
        self.matched = matcher.complete(places)
        self.reach = frozenset(number for number, _ in places)

    def __bool__(self) -> bool:
        return bool(self.reach)

    @property
    def below(self) -> bool:
        """Whether anything may match below."""
        return len(self._places) > len(self.matched)

    def keys(self) -> tuple[dict[str, State], State]:
        """The states below the keys that patterns name here, and the one below any other key."""
        if self._keys is None:
            names = self._matcher.wanted(self._places, str)
            other = self._matcher.step(self._places, _ANY_KEY, _ANY_KEY)
            self._keys = {name: self._matcher.step(self._places, name, _ANY_KEY) for name in names}, other
        return self._keys

    def indexes(self) -> tuple[dict[int, State], State]:
        """The states below the indexes that patterns name here, and the one below any other element: also below one
        without a fixed place."""
        if self._indexes is None:
            names = self._matcher.wanted(self._places, int)
            other = self._matcher.step(self._places, _ANY_INDEX, _ANY_INDEX)
            self._indexes = {name: self._matcher.step(self._places, name, _ANY_INDEX) for name in names}, other
        return self._indexes


class Matcher:
    """Matches all patterns together: a walk carries a `State`, and each step of it gives the next one.

    States are made as documents lead to them and kept, so that a step costs one look-up. What keys and indexes no
    pattern names do not matter, so how many there are follows from the patterns; were it too many, they are made anew.
    """

    def __init__(self, patterns: Sequence[PathPattern]) -> None:
        self._patterns = [pattern.steps for pattern in patterns]
        self._states: dict[frozenset[tuple[int, int]], State] = {}

    @property
    def start(self) -> State:
        """The state at the root of a document."""
        return self._state({(number, 0) for number in range(len(self._patterns))})

    def matched(self, state: State) -> tuple[int, ...]:
        """The numbers of the patterns that match at this place, in order."""
        return state.matched

    def complete(self, places: Iterable[tuple[int, int]]) -> tuple[int, ...]:
        """The numbers of the patterns that have come to their end, in order."""
        return tuple(sorted(number for number, step in places if step == len(self._patterns[number])))

    def wanted(self, places: Iterable[tuple[int, int]], kind: type[_T]) -> list[_T]:
        """The keys (`str`) or indexes (`int`) that patterns name as their next step, in the order of the patterns."""
        found: dict[_T, None] = {}
        for number, step in sorted(places):
            for wanted in self._patterns[number][step : step + 1]:
                if isinstance(wanted, kind):
                    found[wanted] = None
        return list(found)

    def step(self, places: Iterable[tuple[int, int]], token: _Token, every: _Token) -> State:
        """The state one step on, at the key or index `token`, which `every` stands for too."""
        moved: set[tuple[int, int]] = set()
        for number, step in places:
            steps = self._patterns[number]
            if step == len(steps):
                continue
            wanted = steps[step]
            if wanted is _DEEP:
                moved.add((number, step))
            elif wanted is every or (wanted == token and type(wanted) is type(token)):
                moved.add((number, step + 1))
        return self._state(moved)

    def _state(self, places: set[tuple[int, int]]) -> State:
        # A step that may come at any depth may come right here too.
        closed = frozenset(places).union(
            (number, step + 1)
            for number, step in places
            if step < len(self._patterns[number]) and self._patterns[number][step] is _DEEP
        )
        state = self._states.get(closed)
        if state is None:
            if len(self._states) >= _MOST_STATES:
                self._states = {}
            state = self._states[closed] = State(self, closed)
        return state
