"""Everything that was counted within one scope."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any, Final, NamedTuple

from strangler.compare.values import DifferenceKind, Severity, Verdict
from strangler.evidence.histogram import Histogram
from strangler.evidence.scope import OTHERS
from strangler.evidence.shape import count_of, items_of, number_of, text_of
from strangler.evidence.sketch import Sketch

__all__ = ["DifferenceKey", "Evidence", "NoiseKey", "PairKey", "Tally"]

_MOST_PAIR_KEYS: Final = 4096
_MOST_FIELDS: Final = 1000
_MOST_PARAMETERS: Final = 64
_MOST_RULES: Final = 1000
_LONGEST: Final = 300


class PairKey(NamedTuple):
    """What pairs are counted by. `status` is the old side's."""

    template: str
    method: str
    status: int
    stage: str
    answering: str
    verdict: Verdict
    cause: str
    group: str


class DifferenceKey(NamedTuple):
    """What differences are counted by."""

    template: str
    field: str
    kind: DifferenceKind
    severity: Severity


class NoiseKey(NamedTuple):
    """What noise is counted by: a place in which the monolith does not repeat itself, and how."""

    template: str
    field: str
    kind: DifferenceKind


class Tally:
    """How often something was seen, and when first and last (seconds since 1970)."""

    __slots__ = ("count", "first", "last")

    def __init__(self) -> None:
        self.count = 0
        self.first = inf
        self.last = -inf

    def add(self, at: float, count: int = 1) -> None:
        """Count once more."""
        self.count += count
        if at > self.last:
            self.last = at
        if at < self.first:
            self.first = at

    def merge(self, other: Tally) -> None:
        """Count everything that `other` has counted."""
        self.count += other.count
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)

    def to_json(self) -> list[float]:
        """Count, first and last."""
        return [self.count, self.first, self.last]

    @classmethod
    def from_json(cls, count: Any, first: Any, last: Any) -> Tally:
        """What `to_json` gave. Raises ValueError for anything else."""
        made = cls()
        made.count = count_of(count, "a count")
        made.first, made.last = number_of(first, "a time"), number_of(last, "a time")
        return made


