"""Where the sides of routes differ, in short: a row a route, read anew only where something was counted since, and at
each look for a while only: reading the evidence of a route takes a millisecond, and there are hundreds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from strangler.compare import Severity, Verdict
from strangler.evidence import DifferenceKey, Evidence, EvidenceStore, Scope, SeenScope, Tally

__all__ = ["Differing", "RouteDiffers"]

_NEVER: Final = (None, None)


@dataclass(frozen=True, slots=True)
class RouteDiffers:
    """What differs on a route, of the release and the rules with the newest pairs.

    `pairs` counts verdicts. `breaking` and `warning` are in how many places (field and kind) the sides differ so,
    `first` and `last` when such a difference was seen first and last (seconds since 1970). `field`, `kind` and `count`
    are the breaking difference that most pairs show, or a warning where none breaks.
    """

    scope: Scope
    pairs: dict[Verdict, int]
    breaking: int
    warning: int
    first: float
    last: float
    field: str
    kind: str
    count: int

    def to_json(self) -> dict[str, Any]:
        """The row as a JSON document."""
        return {
            **self.scope._asdict(),
            **{verdict.value: count for verdict, count in self.pairs.items()},
            "breaking": self.breaking,
            "warning": self.warning,
            "first": self.first,
            "last": self.last,
            "field": self.field,
            "kind": self.kind,
            "count": self.count,
        }


class Differing:
    """Reads `store`. Safe to share between threads."""

    def __init__(self, store: EvidenceStore) -> None:
        self._store = store
        self._known: dict[str, tuple[SeenScope | None, RouteDiffers | None]] = {}
        self._lock = Lock()

    def rows(self, routes: Sequence[str], *, seconds: float) -> tuple[list[RouteDiffers], list[str]]:
        """A row for each of these routes whose sides differ somewhere, in their order, after reading for about so many
        `seconds`; and of which of them there is newer evidence than that. What was never read is read first, and then
        what was read longest ago. Raises StoreUnavailable."""
        newest: dict[str, SeenScope] = {}
        for seen in self._store.scopes():
            newest.setdefault(seen.scope.route, seen)
        # One at a time: whoever asks meanwhile finds it read.
        with self._lock:
            for gone in self._known.keys() - newest.keys():
                del self._known[gone]
            wanted = set(routes)
            behind = [
                name for name, seen in newest.items() if name in wanted and self._known.get(name, _NEVER)[0] != seen
            ]
            order = {name: place for place, name in enumerate(self._known)}
            behind.sort(key=lambda name: order.get(name, -1))
            end = time.monotonic() + seconds
            read = 0
            while read < len(behind) and time.monotonic() < end:
                name = behind[read]
                row = _row_of(newest[name].scope, self._store.read(newest[name].scope))
                # Taken out and put in anew: in the order of when they were read.
                self._known.pop(name, None)
                self._known[name] = newest[name], row
                read += 1
            told = [self._known[name][1] for name in routes if name in self._known]
        return [row for row in told if row is not None], behind[read:]


def _row_of(scope: Scope, evidence: Evidence) -> RouteDiffers | None:
    places: dict[tuple[str, str, Severity], Tally] = {}
    for key, tally in evidence.differences.items():
        places.setdefault(_place(key), Tally()).merge(tally)
    if not places:
        return None
    pairs = dict.fromkeys(Verdict, 0)
    for pair, tally in evidence.pairs.items():
        pairs[pair.verdict] += tally.count
    (field, kind, _), most = min(
        places.items(), key=lambda place: (place[0][2] is not Severity.BREAKING, -place[1].count, place[0])
    )
    breaking = sum(severity is Severity.BREAKING for _, _, severity in places)
    return RouteDiffers(
        scope=scope,
        pairs=pairs,
        breaking=breaking,
        warning=len(places) - breaking,
        first=min(tally.first for tally in places.values()),
        last=max(tally.last for tally in places.values()),
        field=field,
        kind=kind,
        count=most.count,
    )


def _place(key: DifferenceKey) -> tuple[str, str, Severity]:
    return key.field, key.kind.value, key.severity
