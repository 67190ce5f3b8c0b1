"""Documents in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from strangler.documents import CallCount, Document, Event
from strangler.errors import DocumentConflict, StoreUnavailable

__all__ = ["MemoryDocumentStore"]


@dataclass(slots=True)
class _Kept:
    """What all openings share. Contents are text: nobody's later change of a value reaches in here."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    documents: dict[tuple[str, str], tuple[int, str | None, datetime]] = field(default_factory=dict)
    events: list[tuple[Event, str]] = field(default_factory=list)
    recorded: int = 0
    calls: dict[tuple[Any, ...], CallCount] = field(default_factory=dict)
    counted: int = 0
    leases: dict[str, tuple[str, float]] = field(default_factory=dict)
    leaders: dict[str, MemoryDocumentStore] = field(default_factory=dict)
    beats: dict[str, tuple[str, float]] = field(default_factory=dict)


class MemoryDocumentStore:
    """A document store that lives and dies with its process, for tests; given another one, a second opening of that.

    Set `outage` to a reason and every call raises StoreUnavailable with it, until `outage` is None again.
    """

    def __init__(self, beside: MemoryDocumentStore | None = None) -> None:
        self.outage: str | None = None
        self._kept: _Kept = _Kept() if beside is None else beside._kept

    def read(self, kind: str, name: str) -> Document | None:
        """The document of that kind and name."""
        with self._kept.lock:
            self._answer()
            return self._document(kind, name)

    def listed(self, kind: str) -> list[Document]:
        """All documents of a kind, by name."""
        with self._kept.lock:
            self._answer()
            found = [self._document(*key) for key in sorted(self._kept.documents) if key[0] == kind]
            return [each for each in found if each is not None]

    def write(
        self,
        kind: str,
        name: str,
        content: Mapping[str, Any] | None,
        *,
        expected: int,
        at: datetime,
        event: Event | None = None,
    ) -> Document | None:
        """Put `content` in the place of version `expected`, or raise DocumentConflict."""
        text = None if content is None else _text(content)
        entry = None if event is None else (event, _text(event.detail))
        with self._kept.lock:
            self._answer()
            version, past, _ = self._kept.documents.get((kind, name), (0, None, at))
            actual = 0 if past is None else version
            if actual != expected:
                raise DocumentConflict(kind, name, expected, actual)
            if past is not None or text is not None:
                self._kept.documents[kind, name] = version + 1, text, at
            self._record(entry)
            return self._document(kind, name)

    def record(self, event: Event) -> None:
        """Add to the audit."""
        entry = event, _text(event.detail)
        with self._kept.lock:
            self._answer()
            self._record(entry)

    def events(
        self, *, name: str | None = None, action: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[Event]:
        """The audit, newest first."""
        with self._kept.lock:
            self._answer()
            found = [
                replace(event, detail=json.loads(detail))
                for event, detail in reversed(self._kept.events)
                if (before is None or event.id < before)
                and (name is None or fnmatchcase(event.name, name))
                and (action is None or fnmatchcase(event.action, action))
            ]
            return found[: max(limit, 0)]

    def prune(self, *, before: datetime, most: int) -> int:
        """Drop the oldest of the audit."""
        with self._kept.lock:
            self._answer()
            gone = _oldest([event.at for event, _ in self._kept.events], before, most)
            del self._kept.events[:gone]
            return gone

    def add_calls(self, counts: Iterable[CallCount]) -> None:
        """Count calls."""
        with self._kept.lock:
            self._answer()
            for each in counts:
                key = each.minute, each.who, each.token, each.address, each.verb, each.status
                had = self._kept.calls.get(key)
                if had is None:
                    self._kept.counted += 1
                    self._kept.calls[key] = replace(each, id=self._kept.counted)
                else:
                    at, last, count = min(had.at, each.at), max(had.last, each.last), had.count + each.count
                    self._kept.calls[key] = replace(had, at=at, last=last, count=count)

    def calls(self, *, limit: int = 100, before: int | None = None) -> list[CallCount]:
        """The counted calls, newest entry first."""
        with self._kept.lock:
            self._answer()
            found = [each for each in reversed(self._kept.calls.values()) if before is None or each.id < before]
            return found[: max(limit, 0)]

    def prune_calls(self, *, before: datetime, most: int) -> int:
        """Drop the oldest of the counted calls."""
        with self._kept.lock:
            self._answer()
            calls = self._kept.calls
            gone = list(calls)[: _oldest([each.at for each in calls.values()], before, most)]
            for key in gone:
                del calls[key]
            return len(gone)

    def lease(self, name: str, holder: str, *, seconds: float, now: float) -> str:
        """Take or renew the lease, or say who has it."""
        with self._kept.lock:
            self._answer()
            present, until = self._kept.leases.get(name, (holder, now))
            if present != holder and now < until:
                return present
            self._kept.leases[name] = holder, now + seconds
            return holder

    def holder(self, name: str, *, now: float) -> str:
        """Who has the lease."""
        with self._kept.lock:
            self._answer()
            present, until = self._kept.leases.get(name, ("", now))
            return present if now < until else ""

    def release(self, name: str, holder: str) -> None:
        """Give the lease up."""
        with self._kept.lock:
            self._answer()
            present, _ = self._kept.leases.get(name, (None, 0.0))
            if present == holder:
                del self._kept.leases[name]

    def lead(self, name: str) -> bool:
        """Whether this opening leads, from now on if nobody did."""
        with self._kept.lock:
            self._answer()
            return self._kept.leaders.setdefault(name, self) is self

    def resign(self, name: str) -> None:
        """Lead no more."""
        with self._kept.lock:
            if self._kept.leaders.get(name) is self:
                del self._kept.leaders[name]

    def beat(self, replica: str, content: Mapping[str, Any], *, at: float) -> None:
        """Keep what a replica says of itself."""
        text = _text(content)
        with self._kept.lock:
            self._answer()
            self._kept.beats[replica] = text, at

    def beats(self) -> list[tuple[str, Mapping[str, Any], float]]:
        """What every replica said last and when, by name."""
        with self._kept.lock:
            self._answer()
            return [(replica, json.loads(text), at) for replica, (text, at) in sorted(self._kept.beats.items())]

    def forget(self, replica: str) -> None:
        """Drop what a replica said."""
        with self._kept.lock:
            self._answer()
            self._kept.beats.pop(replica, None)

    def close(self) -> None:
        """Lead no more."""
        with self._kept.lock:
            self._kept.leaders = {name: each for name, each in self._kept.leaders.items() if each is not self}

    def _answer(self) -> None:
        if self.outage is not None:
            raise StoreUnavailable(self.outage)

    def _document(self, kind: str, name: str) -> Document | None:
        version, text, at = self._kept.documents.get((kind, name), (0, None, None))
        return None if text is None or at is None else Document(kind, name, version, json.loads(text), at)

    def _record(self, entry: tuple[Event, str] | None) -> None:
        if entry is not None:
            event, detail = entry
            self._kept.recorded += 1
            self._kept.events.append((replace(event, id=self._kept.recorded), detail))


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), allow_nan=False)


def _oldest(times: list[datetime], before: datetime, most: int) -> int:
    """How many of the first are too old, or too many."""
    old = next((place for place, at in enumerate(times) if at >= before), len(times))
    return max(old, len(times) - max(most, 0))
