"""Everything that evidence says of a route, as one value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from strangler.compare.rules import Rule, Rules
from strangler.compare.values import Severity, Verdict
from strangler.evidence.agreement import BOUND, CONFIDENCE, Agreement, AgreementWanted, Change, agreement_of, change_of
from strangler.evidence.coverage import Coverage, coverage_of
from strangler.evidence.evidence import Evidence
from strangler.evidence.gate_verdict import Judgement
from strangler.evidence.latency import MARGIN, LatencyComparison, judge_latency, latency_of
from strangler.evidence.scope import Scope
from strangler.evidence.store import SeenScope

__all__ = ["FieldDifferences", "FieldNoise", "RouteReport", "report_of"]

_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class FieldDifferences:
    """The differences of one kind in one field: how many pairs show it, by template, when the first and the last was
    (seconds since 1970), and ids of kept pairs that are examples, the newest first."""

    field: str
    kind: str
    severity: Severity
    count: int
    first: float
    last: float
    templates: Mapping[str, int]
    examples: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The differences as a JSON document."""
        return {
            "field": self.field,
            "kind": self.kind,
            "severity": self.severity.value,
            "count": self.count,
            "first": self.first,
            "last": self.last,
            "templates": dict(self.templates),
            "examples": list(self.examples),
        }


@dataclass(frozen=True, slots=True)
class FieldNoise:
    """A field in which the monolith does not repeat its own answer: in how many pairs."""

    field: str
    kind: str
    count: int

    def to_json(self) -> dict[str, Any]:
        """The noise as a JSON document."""
        return {"field": self.field, "kind": self.kind, "count": self.count}


