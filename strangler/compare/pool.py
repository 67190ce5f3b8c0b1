"""Values that the monolith showed in one field, taken together, and what of a new value is like them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from strangler.compare.json_text import Duplicates, Node
from strangler.compare.shape import kinds, wanted

__all__ = ["Pool"]


class Pool:
    """What a field showed, at least one value. Fields within are pooled as they are asked for, so that it takes time in
    proportion to what was shown and what is asked. `exact` is that of `strangler.compare.shape`."""

    def __init__(self, shown: Sequence[Node], *, exact: bool) -> None:
        self._example = shown[0]
        self._exact = exact
        self._objects = [each for each in shown if type(each) is dict]
        self._lists = [each for each in shown if type(each) is list]
        self._doubled = [each for each in shown if type(each) is Duplicates]
        self._wanted = wanted(shown, exact=exact)
        self._fields: dict[str, Pool | None] = {}
        self._always: frozenset[str] | None = None
        self._elements: Pool | None = None
        self._classes: dict[str, _Class] | None = None

    def blend(self, new: Node) -> Node:
        """The new value as far as it is like what was shown, and what was shown instead where it is not: equal to `new`
        exactly when all of it is like that.

        A value is like others by its kind (`strangler.compare.shape`), an object by its fields, of which none may be
        there that was never shown and none lack that always was, a list by its elements, at least as many as the
        shortest and at most as many as the longest one shown. Elements of markup are told apart by their class, and of
        each class there are as many as in some list shown.
        """
        if type(new) is dict and self._objects:
            return self._object(new)
        if type(new) is list and self._lists:
            return self._list(new)
        if type(new) is Duplicates:
            return new if new in self._doubled else self._example
        return new if not kinds(new, exact=self._exact).isdisjoint(self._wanted) else self._example

    def _object(self, new: dict[str, Node]) -> Node:
        if self._always is None:
            self._always = frozenset(self._objects[0]).intersection(*self._objects[1:])
        blended = {}
        for key, value in new.items():
            field = self._field(key)
            if field is not None:
                blended[key] = field.blend(value)
        for key in self._always - new.keys():
            blended[key] = self._objects[0][key]
        return blended

    def _field(self, key: str) -> Pool | None:
        if key not in self._fields:
            shown = [each[key] for each in self._objects if key in each]
            self._fields[key] = Pool(shown, exact=self._exact) if shown else None
        return self._fields[key]

    def _list(self, new: list[Node]) -> Node:
        lengths = [len(each) for each in self._lists]
        if self._elements is None and max(lengths):
            self._elements = Pool([*chain.from_iterable(self._lists)], exact=self._exact)
        if self._elements is None:
            return []
        blended = [self._elements.blend(each) for each in new[: max(lengths)]]
        classes = self._classes_shown()
        if classes:
            seen: Counter[str] = Counter()
            for at, each in enumerate(new[: max(lengths)]):
                name = _class_of(each)
                seen[name] += 1
                if name in classes and seen[name] > classes[name].most:
                    blended[at] = None
            for name, shown in classes.items():
                blended += [shown.example] * (shown.fewest - seen[name])
        return blended + [self._elements._example] * (min(lengths) - len(blended))

    def _classes_shown(self) -> dict[str, _Class]:
        if self._classes is None:
            self._classes = {}
            counts = [Counter(map(_class_of, each)) for each in self._lists]
            for each in chain.from_iterable(self._lists):
                name = _class_of(each)
                if name and name not in self._classes:
                    many = [count[name] for count in counts]
                    self._classes[name] = _Class(min(many), max(many), each)
        return self._classes


class _Class(NamedTuple):
    """How many elements of a class the lists shown have, and one of them."""

    fewest: int
    most: int
    example: Node


def _class_of(element: Node) -> str:
    """The first word of an element's class, since the others are often its state; empty for none."""
    name = element.get("@class") if type(element) is dict else None
    return name.split(maxsplit=1)[0] if type(name) is str and name.strip() else ""
