"""What was observed since the last telling: everybody who observes fills one, and the store takes it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final, Literal

from strangler.compare.values import Difference, DifferenceKind, Verdict
from strangler.evidence.evidence import DifferenceKey, Evidence, NoiseKey, PairKey, Tally
from strangler.evidence.histogram import Histogram
from strangler.evidence.kept import KeptPair
from strangler.evidence.scope import OTHERS, Scope
from strangler.evidence.shape import count_of, items_of, member_of, text_of
from strangler.evidence.sketch import Sketch

__all__ = ["Batch", "Position", "Side", "What"]

Side = Literal["monolith", "candidate"]
Position = Literal["first", "alone", "second", "again"]
"""`first`: for the customer, in stage `canary`, in which both sides answer some at the same time; `alone`: for the
customer, in any other stage; `second`: with the copy; `again`: asked once more, after both."""
What = Literal["subjects", "targets"]

_MOST_SCOPES: Final = 256
_MOST_MISSED: Final = 4096
_MOST_KEPT: Final = 200
_MOST_KEPT_BYTES: Final = 8 * 1024 * 1024


class Batch:
    """Counts by scope, exchanges that were never pairs by route, and whole pairs to keep. Bounded: see `Evidence`; of
    more than 256 scopes the rest is counted under the release `…`, and of more than 200 pairs to keep, or 8 MiB of
    them, the oldest go.

    `id` is unique. A store takes a batch once, however often it is sent: whoever got no answer sends the same batch
    again, by itself; merged into another it would be counted twice.

    A hot caller asks once for the places where it counts, and again after each telling, for they belong to this batch:

        pairs = batch.pairs(scope, template=…, method=…, status=200, stage=…, answering=…, verdict=Verdict.AGREE)
        durations = batch.durations(scope, side="monolith", position="first")
        targets = batch.seen(scope, what="targets")
        …
        pairs.add(now); durations.add(seconds); targets.add(hash)

    A place that is asked for and not added to makes no batch: `bool(batch)` stays false, and the place is not told.
    Not safe to share between threads.
    """

    __slots__ = ("_kept_bytes", "id", "kept", "never_paired", "scopes")

    def __init__(self) -> None:
        self.id = os.urandom(12).hex()
        self.scopes: dict[Scope, Evidence] = {}
        self.never_paired: dict[tuple[str, str], int] = {}
        """By route and cause (`Missed`, or a word of the asking), how many sampled exchanges were never pairs."""
        self.kept: dict[str, KeptPair] = {}
        """By id, oldest first."""
        self._kept_bytes = 0

    def __bool__(self) -> bool:
        return bool(self.never_paired or self.kept) or any(self.scopes.values())

    def evidence(self, scope: Scope) -> Evidence:
        """Where that scope is counted."""
        found = self.scopes.get(scope)
        if found is None:
            if len(self.scopes) >= _MOST_SCOPES:
                scope = scope._replace(release=OTHERS)
            found = self.scopes.get(scope)
            if found is None:
                found = self.scopes[scope] = Evidence()
        return found

    def pairs(
        self,
        scope: Scope,
        *,
        template: str,
        method: str,
        status: int,
        stage: str,
        answering: str,
        verdict: Verdict,
        cause: str = "",
        group: str = "",
    ) -> Tally:
        """Where pairs of that kind are counted, for hot callers."""
        return self.evidence(scope).tally(PairKey(template, method, status, stage, answering, verdict, cause, group))

    def pair(
        self,
        scope: Scope,
        *,
        template: str,
        method: str,
        status: int,
        stage: str,
        answering: str,
        verdict: Verdict,
        at: float,
        cause: str = "",
        group: str = "",
        count: int = 1,
    ) -> None:
        """Count a pair. `status` is the old side's, `at` in seconds since 1970."""
        key = PairKey(template, method, status, stage, answering, verdict, cause, group)
        self.evidence(scope).tally(key).add(at, count)

    def difference(self, scope: Scope, *, template: str, difference: Difference, at: float, count: int = 1) -> None:
        """Count a difference by its field (without secrets: `Redactor.field`), kind and severity. Callers count each of
        these once a pair."""
        key = DifferenceKey(template, difference.field, difference.kind, difference.severity)
        self.evidence(scope).tally_of_difference(key).add(at, count)

    def noise(self, scope: Scope, *, template: str, field: str, kind: DifferenceKind, count: int = 1) -> None:
        """Count a place in which the monolith did not repeat its own answer."""
        self.evidence(scope).add_noise(NoiseKey(template, field, kind), count)

    def parameters(self, scope: Scope, *, template: str, names: Iterable[str]) -> None:
        """Count the query parameters of one request, by their names."""
        evidence = self.evidence(scope)
        for name in names:
            evidence.add_parameter(template, name, 1)

    def durations(self, scope: Scope, *, side: Side, position: Position) -> Histogram:
        """Where durations of that side in that position are counted, for hot callers."""
        return self.evidence(scope).histogram(side, position)

    def latency(self, scope: Scope, *, side: Side, position: Position, seconds: float, count: int = 1) -> None:
        """Count how long a side took to answer."""
        self.evidence(scope).histogram(side, position).add(seconds, count)

    def seen(self, scope: Scope, *, what: What) -> Sketch:
        """Where distinct subjects or targets are counted, for hot callers."""
        return self.evidence(scope).sketch(what)

    def distinct(self, scope: Scope, *, what: What, hash64: int) -> None:
        """Count a subject or a target by its hash: `hash64` with a key, or of what is a keyed hash already."""
        self.evidence(scope).sketch(what).add(hash64)

    def rules_met(self, scope: Scope, fingerprints: Iterable[str]) -> None:
        """Remember the rules that matched something."""
        self.evidence(scope).add_rules(fingerprints)

    def missed(self, route: str, cause: str, count: int = 1) -> None:
        """Count a sampled exchange that was never a pair."""
        key = (route, str(cause))
        if key not in self.never_paired and len(self.never_paired) >= _MOST_MISSED:
            key = (route, OTHERS)
        self.never_paired[key] = self.never_paired.get(key, 0) + count

    def changed(self, scope: Scope, *, asked: int, changed: int) -> None:
        """Count how often the monolith was asked once more, and how often its own answer was another one then."""
        evidence = self.evidence(scope)
        evidence.asked += asked
        evidence.changed += changed

    def keep(self, kept: KeptPair) -> None:
        """Keep a whole pair, redacted already."""
        if kept.id in self.kept:
            self._drop(kept.id)
        self.kept[kept.id] = kept
        self._kept_bytes += kept.size
        while len(self.kept) > 1 and (len(self.kept) > _MOST_KEPT or self._kept_bytes > _MOST_KEPT_BYTES):
            self._drop(next(iter(self.kept)))

    def _drop(self, name: str) -> None:
        self._kept_bytes -= self.kept.pop(name).size

    def merge(self, other: Batch) -> None:
        """Take up everything that `other` holds."""
        for scope, evidence in other.scopes.items():
            self.evidence(scope).merge(evidence)
        for (route, cause), count in other.never_paired.items():
            self.missed(route, cause, count)
        for kept in other.kept.values():
            self.keep(kept)

    def to_json(self) -> dict[str, Any]:
        """Everything as a JSON document."""
        return {
            "id": self.id,
            "scopes": [[*scope, evidence.to_json()] for scope, evidence in self.scopes.items() if evidence],
            "missed": [[*key, count] for key, count in self.never_paired.items()],
            "kept": [each.to_json() for each in self.kept.values()],
        }

    @classmethod
    def from_json(cls, document: Any) -> Batch:
        """What `to_json` gave. Raises ValueError for anything else."""
        made = cls()
        made.id = text_of(member_of(document, "id", "a batch"), "a batch's id", 64)
        for row in items_of(document.get("scopes", []), "scopes"):
            route, release, rules, evidence = items_of(row, "a scope", 4)
            scope = Scope(text_of(route, "a route"), text_of(release, "a release"), text_of(rules, "a revision"))
            made.evidence(scope).merge(Evidence.from_json(evidence))
        for row in items_of(document.get("missed", []), "missed"):
            route, cause, count = items_of(row, "a count of missed exchanges", 3)
            made.missed(text_of(route, "a route"), text_of(cause, "a cause"), count_of(count, "a count"))
        for each in items_of(document.get("kept", []), "kept"):
            made.keep(KeptPair.from_json(each))
        return made
