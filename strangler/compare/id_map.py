"""Which id of the monolith's is which id of the service's.

A name space of ids (`product`) has pairs of an old and a new id, one to one. Pairs come from a table, which proves
them, or are learned: of two ids that nobody has seen before it is taken on trust that they belong together. So a
learned map cannot prove by itself that ids are the right ones: the first sight of a pair always agrees, and only the
second one can contradict. `Comparison.learned` counts how often trust was all there was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from strangler.compare.json_text import Node
from strangler.compare.shape import kinds

__all__ = ["Id", "IdMap", "IdPair", "IdTable", "Meeting", "MemoryIdMap"]

_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Id:
    """An id as text, whether it stood there as a number or not, and every kind that it may be of."""

    text: str
    kinds: frozenset[str]

    @classmethod
    def of(cls, node: Node) -> Id | None:
        """The id that a value is; None for what cannot be one: null, true, an empty or very long text, a list."""
        if not isinstance(node, str | bytes) or not 0 < len(node) <= _LONGEST:
            return None
        return cls(node if isinstance(node, str) else node.decode(), kinds(node))

    @classmethod
    def within(cls, text: str) -> Id | None:
        """The id that a part of a text is. Digits may be a number's there."""
        found = cls.of(text)
        if found is None or not text.isdigit():
            return found
        return cls(text, found.kinds | {"integer"})


@dataclass(frozen=True, slots=True)
class IdPair:
    """An old and a new id that belong together in a name space."""

    space: str
    old: Id
    new: Id


class Meeting(StrEnum):
    """What a map says of an old and a new id that stand in the same place."""

    KNOWN = "known"
    """They belong together."""
    NEW = "new"
    """Neither has been seen before."""
    CONTRADICTED = "contradicted"
    """One of them belongs to another one, or is in no table that has them all."""
    UNLIKE = "unlike"
    """One of them is of another kind than the ids of its side have been so far: a text among numbers."""


class IdMap(Protocol):
    """Remembers which ids belong together. What it answers follows from what it was taught, in order, and nothing else.

    It keeps within a bound: a pair past it is not remembered, and stays NEW.
    """

    def meet(self, pair: IdPair) -> Meeting:
        """What is known of two ids; changes nothing."""
        ...

    def learn(self, pairs: Iterable[IdPair]) -> None:
        """Remember pairs. One that is not NEW by then changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class IdTable:
    """A table of ids that belong together in a name space; `complete` says that there are no others."""

    space: str
    pairs: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    complete: bool = False


class _Space:
    """One name space: both directions, and the kinds that the ids of each side are of, all of them."""

    __slots__ = ("by_new", "by_old", "complete", "kinds", "learned")

    def __init__(self) -> None:
        self.by_old: dict[str, str] = {}
        self.by_new: dict[str, str] = {}
        self.kinds: tuple[frozenset[str], frozenset[str]] | None = None
        self.learned: dict[str, str] = {}
        self.complete = False

    def meet(self, old: Id, new: Id) -> Meeting:
        if self.kinds is not None:
            fits = bool(self.kinds[0] & old.kinds), bool(self.kinds[1] & new.kinds)
            # Where both sides say the same odd thing, neither is odd beside the other.
            if not all(fits) and (any(fits) or old.text != new.text):
                return Meeting.UNLIKE
        partner, owner = self.by_old.get(old.text), self.by_new.get(new.text)
        if partner is None and owner is None:
            return Meeting.CONTRADICTED if self.complete else Meeting.NEW
        return Meeting.KNOWN if partner == new.text else Meeting.CONTRADICTED

    def narrow(self, old: Id, new: Id) -> None:
        if self.kinds is None:
            self.kinds = old.kinds, new.kinds
        elif (olds := self.kinds[0] & old.kinds) and (news := self.kinds[1] & new.kinds):
            self.kinds = olds, news


class MemoryIdMap:
    """An id map in memory: tables that were given, and at most `most` learned pairs in each name space.

    `learned()` can be stored and given to another process as `learned`; pairs in it that contradict one another or a
    table are left out, the earlier one holds. Not for several threads at once.
    """

    def __init__(
        self, tables: Iterable[IdTable] = (), *, learned: Mapping[str, Any] | None = None, most: int = 100_000
    ) -> None:
        self._most = most
        self._spaces: dict[str, _Space] = {}
        for table in tables:
            space = self._spaces.setdefault(table.space, _Space())
            space.complete = table.complete
            for old, new in table.pairs:
                space.by_old[old], space.by_new[new] = new, old
        if not isinstance(learned, Mapping | None):
            raise ValueError("what was learned cannot be read: give it as `learned()` made it")
        for name, kept in (learned or {}).items():
            self._restore(name, kept)

    def meet(self, pair: IdPair) -> Meeting:
        """What is known of two ids; changes nothing."""
        space = self._spaces.get(pair.space)
        return Meeting.NEW if space is None else space.meet(pair.old, pair.new)

    def learn(self, pairs: Iterable[IdPair]) -> None:
        """Remember pairs, those that are new, as long as there is room."""
        for pair in pairs:
            space = self._spaces.setdefault(pair.space, _Space())
            met = space.meet(pair.old, pair.new)
            if met not in (Meeting.NEW, Meeting.KNOWN):
                continue
            space.narrow(pair.old, pair.new)
            if met is Meeting.NEW and len(space.learned) < self._most:
                space.by_old[pair.old.text] = space.learned[pair.old.text] = pair.new.text
                space.by_new[pair.new.text] = pair.old.text

    def learned(self) -> dict[str, Any]:
        """What was learned, as JSON: by name space the pairs in the order in which they came, and the kinds."""
        return {
            name: {
                "pairs": [[old, new] for old, new in space.learned.items()],
                "kinds": [sorted(side) for side in space.kinds],
            }
            for name, space in sorted(self._spaces.items())
            if space.kinds
        }

    def _restore(self, name: str, kept: Any) -> None:
        try:
            pairs = [(str(old), str(new)) for old, new in kept["pairs"]]
            sides = kept["kinds"]
            both = (frozenset(map(str, sides[0])), frozenset(map(str, sides[1]))) if sides else None
        except (KeyError, TypeError, ValueError, IndexError):
            raise ValueError(f"what was learned of {name!r} cannot be read: give it as `learned()` made it") from None
        space = self._spaces.setdefault(name, _Space())
        space.kinds = both
        for old, new in pairs[: self._most]:
            if old not in space.by_old and new not in space.by_new and not space.complete:
                space.by_old[old] = space.learned[old] = new
                space.by_new[new] = old
