"""HTML and XML as nodes of the JSON walk.

An element is an object. Its keys:

    @name       an attribute, as text
    #text       its own text without that of the elements within it, each run of which is shown as ⬚: `Hello ⬚, welcome`
    #order      the names of the elements within it in their order, where they are of several names
    #space      true: white space that can be seen stands before the element (HTML only)
    #json       what a script holds that is JSON (HTML only)
    name        the list of the elements of that name within it, in order

So a path is `$.html.body.form[0].input[2].@value`. Elements that a document has once by its nature (`html`, `head`,
`body`, `title`, and the root of an XML document) stand without a list. How the elements of two parents belong together
is found out across all their names at once (see `siblings`), so that an element put in does not make those after it
differ, and two that changed places do.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from strangler.compare.alignment import Alignments
from strangler.compare.json_text import Node
from strangler.compare.order import Order
from strangler.compare.siblings import Likeness, Siblings

__all__ = ["HOLE", "Element", "align", "finish"]

HOLE: Final = "⬚"
"""Stands in a text for one or more elements."""


@dataclass(slots=True)
class Element:
    """One element. `node` is what it is as a node: at first its attributes, in the order of their names, and what else
    it has by itself. `parts` are its texts and elements in order, `source` is what a `#json` of it was made of. `mark`
    tells it from its siblings where something does; one that is `alone` stands without a list.

    `finish` sets the rest: `elements` are those within it, and `likeness` by what it may be matched with an element of
    the other side.
    """

    name: str
    node: dict[str, Node] = field(default_factory=dict)
    parts: list[str | Element] = field(default_factory=list)
    source: str = ""
    mark: str = ""
    alone: bool = False
    elements: Sequence[Element] = ()
    likeness: Likeness = ()


def finish(root: Element) -> None:
    """Make the nodes of an element and of all within it."""
    order = list(_from_the_root(root))
    for element in reversed(order):
        _finish_one(element)


def _from_the_root(root: Element) -> Iterator[Element]:
    waiting = [root]
    while waiting:
        element = waiting.pop()
        yield element
        waiting += [each for each in element.parts if isinstance(each, Element)]


def _finish_one(element: Element) -> None:
    node = element.node
    said: list[Hashable] = [
        element.name,
        element.source,
        *((key, value) for key, value in node.items() if key != "#json"),
    ]
    if element.parts:
        element.elements = [each for each in element.parts if isinstance(each, Element)]
        text = _own_text([part for part in element.parts if part])
        if text:
            node["#text"] = text
        names = [each.name for each in element.elements]
        if len(set(names)) > 1:
            node["#order"] = Order(names)
        said += [text, *(each.likeness[0] for each in element.elements)]
        for each in element.elements:
            if each.alone and each.name not in node:
                node[each.name] = each.node
            elif type(node.get(each.name)) is dict:
                node[each.name] = [node[each.name], each.node]
            else:
                node.setdefault(each.name, []).append(each.node)
    marked = (element.name, element.mark) if element.mark else None
    element.likeness = (hash(tuple(said)), marked, element.name)


def _own_text(parts: list[str | Element]) -> str:
    """The text of an element itself; empty where only elements are in it."""
    shown: list[str] = []
    for part in parts:
        if isinstance(part, str):
            shown.append(part)
        elif not shown or shown[-1] != HOLE:
            shown.append(HOLE)
    return "".join(shown) if shown and shown != [HOLE] else ""


def align(old: Element, new: Element) -> Alignments:
    """How the elements of two finished documents belong together, wherever that is not index by index."""
    known: Alignments = {}
    siblings = Siblings()
    waiting = [(old, new)]
    while waiting:
        before, after = waiting.pop()
        if before.likeness[0] == after.likeness[0] or not before.elements or not after.elements:
            continue
        pairs = siblings.aligned(
            [each.likeness for each in before.elements], [each.likeness for each in after.elements]
        )
        by_name: dict[str, list[tuple[int | None, int | None]]] = {}
        counts: dict[str, list[int]] = {}
        for at, to in pairs:
            name = before.elements[at].name if at is not None else after.elements[to or 0].name
            count = counts.setdefault(name, [0, 0])
            by_name.setdefault(name, []).append(
                (count[0] if at is not None else None, count[1] if to is not None else None)
            )
            count[0] += at is not None
            count[1] += to is not None
            if at is not None and to is not None:
                waiting.append((before.elements[at], after.elements[to]))
        for name, within in by_name.items():
            left, right = before.node.get(name), after.node.get(name)
            if isinstance(left, list) and isinstance(right, list) and any(at != to for at, to in within):
                known[id(left), id(right)] = within
    return known
