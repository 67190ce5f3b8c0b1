"""The whole audit, moves of toggles and everything else together, or the calls that are counted; newest first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Final

from strangler.documents import DocumentStore, Event
from strangler.toggles import AuditEntry, ToggleStore

__all__ = ["MOVE", "AuditKind", "AuditPage", "AuditPlace", "AuditWanted", "read_audit"]

MOVE: Final = "toggle.move"
"""The action of every move of a toggle."""

_BATCH: Final = 200
# What a question that finds little may look at; whoever wants more goes on from there.
_MOST_LOOKED_AT: Final = 2000
# By how much clocks of replicas may differ: entries lie in the order in which the store took them.
_SKEW: Final = 300.0
_GLOB: Final = frozenset("*?[")
_PLACE: Final = re.compile(r"([0-9]{0,18})\.([0-9]{0,18})(?:\.([0-9]{1,18}))?")

_Entry = AuditEntry | Event


class AuditKind(StrEnum):
    """Which of the audits an entry is from. Counted calls are told by themselves: every look at a page is one."""

    MOVE = "move"
    EVENT = "event"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class AuditWanted:
    """Which entries are wanted; None for any, as `kind` for moves and events. `name` and `action` are texts or globs,
    `who` is a glob or a part of the text, in whichever case; times are in seconds since 1970, `until` is the first that
    is not wanted."""

    kind: AuditKind | None = None
    name: str | None = None
    who: str | None = None
    action: str | None = None
    since: float | None = None
    until: float | None = None

    def takes(self, entry: _Entry) -> bool:
        """Whether the entry is one of those."""
        at = entry.at.timestamp()
        return (
            (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
            and (self.name is None or fnmatchcase(entry.name, self.name))
            and (self.action is None or fnmatchcase(_action(entry), self.action))
            and (self.who is None or _is_by(entry.who, self.who))
        )


@dataclass(frozen=True, slots=True)
class AuditPlace:
    """Where to read on: moves, events and calls with ids below these; None for the newest. As a text, `120.3405`, and
    with calls `..78`."""

    move: int | None = None
    event: int | None = None
    call: int | None = None

    def __str__(self) -> str:
        both = f"{'' if self.move is None else self.move}.{'' if self.event is None else self.event}"
        return both if self.call is None else f"{both}.{self.call}"

    @classmethod
    def parse(cls, text: str) -> AuditPlace:
        """The place that `str` gave. Raises ValueError for anything else."""
        found = _PLACE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no place in the audit")
        return cls(*(int(each) if each else None for each in found.groups()))


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first, as plain JSON types; `further` is where to read on, None where that was all. `reached` is
    the time of the last entry that was looked at (None: there was none)."""

    entries: tuple[dict[str, Any], ...]
    further: AuditPlace | None
    reached: datetime | None


def read_audit(
    moves: ToggleStore, events: DocumentStore, wanted: AuditWanted, place: AuditPlace, limit: int
) -> AuditPage:
    """At most `limit` entries from `place` on. It may be fewer, or none, with more to come: a question that finds
    little is answered in parts. Raises StoreUnavailable."""
    name = wanted.name if wanted.name is not None and _GLOB.isdisjoint(wanted.name) else None

    def older_moves(before: int | None) -> Sequence[_Entry]:
        return moves.history(name, limit=_BATCH, before=before)

    def older_events(before: int | None) -> Sequence[_Entry]:
        return events.events(name=name, limit=_BATCH, before=before)

    def older_calls(before: int | None) -> Sequence[_Entry]:
        return [each.to_event() for each in events.calls(limit=_BATCH, before=before)]

    if wanted.kind is AuditKind.CALL:
        entries = _older(older_calls, place.call)
    else:
        entries = _merged(
            iter(()) if wanted.kind is AuditKind.EVENT else _older(older_moves, place.move),
            iter(()) if wanted.kind is AuditKind.MOVE else _older(older_events, place.event),
        )
    found: list[dict[str, Any]] = []
    reached: datetime | None = None
    for looked, entry in enumerate(entries):
        if wanted.since is not None and entry.at.timestamp() < wanted.since - _SKEW:
            return AuditPage(tuple(found), None, reached)
        if len(found) == limit or looked == _MOST_LOOKED_AT:
            return AuditPage(tuple(found), place, reached)
        reached = entry.at
        kind = wanted.kind or (AuditKind.MOVE if isinstance(entry, AuditEntry) else AuditKind.EVENT)
        place = replace(place, **{kind.value: entry.id})
        if wanted.takes(entry):
            found.append({"kind": kind.value, **entry.to_json(), "action": _action(entry)})
    return AuditPage(tuple(found), None, reached)


def _older(read: Callable[[int | None], Sequence[_Entry]], before: int | None) -> Iterator[_Entry]:
    """All entries below that id, read in batches as they are wanted."""
    while batch := read(before):
        yield from batch
        if len(batch) < _BATCH:
            return
        before = batch[-1].id


def _merged(moves: Iterator[_Entry], events: Iterator[_Entry]) -> Iterator[_Entry]:
    """Both in the order of their times; each stays in its own, whatever the clocks of replicas said."""
    move, event = next(moves, None), next(events, None)
    while move is not None or event is not None:
        if move is not None and (event is None or move.at >= event.at):
            yield move
            move = next(moves, None)
        elif event is not None:
            yield event
            event = next(events, None)


def _action(entry: _Entry) -> str:
    return MOVE if isinstance(entry, AuditEntry) else entry.action


def _is_by(who: str, wanted: str) -> bool:
    who, wanted = who.casefold(), wanted.casefold()
    return wanted in who if _GLOB.isdisjoint(wanted) else fnmatchcase(who, wanted)
