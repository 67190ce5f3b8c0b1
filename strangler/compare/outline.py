"""Two bodies as one tree, to be looked at: a row for each place, with what each side has there. Pure.

Places are those that differences name, for the bodies are read as a comparison reads them, and elements of lists belong
together as there; but no rules are asked, so what a rule would align otherwise stands index by index.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from strangler.compare.alignment import Alignments
from strangler.compare.decoding import Undecodable, decoded
from strangler.compare.document import Document, alignments, digest, read_document
from strangler.compare.json_text import Duplicates, Node
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.media_type import MediaType
from strangler.compare.paths import key_step
from strangler.compare.values import Answer

__all__ = ["Outline", "OutlineRow", "outline"]

_LIMITS: Final = Limits(body_bytes=4 * 1024 * 1024, nodes=200_000)
_MOST_ROWS: Final = 20_000
_LONGEST: Final = 4_000


class _Nothing:
    """What a side has where it has nothing: null is something."""


_NOTHING: Final = _Nothing()


@dataclass(frozen=True, slots=True)
class OutlineRow:
    """One place. `label` is its key or index, empty for the root; `old` and `new` are what stands there (of objects and
    lists their size alone), None where a side has nothing there. `unequal` says that the sides differ there or below,
    `leaf` that nothing is below."""

    depth: int
    label: str
    path: str
    field: str
    old: str | None
    new: str | None
    unequal: bool
    leaf: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """The rows, from the root on. `note` says why there are none, or where one side could be read only as text; `cut`
    that there are more than are told."""

    rows: tuple[OutlineRow, ...] = ()
    note: str = ""
    cut: bool = False


def outline(old: Answer, new: Answer, *, most: int = _MOST_ROWS) -> Outline:
    """The bodies of two answers as one tree, of at most so many rows. Never raises, whatever they hold."""
    rows: list[OutlineRow] = []
    try:
        bodies = [decoded(answer, _LIMITS.body_bytes) for answer in (old, new)]
        if not any(bodies):
            return Outline(note="Neither side has a body.")
        left, right, note = _documents(bodies, [MediaType.of(answer) for answer in (old, new)])
        known = {} if left is None or right is None else alignments(left, right)
        nodes = [_NOTHING if each is None else each.node for each in (left, right)]
        for row in _rows(nodes[0], nodes[1], known):
            if len(rows) == most:
                return Outline(tuple(rows), note, cut=True)
            rows.append(row)
    except (Undecodable, TooMuch) as error:
        return Outline(note=f"The bodies cannot be shown: {error}.")
    except RecursionError:
        return Outline(note="The bodies cannot be shown: nested too deeply.")
    return Outline(tuple(rows), note)


def _documents(bodies: list[bytes], kinds: list[MediaType]) -> tuple[Document | None, Document | None, str]:
    """Both bodies read as what they say they are, None for an empty one; else both as text, else in short."""
    if not all(bodies):
        kinds = [next(kind for body, kind in zip(bodies, kinds, strict=True) if body)] * 2
    alike = kinds[0].kind is kinds[1].kind
    tries = [(kinds, "")] if alike else []
    if all(kind.is_text for kind in kinds):
        note = "One side is not what it says it is" if alike else "The sides say that they are of two kinds"
        tries.append(([kind.as_text() for kind in kinds], f"{note}: both are shown as text."))
    for kind, note in tries:
        try:
            left, right = (
                read_document(body, each, _LIMITS) if body else None for body, each in zip(bodies, kind, strict=True)
            )
        except (ValueError, LookupError):
            continue
        return left, right, note
    left, right = (Document(digest(body)) if body else None for body in bodies)
    return left, right, "What is no text is told by its size."


_Task = tuple[Any, Any, int, str, str, str]


def _rows(old: Node | _Nothing, new: Node | _Nothing, known: Alignments) -> Iterator[OutlineRow]:
    waiting: list[_Task] = [(old, new, 0, "", "$", "$")]
    while waiting:
        before, after, depth, label, path, field = waiting.pop()
        below = list(_below(before, after, depth, path, field, known))
        unequal = before is _NOTHING or after is _NOTHING or before != after
        yield OutlineRow(depth, label, path, field, _shown(before), _shown(after), unequal, not below)
        waiting += reversed(below)


def _below(before: Any, after: Any, depth: int, path: str, field: str, known: Alignments) -> Iterator[_Task]:
    sides = [each for each in (before, after) if each is not _NOTHING]
    if all(isinstance(each, dict | Duplicates) for each in sides):
        left, right = (_groups(each) for each in (before, after))
        for key in left | right:
            step = key_step(key)
            for a, b in zip_longest(left.get(key, ()), right.get(key, ()), fillvalue=_NOTHING):
                yield a, b, depth + 1, key, path + step, field + step
    elif all(type(each) is list for each in sides):
        left, right = ([] if each is _NOTHING else each for each in (before, after))
        for at, to in known.get((id(before), id(after))) or _pairs(left, right):
            a = _NOTHING if at is None else left[at]
            b = _NOTHING if to is None else right[to]
            index = f"[{to if at is None else at}]"
            yield a, b, depth + 1, index, path + index, f"{field}[*]"


def _groups(node: Any) -> dict[str, list[Node]]:
    if isinstance(node, Duplicates):
        return node.groups
    return {} if node is _NOTHING else {key: [value] for key, value in node.items()}


def _pairs(old: list[Node], new: list[Node]) -> list[tuple[int | None, int | None]]:
    """Index by index; of lists of two lengths what is equal at their ends belongs together."""
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and len(old) != len(new) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and len(old) != len(new) and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    both = shorter - tail
    pairs: list[tuple[int | None, int | None]] = [(at, at) for at in range(both)]
    pairs += [(at, None) for at in range(both, len(old) - tail)]
    pairs += [(None, at) for at in range(both, len(new) - tail)]
    return pairs + [(len(old) - at, len(new) - at) for at in range(tail, 0, -1)]


def _shown(node: Node | _Nothing) -> str | None:
    if node is _NOTHING:
        return None
    if isinstance(node, str):
        text = json.dumps(node[: _LONGEST + 1], ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
        return text if len(node) <= _LONGEST else f"{text[:-1]}…"
    if isinstance(node, bytes):
        return node[:_LONGEST].decode()
    if isinstance(node, dict | Duplicates):
        size = len(node) if isinstance(node, dict) else len(node.groups)
        return f"{{{size}}}"
    if isinstance(node, list):
        return f"[{len(node)}]"
    return json.dumps(node)
