"""JSON documents to compare, and ways to spoil one."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from strangler.compare import Answer, Comparison, Rules, compare_answers

__all__ = ["DOCUMENTS", "KEYS", "Spoiled", "answer", "compared", "compared_documents", "spoiled"]

KEYS = st.text(max_size=4)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**30, 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def answer(document: Any, *headers: tuple[str, str], status: int = 200, indent: int | None = None) -> Answer:
    """A JSON answer; text is taken as it stands, anything else is dumped."""
    body = document if isinstance(document, str) else json.dumps(document, indent=indent)
    return Answer(status, (("Content-Type", "application/json"), *headers), body.encode("utf-8", "surrogatepass"))


def compared(old: Any, new: Any, rules: Rules = Rules()) -> Comparison:  # noqa: B008 - frozen
    """Compare two documents as the bodies of answers, never byte by byte."""
    return compare_answers(answer(old), answer(new, indent=None if isinstance(new, str) else 1), rules)


def compared_documents(old: Any, new: Any, rules: Rules = Rules()) -> Comparison:  # noqa: B008 - frozen
    """As `compared`, for documents that may be strings themselves."""
    return compared(json.dumps(old), json.dumps(new, indent=1) + "\n", rules)


@dataclass(frozen=True)
class Spoiled:
    """A document with one thing changed, and the place of it as the comparison should name it."""

    document: Any
    place: tuple[str | int, ...]
    how: str


def _places(node: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [above]
    if isinstance(node, dict):
        for key, value in node.items():
            found += _places(value, (*above, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            found += _places(value, (*above, index))
    return found


@st.composite
def spoiled(draw: st.DrawFn, document: Any) -> Spoiled:
    """One mutation of `document` at a place drawn from it."""
    whole = [copy.deepcopy(document)]
    place = draw(st.sampled_from(_places(document)))
    parent: Any = whole
    steps: tuple[str | int, ...] = (0, *place)
    for step in steps[:-1]:
        parent = parent[step]
    last, value = steps[-1], parent[steps[-1]]
    ways = ["replace"]
    if isinstance(value, dict):
        ways.append("add key")
    if isinstance(value, list):
        ways.append("append")
    if place and isinstance(last, str):
        ways.append("remove key")
    if place and isinstance(last, int):
        ways.append("remove last")
    how = draw(st.sampled_from(ways))
    if how == "replace":
        parent[last] = "something else entirely" if not isinstance(value, str) else [value]
    elif how == "add key":
        place = (*place, "a new key")
        value["a new key"] = 1
    elif how == "append":
        place = (*place, len(value))
        value.append("one more")
    elif how == "remove key":
        del parent[last]
    else:
        place = (*place[:-1], len(parent) - 1)
        parent.pop()
    return Spoiled(whole[0], place, how)
