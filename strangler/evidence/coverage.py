"""What was seen of a route, and what was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from strangler.compare.values import Verdict
from strangler.evidence.evidence import Evidence
from strangler.evidence.scope import OTHERS

__all__ = ["Coverage", "coverage_of"]

_CLASSES: Final = (2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many pairs that tell something (all but the inconclusive) there were of each kind. Statuses are the
    monolith's.

    `parameters` counts requests by template and name of a query parameter, `groups` pairs by user group. `subjects`
    and `targets` are how many distinct ones there were, about. What the route could have and never had is in
    `unseen_templates`, `unseen_methods` and `unseen_classes` (of 2 to 5, for 2xx to 5xx).
    """

    templates: Mapping[str, int]
    methods: Mapping[str, int]
    statuses: Mapping[int, int]
    stages: Mapping[str, int]
    groups: Mapping[str, int]
    parameters: Mapping[str, Mapping[str, int]]
    subjects: int
    targets: int
    unseen_templates: tuple[str, ...]
    unseen_methods: tuple[str, ...]
    unseen_classes: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """The coverage as a JSON document."""
        return {
            "templates": dict(self.templates),
            "methods": dict(self.methods),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "stages": dict(self.stages),
            "groups": dict(self.groups),
            "parameters": {template: dict(names) for template, names in self.parameters.items()},
            "subjects": self.subjects,
            "targets": self.targets,
            "unseen": {
                "templates": list(self.unseen_templates),
                "methods": list(self.unseen_methods),
                "classes": list(self.unseen_classes),
            },
        }


def coverage_of(evidence: Evidence, *, methods: Iterable[str] = (), templates: Iterable[str] = ()) -> Coverage:
    """What was seen of a scope, given the methods and templates that its route has; empty where it takes any."""
    seen: dict[str, Counter[Any]] = {each: Counter() for each in ("template", "method", "status", "stage", "group")}
    for key, tally in evidence.pairs.items():
        if key.verdict is not Verdict.INCONCLUSIVE and tally.count:
            for name, counts in seen.items():
                counts[getattr(key, name)] += tally.count
    del seen["group"][""]
    classes = {status // 100 for status in seen["status"]}
    distinct = {what: sketch.estimate() for what, sketch in evidence.distinct.items()}
    missing = () if OTHERS in seen["template"] else tuple(each for each in templates if each not in seen["template"])
    return Coverage(
        templates=_ordered(seen["template"]),
        methods=_ordered(seen["method"]),
        statuses=_ordered(seen["status"]),
        stages=_ordered(seen["stage"]),
        groups=_ordered(seen["group"]),
        parameters={template: _ordered(Counter(names)) for template, names in sorted(evidence.parameters.items())},
        subjects=distinct.get("subjects", 0),
        targets=distinct.get("targets", 0),
        unseen_templates=missing,
        unseen_methods=tuple(sorted(set(methods) - set(seen["method"]))),
        unseen_classes=tuple(each for each in _CLASSES if each not in classes),
    )


def _ordered(counts: Counter[Any]) -> dict[Any, int]:
    """The most frequent first."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], str(item[0]))))