@dataclass(frozen=True, slots=True)
class RouteReport:
    """The evidence of one scope.

    `first` and `last` are when the first and the last pair was (seconds since 1970; 0.0 for none), `at` when this was
    made. `causes` counts inconclusive pairs, `missed` sampled exchanges of the route, of any release, that were never
    pairs. `differences` has the breaking ones first, the most frequent first. `unmatched` are the rules for this route
    that nothing was found to need, None where they are not those that the evidence was made under. `scopes` are all
    that there is evidence of, the newest first. `groups` has the agreement of each group of customers, that with the
    most pairs first; everything else is of all of them together.
    """

    scope: Scope
    at: float
    first: float
    last: float
    wanted: AgreementWanted
    agreement: Agreement
    judgement: Judgement
    causes: Mapping[str, int]
    missed: Mapping[str, int]
    differences: tuple[FieldDifferences, ...]
    noise: tuple[FieldNoise, ...]
    change: Change
    change_judgement: Judgement
    latency: tuple[LatencyComparison, ...]
    latency_judgement: Judgement
    latency_margin: float
    coverage: Coverage
    unmatched: tuple[Rule, ...] | None
    scopes: tuple[SeenScope, ...]
    groups: Mapping[str, Agreement]

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON document."""
        return {
            "route": self.scope.route,
            "release": self.scope.release,
            "rules": self.scope.rules,
            "at": self.at,
            "first": self.first,
            "last": self.last,
            "agreement": {**self.agreement.to_json(), "wanted": self.wanted.bound, **self.judgement.to_json()},
            "groups": [
                {
                    "group": name,
                    **agreement.to_json(),
                    "wanted": self.wanted.bound,
                    **agreement.judged(self.wanted).to_json(),
                }
                for name, agreement in self.groups.items()
            ],
            "causes": dict(self.causes),
            "missed": dict(self.missed),
            "differences": [each.to_json() for each in self.differences],
            "noise": [each.to_json() for each in self.noise],
            "change": {**self.change.to_json(), **self.change_judgement.to_json()},
            "latency": {
                "margin": self.latency_margin,
                "comparisons": [each.to_json() for each in self.latency],
                **self.latency_judgement.to_json(),
            },
            "coverage": self.coverage.to_json(),
            "unmatched_rules": None
            if self.unmatched is None
            else [{"rule": str(rule), "why": rule.why, "line": rule.line} for rule in self.unmatched],
            "scopes": [
                {
                    "release": each.scope.release,
                    "rules": each.scope.rules,
                    "pairs": each.pairs,
                    "first": each.first,
                    "last": each.last,
                }
                for each in self.scopes
            ],
        }


def report_of(
    scope: Scope,
    evidence: Evidence,
    *,
    missed: Mapping[str, int],
    examples: Mapping[tuple[str, str], Sequence[str]],
    seen: Sequence[SeenScope],
    methods: Iterable[str] = (),
    templates: Iterable[str] = (),
    rules: Rules,
    bound: float = BOUND,
    confidence: float = CONFIDENCE,
    margin: float = MARGIN,
    at: float,
) -> RouteReport:
    """The report of a scope, of what an evidence store gives for it.

    `examples` are ids of its kept pairs, newest first, by field and kind, `seen` the scopes of its route. `methods` and
    `templates` are what the route has, for what was never seen. `rules` are those in force, `bound` and `confidence`
    what is wanted of the agreement, `margin` how many times as long the candidate may take. `at` is now.
    """
    wanted = AgreementWanted(bound=bound, confidence=confidence)
    agreement, change = agreement_of(evidence, confidence), change_of(evidence, confidence)
    latency = latency_of(evidence, margin=margin, confidence=confidence)
    tallies = [tally for tally in evidence.pairs.values() if tally.count]
    return RouteReport(
        scope=scope,
        at=at,
        first=min((tally.first for tally in tallies), default=0.0),
        last=max((tally.last for tally in tallies), default=0.0),
        wanted=wanted,
        agreement=agreement,
        judgement=agreement.judged(wanted),
        causes=_causes(evidence),
        missed=_most_first(missed),
        differences=_differences(evidence, examples),
        noise=_noise(evidence),
        change=change,
        change_judgement=change.judged(),
        latency=latency,
        latency_judgement=judge_latency(latency),
        latency_margin=margin,
        coverage=coverage_of(evidence, methods=methods, templates=templates),
        unmatched=_unmatched(scope, evidence, rules),
        scopes=tuple(seen),
        groups=_groups(evidence, confidence),
    )


def _groups(evidence: Evidence, confidence: float) -> dict[str, Agreement]:
    names = {key.group for key, tally in evidence.pairs.items() if key.group and tally.count}
    found = {name: agreement_of(evidence, confidence, group=name) for name in names}
    return dict(sorted(found.items(), key=lambda item: (-item[1].pairs, item[0])))


def _causes(evidence: Evidence) -> dict[str, int]:
    causes: Counter[str] = Counter()
    for key, tally in evidence.pairs.items():
        if key.verdict is Verdict.INCONCLUSIVE:
            causes[key.cause] += tally.count
    return _most_first(causes)


def _differences(evidence: Evidence, examples: Mapping[tuple[str, str], Sequence[str]]) -> tuple[FieldDifferences, ...]:
    grouped = defaultdict(list)
    for key, tally in evidence.differences.items():
        grouped[key.field, key.kind.value, key.severity].append((key.template, tally))
    made = [
        FieldDifferences(
            field=field,
            kind=kind,
            severity=severity,
            count=sum(tally.count for _, tally in found),
            first=min(tally.first for _, tally in found),
            last=max(tally.last for _, tally in found),
            templates=_most_first({template: tally.count for template, tally in found}),
            examples=tuple(examples.get((field, kind), ())[:_EXAMPLES]),
        )
        for (field, kind, severity), found in grouped.items()
    ]
    return tuple(sorted(made, key=lambda each: (each.severity is not Severity.BREAKING, -each.count, each.field)))


def _noise(evidence: Evidence) -> tuple[FieldNoise, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    for key, count in evidence.noise.items():
        counts[key.field, key.kind.value] += count
    made = [FieldNoise(field, kind, count) for (field, kind), count in counts.items()]
    return tuple(sorted(made, key=lambda each: (-each.count, each.field)))


def _unmatched(scope: Scope, evidence: Evidence, rules: Rules) -> tuple[Rule, ...] | None:
    if scope.rules != rules.revision:
        return None
    return tuple(rule for rule in rules.unmatched(evidence.rules_met) if fnmatchcase(scope.route, rule.route))


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
