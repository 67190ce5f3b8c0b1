"""Evidence in memory."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import inf
from typing import Final

from strangler.compare import Verdict
from strangler.errors import StoreUnavailable
from strangler.evidence import (
    COMPARED_FOR,
    LENGTHS,
    MINUTE,
    OTHERS,
    Batch,
    Compared,
    Evidence,
    KeptPair,
    Opened,
    Scope,
    SeenScope,
    Traffic,
    TrafficKey,
    Window,
)
from strangler.evidence.agreement import Told, told_by
from strangler.evidence.samples import Sample, Shelf, keepers, redundant, shelves
from strangler.evidence.traffic import cut_key, joined, joins, window_of

__all__ = ["MemoryEvidenceStore"]

_DAY: Final = 86_400
_MOST_SCOPES: Final = 1000

# How long a window is, and when it began.
_Span = tuple[int, int]


class MemoryEvidenceStore:
    """An evidence store that lives and dies with its process, for tests. Of pairs to keep it keeps at most `samples`
    for each thing that they show, and at most `windows` of traffic of each length, and of pairs.

    Set `outage` to a reason and every call raises StoreUnavailable with it, until `outage` is None again.
    """

    def __init__(self, *, samples: int = 5, windows: int = 500_000) -> None:
        self.outage: str | None = None
        self._samples = samples
        self._windows = windows
        self._lock = threading.Lock()
        self._days: dict[int, dict[Scope, Evidence]] = defaultdict(dict)
        self._minutes: dict[tuple[int, Scope], Told] = {}
        self._missed: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._batches: dict[str, float] = {}
        self._scopes: dict[Scope, None] = {}
        self._kept: dict[str, KeptPair] = {}
        self._shelves: dict[tuple[Scope, Shelf], dict[str, Sample]] = defaultdict(dict)
        self._traffic: dict[_Span, dict[TrafficKey, Traffic]] = defaultdict(dict)
        self._opened: dict[_Span, Counter[str]] = defaultdict(Counter)
        # By route, those of which there are windows.
        self._releases: dict[str, set[str]] = defaultdict(set)

    def add(self, batch: Batch, *, at: float) -> bool:
        """Add a batch; False when it was added before."""
        with self._lock:
            self._answer()
            if batch.id in self._batches:
                return False
            self._batches[batch.id] = at
            day = int(at // _DAY)
            for scope, evidence in batch.scopes.items():
                if evidence:
                    known, told = self._known(scope), told_by(evidence)
                    self._days[day].setdefault(known, Evidence()).merge(evidence)
                    if any(told):
                        minute = window_of(at, MINUTE), known
                        there = self._minutes.get(minute, Told(0, 0, 0, 0))
                        self._minutes[minute] = Told(*map(sum, zip(there, told, strict=True)))
            for key, count in batch.never_paired.items():
                self._missed[day][key] += count
            for kept in batch.kept.values():
                self._keep(kept)
            return True

    def scopes(self, route: str | None = None) -> list[SeenScope]:
        """The scopes that were seen, those with the newest pairs first."""
        with self._lock:
            self._answer()
            seen = []
            for scope in self._scopes:
                if route is None or scope.route == route:
                    tallies = [tally for tally in self._read(scope, 0).pairs.values() if tally.count]
                    count = sum(tally.count for tally in tallies)
                    first = min((tally.first for tally in tallies), default=0.0)
                    last = max((tally.last for tally in tallies), default=0.0)
                    seen.append(SeenScope(scope, count, first, last))
            return sorted(seen, key=lambda each: (-each.last, each.scope))

    def read(self, scope: Scope, *, since: float = 0.0, until: float | None = None) -> Evidence:
        """What was counted of a scope."""
        with self._lock:
            self._answer()
            return self._read(scope, int(since // _DAY), None if until is None else int(until // _DAY))

    def compared(self, route: str, *, since: float, until: float | None = None) -> list[Compared]:
        """The pairs of a route by their verdicts, in the minutes that began at `since` or later, and before `until`."""
        with self._lock:
            self._answer()
            return [
                Compared(scope, start, MINUTE, *self._minutes[start, scope])
                for start, scope in sorted(self._minutes)
                if scope.route == route and since <= start and (until is None or start < until)
            ]

    def missed(self, route: str, *, since: float = 0.0) -> dict[str, int]:
        """How many sampled exchanges of a route were never pairs, by cause."""
        with self._lock:
            self._answer()
            found: Counter[str] = Counter()
            for day, counts in self._missed.items():
                if day >= int(since // _DAY):
                    found.update({cause: count for (of, cause), count in counts.items() if of == route})
            return dict(found)

    def kept(
        self,
        *,
        route: str | None = None,
        scope: Scope | None = None,
        template: str | None = None,
        field: str | None = None,
        kind: str | None = None,
        verdict: Verdict | None = None,
        cause: str | None = None,
        subject: str | None = None,
        limit: int = 100,
    ) -> list[KeptPair]:
        """Kept pairs that are all that is asked for, newest first."""
        with self._lock:
            self._answer()
            places: dict[str, list[Shelf]] = defaultdict(list)
            for (_, shelf), samples in self._shelves.items():
                for name in samples:
                    places[name].append(shelf)
            found = [
                kept
                for kept in self._kept.values()
                if route in (None, kept.scope.route)
                and scope in (None, kept.scope)
                and template in (None, kept.template)
                and verdict in (None, kept.verdict)
                and cause in (None, kept.cause)
                and subject in (None, kept.subject)
                and (
                    (field is None and kind is None)
                    or any(
                        shelf.field and field in (None, shelf.field) and kind in (None, shelf.kind)
                        for shelf in places[kept.id]
                    )
                )
            ]
            return sorted(found, key=lambda kept: (-kept.at, kept.id))[: max(limit, 0)]

    def kept_pair(self, pair_id: str) -> KeptPair | None:
        """The kept pair of that id."""
        with self._lock:
            self._answer()
            return self._kept.get(pair_id)

    def examples(self, scope: Scope) -> dict[tuple[str, str], list[str]]:
        """By field and kind of a difference, the ids of the pairs that are its examples, newest first."""
        with self._lock:
            self._answer()
            found: dict[tuple[str, str], list[Sample]] = defaultdict(list)
            for (of, shelf), samples in self._shelves.items():
                if of == scope and shelf.field and samples:
                    found[shelf.field, shelf.kind] += samples.values()
            return {
                place: [each.id for each in sorted(samples, key=lambda each: (-each.at, each.id))]
                for place, samples in found.items()
            }

    def replace(self, pairs: Iterable[KeptPair]) -> int:
        """Put pairs judged anew in the place of those with the same ids."""
        with self._lock:
            self._answer()
            there = [kept for kept in pairs if kept.id in self._kept]
            for kept in there:
                self._drop(kept.id)
            for kept in there:
                self._keep(kept)
            return sum(kept.id in self._kept for kept in there)

    def add_traffic(
        self,
        rows: Mapping[TrafficKey, Traffic],
        *,
        at: float,
        opened: Mapping[str, int] | None = None,
        told: str = "",
    ) -> bool:
        """Add what customers got; False when it was added before under the name `told`."""
        with self._lock:
            self._answer()
            if told in self._batches:
                return False
            if told:
                self._batches[told] = at
            span = LENGTHS[0], window_of(at)
            for key, traffic in rows.items():
                self._count(span, cut_key(key, self._releases[key.route]), traffic)
            if opened:
                self._opened[span].update(opened)
            return True

    def traffic(
        self,
        route: str | None = None,
        *,
        since: float,
        until: float | None = None,
        step: int = 0,
        most: int | None = None,
    ) -> list[Window]:
        """What customers got in the windows that began at `since` or later, and before `until`."""
        with self._lock:
            self._answer()
            found = [
                Window(start, length, key, traffic)
                for (length, start), window in self._traffic.items()
                if since <= start and (until is None or start < until)
                for key, traffic in window.items()
                if route in (None, key.route)
            ]
            return joined(found, step)[:most]

    def requests_by_side(self, *, since: float, until: float | None = None, step: int) -> dict[tuple[int, str], int]:
        """How many requests of all routes together each side was to answer, by windows of `step` seconds."""
        found: Counter[tuple[int, str]] = Counter()
        for window in self.traffic(since=since, until=until):
            found[window_of(window.start, step), window.key.side] += window.traffic.requests
        return dict(found)

    def opened(self, upstream: str, *, since: float, until: float | None = None) -> list[Opened]:
        """In which of these windows breakers of an upstream opened."""
        with self._lock:
            self._answer()
            found = [
                Opened(start, length, upstream, counts[upstream])
                for (length, start), counts in self._opened.items()
                if counts[upstream] and since <= start and (until is None or start < until)
            ]
            return sorted(found, key=lambda each: (each.start, each.seconds))

    def clear(self, route: str, *, release: str | None = None) -> None:
        """Forget everything of a route, or of one release of it."""
        with self._lock:
            self._answer()
            gone = [scope for scope in self._scopes if scope.route == route and release in (None, scope.release)]
            for scope in gone:
                del self._scopes[scope]
                for evidence in self._days.values():
                    evidence.pop(scope, None)
            self._minutes = {minute: told for minute, told in self._minutes.items() if minute[1] not in gone}
            for kept in [kept for kept in self._kept.values() if kept.scope in gone]:
                self._drop(kept.id)
            if release is None:
                for counts in self._missed.values():
                    for key in [key for key in counts if key[0] == route]:
                        del counts[key]

    def erase(self, subject: str) -> int:
        """Forget every kept pair of a subject."""
        with self._lock:
            self._answer()
            gone = [kept.id for kept in self._kept.values() if subject and kept.subject == subject]
            for name in gone:
                self._drop(name)
            return len(gone)

    def prune(self, *, now: float, keep_seconds: float, most_bytes: int) -> int:
        """Forget what is older than `keep_seconds`, and kept pairs until they take at most `most_bytes`."""
        with self._lock:
            self._answer()
            oldest = now - keep_seconds
            for day in [day for day in (*self._days, *self._missed) if (day + 1) * _DAY <= oldest]:
                self._days.pop(day, None)
                self._missed.pop(day, None)
            self._batches = {name: at for name, at in self._batches.items() if at > now - _DAY}
            gone = [kept.id for kept in self._kept.values() if kept.at < oldest]
            for name in gone:
                self._drop(name)
            rows = [
                (Sample.of(kept), [key for key, samples in self._shelves.items() if kept.id in samples])
                for kept in self._kept.values()
            ]
            surplus = redundant(rows, most_bytes)
            for name in surplus:
                self._drop(name)
            seen = {scope for day in self._days.values() for scope in day}
            seen |= {kept.scope for kept in self._kept.values()}
            self._scopes = {scope: None for scope in self._scopes if scope in seen}
            self._forget_minutes(now)
            self._join(now)
            return len(gone) + len(surplus)

    def close(self) -> None:
        """Nothing to let go of."""

    def _answer(self) -> None:
        if self.outage is not None:
            raise StoreUnavailable(self.outage)

    def _known(self, scope: Scope) -> Scope:
        if scope not in self._scopes and sum(each.route == scope.route for each in self._scopes) >= _MOST_SCOPES:
            scope = Scope(scope.route, OTHERS, OTHERS)
        self._scopes[scope] = None
        return scope

    def _read(self, scope: Scope, since: int, until: int | None = None) -> Evidence:
        found = Evidence()
        for day, evidence in self._days.items():
            if since <= day and (until is None or day < until) and scope in evidence:
                found.merge(evidence[scope])
        return found

    def _keep(self, kept: KeptPair) -> None:
        scope = self._known(kept.scope)
        kept = replace(kept, scope=scope)
        if kept.id in self._kept:
            self._drop(kept.id)
        self._kept[kept.id] = kept
        places = shelves(kept)
        for shelf in places:
            self._shelves[scope, shelf][kept.id] = Sample.of(kept)
        for shelf in places:
            there = self._shelves[scope, shelf]
            wanted = keepers(there.values(), self._samples)
            for name in [name for name in there if name not in wanted]:
                del there[name]
                if not any(name in samples for samples in self._shelves.values()):
                    del self._kept[name]

    def _count(self, span: _Span, key: TrafficKey, traffic: Traffic) -> None:
        self._traffic[span][key] = self._traffic[span].get(key, Traffic()) + traffic
        self._releases[key.route].add(key.release)

    def _join(self, now: float) -> None:
        for length, into, old in joins(now):
            before = max(old, self._crowded(length))
            for span in [span for span in self._traffic if span[0] == length and span[1] < before]:
                for key, traffic in self._traffic.pop(span).items():
                    if into:
                        self._count((into, window_of(span[1], into)), key, traffic)
            for span in [span for span in self._opened if span[0] == length and span[1] < before]:
                counts = self._opened.pop(span)
                if into:
                    self._opened[into, window_of(span[1], into)].update(counts)
        self._releases.clear()
        for window in self._traffic.values():
            for key in window:
                self._releases[key.route].add(key.release)

    def _forget_minutes(self, now: float) -> None:
        newest = sorted((start for start, _ in self._minutes), reverse=True)
        crowded = newest[self._windows] + 1 if len(newest) > self._windows else 0
        before = max(now - COMPARED_FOR, crowded)
        self._minutes = {
            minute: told for minute, told in self._minutes.items() if minute[0] >= before and minute[1] in self._scopes
        }

    def _crowded(self, length: int) -> float:
        """Windows of that length which began before are too many."""
        starts = [start for (seconds, start), window in self._traffic.items() if seconds == length for _ in window]
        return sorted(starts, reverse=True)[self._windows] + 1 if len(starts) > self._windows else -inf

    def _drop(self, name: str) -> None:
        del self._kept[name]
        for samples in self._shelves.values():
            samples.pop(name, None)
