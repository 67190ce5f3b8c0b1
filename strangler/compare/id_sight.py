"""The ids that one comparison comes to see."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from strangler.compare.actions import Ids
from strangler.compare.id_map import Id, IdMap, IdPair, Meeting, MemoryIdMap
from strangler.compare.json_text import Node
from strangler.compare.values import DifferenceKind

__all__ = ["IdSight"]

_LONGEST: Final = 10_000
_MOST_IN_A_TEXT: Final = 100
_REFUSALS: Final = {Meeting.CONTRADICTED: DifferenceKind.ID, Meeting.UNLIKE: DifferenceKind.CLASS}


class IdSight:
    """Asks a map about each pair of ids, and keeps what is new to itself until `commit`.

    Two answers that turn out to differ may be of different things altogether: their ids are not to be believed. Within
    one comparison the new pairs must not contradict one another either. `learned` counts them.
    """

    def __init__(self, known: IdMap) -> None:
        self._known = known
        self._fresh = MemoryIdMap()
        self._met: dict[IdPair, Meeting] = {}

    @property
    def learned(self) -> int:
        """How many pairs were new."""
        return sum(met is Meeting.NEW for met in self._met.values())

    def commit(self) -> None:
        """Teach the map what was seen."""
        if self._met:
            self._known.learn(self._met)

    def translated(self, ids: Ids, old: Node, new: Node, *, keep: bool = True) -> tuple[Node, DifferenceKind | None]:
        """The new value with the old ids in place of the new ones that belong to them, and what is wrong with the
        others. With `keep` off nothing that is new is remembered."""
        if ids.within:
            return self._within(ids, old, new, keep)
        before, after = Id.of(old), Id.of(new)
        if before is None or after is None:
            return new, None
        wrong = self._meet(IdPair(ids.space, before, after), keep)
        return (old, None) if wrong is None else (new, wrong)

    def _within(self, ids: Ids, old: Node, new: Node, keep: bool) -> tuple[Node, DifferenceKind | None]:
        if type(old) is not str or type(new) is not str or max(len(old), len(new)) > _LONGEST:
            return new, None
        pattern = _compiled(ids.within)
        before, after = list(pattern.finditer(old)), list(pattern.finditer(new))
        if len(before) != len(after) or len(before) > _MOST_IN_A_TEXT:
            return new, None
        parts: list[str] = []
        end, first_wrong = 0, None
        for one, other in zip(before, after, strict=True):
            mine, theirs = Id.within(one[1] or ""), Id.within(other[1] or "")
            if mine is None or theirs is None:
                continue
            wrong = self._meet(IdPair(ids.space, mine, theirs), keep)
            first_wrong = first_wrong or wrong
            if wrong is None:
                parts += [new[end : other.start(1)], mine.text]
                end = other.end(1)
        return "".join([*parts, new[end:]]), first_wrong

    def _meet(self, pair: IdPair, keep: bool) -> DifferenceKind | None:
        met = self._met.get(pair)
        if met is None:
            met = self._known.meet(pair)
            if met not in _REFUSALS:
                # It may be known from elsewhere in these answers, and must not contradict what was seen there.
                among = self._fresh.meet(pair)
                met = among if among in _REFUSALS or met is Meeting.NEW else met
            if keep and met not in _REFUSALS:
                self._fresh.learn([pair])
                self._met[pair] = met
        return _REFUSALS.get(met)


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
