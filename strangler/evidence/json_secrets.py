"""Taking secrets out of JSON: a document goes in as text and comes out as text, its keys in their order."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from strangler.compare.paths import Matcher, PathPattern, State, key_step
from strangler.evidence.marks import Marks
from strangler.evidence.secret_names import is_secret

__all__ = ["JsonSecrets"]

_DEEPEST: Final = 400


class _Number(str):
    """A number as written."""

    __slots__ = ()


class _Object(list[tuple[str, Any]]):
    """An object with its keys in order, doubles too."""

    __slots__ = ()


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_Object, parse_int=_Number, parse_float=_Number, parse_constant=_Number, strict=False
)


Read = Callable[[str], str]


class _Walk(NamedTuple):
    marks: Marks
    read: Read
    read_name: Read


class JsonSecrets:
    """Finds secrets in JSON by path and by name. What stands there is replaced by its mark: a text by a text, a number
    by a number, and true, false, an object or a list, all of it, by one text. null and what is empty stay.

    `read` is what is done to every other text and number, `read_name` to every key: they give it without what is secret
    in it.
    """

    def __init__(self, paths: list[str]) -> None:
        self._matcher = Matcher([PathPattern(path) for path in paths])

    def take_out(self, text: str, marks: Marks, read: Read, read_name: Read) -> str:
        """The document without its secrets; as it was written where there are none. Raises ValueError for what is not
        JSON, or nested too deeply."""
        try:
            document = _DECODER.decode(text)
            cleaned = self._walk(document, self._matcher.start, _Walk(marks, read, read_name), 0)
            if marks.stains(_written(cleaned)):
                cleaned = _swept(cleaned, marks)
            return text if cleaned == document else _written(cleaned)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def covers(self, path: str) -> str | None:
        """The place at or above `path` (as differences name it) that is replaced whole; None where none is. Raises
        ValueError for what is no path."""
        state, place = self._matcher.start, "$"
        if state.matched:
            return place
        for step in PathPattern(path).steps:
            if isinstance(step, str):
                state, place = _under_key(state, step), place + key_step(step)
                if is_secret(step):
                    return place
            else:
                index = step if isinstance(step, int) else None
                state, place = _under_index(state, index), f"{place}[{'*' if index is None else index}]"
            if state.matched:
                return place
        return None

    def _walk(self, node: Any, state: State, walk: _Walk, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        if state.matched:
            return _replaced(node, walk.marks)
        if isinstance(node, _Object):
            return _Object(
                (
                    walk.read_name(key),
                    _replaced(value, walk.marks)
                    if is_secret(key)
                    else self._walk(value, _under_key(state, key), walk, depth + 1),
                )
                for key, value in node
            )
        if isinstance(node, list):
            return [self._walk(value, _under_index(state, index), walk, depth + 1) for index, value in enumerate(node)]
        if isinstance(node, _Number):
            return node if walk.read(str(node)) == node else _Number(walk.marks.number(str(node)))
        return walk.read(node) if isinstance(node, str) else node


def _under_key(state: State, key: str) -> State:
    named, other = state.keys()
    return named.get(key, other)


def _under_index(state: State, index: int | None) -> State:
    named, other = state.indexes()
    return other if index is None else named.get(index, other)


def _replaced(node: Any, marks: Marks) -> Any:
    if isinstance(node, _Number):
        return _Number(marks.number(str(node)))
    if isinstance(node, str):
        return marks.of(node)
    if isinstance(node, list):
        if not node:
            return node
        for leaf in _leaves(node):
            marks.of(leaf)
        return marks.aside(_written(node))
    return node if node is None else marks.of(json.dumps(node))


def _leaves(node: Any) -> list[str]:
    """The texts and numbers in a node."""
    if isinstance(node, _Object):
        return [leaf for _, value in node for leaf in _leaves(value)]
    if isinstance(node, list):
        return [leaf for value in node for leaf in _leaves(value)]
    return [str(node)] if isinstance(node, str) else []


def _swept(node: Any, marks: Marks) -> Any:
    if isinstance(node, _Object):
        return _Object((marks.sweep_name(key), _swept(value, marks)) for key, value in node)
    if isinstance(node, list):
        return [_swept(value, marks) for value in node]
    if isinstance(node, _Number):
        return _Number(marks.number(str(node))) if marks.stains(str(node)) else node
    return marks.sweep(node) if isinstance(node, str) else node


def _written(node: Any) -> str:
    if isinstance(node, _Number):
        return str(node)
    if isinstance(node, _Object):
        return "{" + ",".join([f"{_text(key)}:{_written(value)}" for key, value in node]) + "}"
    if isinstance(node, list):
        return "[" + ",".join([_written(value) for value in node]) + "]"
    return _text(node) if isinstance(node, str) else json.dumps(node)


def _text(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        # Half of a surrogate pair: only as an escape can it be written.
        return json.dumps(text)
    return json.dumps(text, ensure_ascii=False)