class Evidence:
    """Counts of one scope. Names past a bound (4,096 kinds of pairs, 1,000 fields, 64 parameters a template) are
    counted as `…`, and long ones are cut after 300 letters, so that it stays small whatever a client or a candidate
    sends."""

    __slots__ = ("asked", "changed", "differences", "distinct", "latency", "noise", "pairs", "parameters", "rules_met")

    def __init__(self) -> None:
        self.pairs: dict[PairKey, Tally] = {}
        self.differences: dict[DifferenceKey, Tally] = {}
        self.noise: dict[NoiseKey, int] = {}
        self.parameters: dict[str, dict[str, int]] = {}
        """By template, how often which query parameter was seen."""
        self.latency: dict[tuple[str, str], Histogram] = {}
        """By side (`monolith`, `candidate`) and position (`first`, `alone`, `second`, `again`)."""
        self.distinct: dict[str, Sketch] = {}
        """By what: `subjects`, `targets`."""
        self.rules_met: set[str] = set()
        """Fingerprints of the rules that matched something."""
        self.asked = 0
        """How often the monolith was asked once more although the sides agreed."""
        self.changed = 0
        """In how many of these it answered otherwise than before."""

    def __bool__(self) -> bool:
        counted = (self.noise, self.parameters, self.rules_met, self.differences, self.asked, self.changed)
        return (
            any(counted)
            or any(tally.count for tally in self.pairs.values())
            or any(histogram.count for histogram in self.latency.values())
            or any(self.distinct.values())
        )

    def tally(self, key: PairKey) -> Tally:
        """Where pairs of that kind are counted."""
        found = self.pairs.get(key)
        if found is None:
            key = key._replace(template=_cut(key.template), method=_cut(key.method), group=_cut(key.group))
            if key not in self.pairs and len(self.pairs) >= _MOST_PAIR_KEYS:
                key = key._replace(template=OTHERS, method=OTHERS, group="", cause=OTHERS if key.cause else "")
            found = self.pairs.get(key)
            if found is None:
                found = self.pairs[key] = Tally()
        return found

    def tally_of_difference(self, key: DifferenceKey) -> Tally:
        """Where differences of that kind are counted."""
        key = key._replace(template=_cut(key.template), field=_cut(key.field))
        if key not in self.differences and len(self.differences) >= _MOST_FIELDS:
            key = key._replace(template=OTHERS, field=OTHERS)
        return self.differences.setdefault(key, Tally())

    def add_noise(self, key: NoiseKey, count: int) -> None:
        """Count noise."""
        key = key._replace(template=_cut(key.template), field=_cut(key.field))
        if key not in self.noise and len(self.noise) >= _MOST_FIELDS:
            key = key._replace(template=OTHERS, field=OTHERS)
        self.noise[key] = self.noise.get(key, 0) + count

    def add_parameter(self, template: str, name: str, count: int) -> None:
        """Count a query parameter."""
        template, name = _cut(template), _cut(name)
        if template not in self.parameters and len(self.parameters) >= _MOST_PARAMETERS:
            template = OTHERS
        seen = self.parameters.setdefault(template, {})
        if name not in seen and len(seen) >= _MOST_PARAMETERS:
            name = OTHERS
        seen[name] = seen.get(name, 0) + count

    def add_rules(self, fingerprints: Iterable[str]) -> None:
        """Remember rules that matched; past 1,000 no more are remembered."""
        for each in fingerprints:
            if len(self.rules_met) < _MOST_RULES:
                self.rules_met.add(each)

    def histogram(self, side: str, position: str) -> Histogram:
        """Where durations of that side in that position are counted."""
        found = self.latency.get((side, position))
        if found is None:
            found = self.latency[side, position] = Histogram()
        return found

    def sketch(self, what: str) -> Sketch:
        """Where distinct things of that kind are counted."""
        found = self.distinct.get(what)
        if found is None:
            found = self.distinct[what] = Sketch()
        return found

    def merge(self, other: Evidence) -> None:
        """Count everything that `other` has counted."""
        for pair, tally in other.pairs.items():
            self.tally(pair).merge(tally)
        for difference, tally in other.differences.items():
            self.tally_of_difference(difference).merge(tally)
        for noise, count in other.noise.items():
            self.add_noise(noise, count)
        for template, names in other.parameters.items():
            for name, count in names.items():
                self.add_parameter(template, name, count)
        for (side, position), histogram in other.latency.items():
            self.histogram(side, position).merge(histogram)
        for what, sketch in other.distinct.items():
            self.sketch(what).merge(sketch)
        self.add_rules(other.rules_met)
        self.asked += other.asked
        self.changed += other.changed

    def to_json(self) -> dict[str, Any]:
        """Everything as a JSON document; what is empty is left out."""
        document: dict[str, Any] = {
            "pairs": [[*key, *tally.to_json()] for key, tally in self.pairs.items() if tally.count],
            "differences": [[*key, *tally.to_json()] for key, tally in self.differences.items()],
            "noise": [[*key, count] for key, count in self.noise.items()],
            "parameters": self.parameters,
            "latency": [[*key, histogram.to_json()] for key, histogram in self.latency.items() if histogram.count],
            "distinct": {what: sketch.to_json() for what, sketch in self.distinct.items() if sketch},
            "rules_met": sorted(self.rules_met),
            "asked": self.asked,
            "changed": self.changed,
        }
        return {key: value for key, value in document.items() if value}

    @classmethod
    def from_json(cls, document: Any) -> Evidence:
        """What `to_json` gave. Raises ValueError for anything else."""
        if not isinstance(document, dict):
            raise ValueError("evidence is not an object")
        made = cls()
        for row in items_of(document.get("pairs", []), "pairs"):
            template, method, status, stage, answering, verdict, cause, group, count, first, last = items_of(
                row, "a count of pairs", 11
            )
            texts = [text_of(each, "a pair's key") for each in (template, method, stage, answering, cause, group)]
            key = PairKey(
                texts[0],
                texts[1],
                count_of(status, "a status"),
                texts[2],
                texts[3],
                Verdict(verdict),
                texts[4],
                texts[5],
            )
            made.tally(key).merge(Tally.from_json(count, first, last))
        for row in items_of(document.get("differences", []), "differences"):
            template, field, kind, severity, count, first, last = items_of(row, "a count of differences", 7)
            found = DifferenceKey(
                text_of(template, "a template"),
                text_of(field, "a field"),
                DifferenceKind(kind),
                Severity(severity),
            )
            made.tally_of_difference(found).merge(Tally.from_json(count, first, last))
        for row in items_of(document.get("noise", []), "noise"):
            template, field, kind, count = items_of(row, "a count of noise", 4)
            noise = NoiseKey(text_of(template, "a template"), text_of(field, "a field"), DifferenceKind(kind))
            made.add_noise(noise, count_of(count, "a count"))
        parameters = document.get("parameters", {})
        if not isinstance(parameters, dict) or not all(isinstance(each, dict) for each in parameters.values()):
            raise ValueError("parameters are not counts by template and name")
        for template, names in parameters.items():
            for name, count in names.items():
                made.add_parameter(template, name, count_of(count, "a count"))
        for row in items_of(document.get("latency", []), "latency"):
            side, position, histogram = items_of(row, "a latency", 3)
            made.histogram(text_of(side, "a side"), text_of(position, "a position")).merge(
                Histogram.from_json(histogram)
            )
        distinct = document.get("distinct", {})
        if not isinstance(distinct, dict):
            raise ValueError("distinct counts are not an object")
        for what, sketch in distinct.items():
            made.sketch(what).merge(Sketch.from_json(sketch))
        made.add_rules(text_of(each, "a fingerprint") for each in items_of(document.get("rules_met", []), "rules_met"))
        made.asked = count_of(document.get("asked", 0), "asked")
        made.changed = count_of(document.get("changed", 0), "changed")
        return made


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else name[:_LONGEST] + OTHERS
