"""What came of a replay: pairs and verdicts, differences by endpoint and field, latency, and the whole's verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from strangler.compare import Comparison, Difference, Verdict
from strangler.evidence import Histogram
from strangler_proxy.replay.endpoints import Endpoint

__all__ = ["Found", "Tally", "Tested", "latency_of"]

_MOST: Final = 5000
_QUANTILES: Final = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))


@dataclass(slots=True)
class Found:
    """One kind of difference: how many pairs had it, and the first of them."""

    endpoint: Endpoint
    example: Difference
    target: str
    count: int = 0


@dataclass(slots=True)
class Tested:
    """What came of one endpoint. `causes` are those of its inconclusive pairs."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    found: dict[tuple[str, str, str], Found] = field(default_factory=dict)


class Tally:
    """Counts pairs as they come.

    `may_miss` is the share of the pairs (0 to 1) that may be inconclusive while the whole still agrees. `left_out`
    counts by a word the requests that were not asked, or not compared, and are no pairs. `noise` counts places in which
    the old side did not repeat its own answer. `more` counts differences past the 5000 kinds that are told apart.
    """

    def __init__(self, *, may_miss: float = 0.0) -> None:
        self.endpoints: dict[Endpoint, Tested] = {}
        self.left_out: Counter[str] = Counter()
        self.latency = {"old": Histogram(), "new": Histogram()}
        self.matched: set[int] = set()
        self.more = 0
        self.noise = 0
        self._kinds = 0
        self._may_miss = may_miss

    def pair(self, endpoint: Endpoint, target: str, comparison: Comparison) -> None:
        """Count one compared pair."""
        tested = self._tested(endpoint)
        tested.verdicts[comparison.verdict] += 1
        if comparison.verdict is Verdict.INCONCLUSIVE:
            tested.causes[comparison.cause] += 1
        self.matched |= comparison.matched
        for key, difference in {
            (each.field, each.kind.value, each.severity.value): each for each in reversed(comparison.differences)
        }.items():
            found = tested.found.get(key)
            if found is None:
                if self._kinds >= _MOST:
                    self.more += 1
                    continue
                self._kinds += 1
                found = tested.found[key] = Found(endpoint, difference, target)
            found.count += 1

    def missed(self, endpoint: Endpoint, cause: str) -> None:
        """Count a request of which no two answers could be had."""
        tested = self._tested(endpoint)
        tested.verdicts[Verdict.INCONCLUSIVE] += 1
        tested.causes[cause] += 1

    def took(self, side: str, seconds: float) -> None:
        """Count how long a side took to answer."""
        self.latency[side].add(seconds)

    @property
    def verdicts(self) -> Counter[Verdict]:
        """Pairs by their verdicts."""
        return sum((tested.verdicts for tested in self.endpoints.values()), Counter[Verdict]())

    @property
    def causes(self) -> Counter[str]:
        """Inconclusive pairs by their causes."""
        return sum((tested.causes for tested in self.endpoints.values()), Counter[str]())

    @property
    def found(self) -> list[Found]:
        """All kinds of differences, breaking ones first, then the most frequent."""
        everything = [found for tested in self.endpoints.values() for found in tested.found.values()]
        return sorted(everything, key=lambda each: (each.example.severity.value, -each.count, each.endpoint))

    @property
    def verdict(self) -> Verdict:
        """Of the whole: `differ` with one breaking difference, `inconclusive` where nothing or too little was seen."""
        verdicts = self.verdicts
        if verdicts[Verdict.DIFFER]:
            return Verdict.DIFFER
        agreed, missed = verdicts[Verdict.AGREE], verdicts[Verdict.INCONCLUSIVE]
        if not agreed or missed > self._may_miss * (agreed + missed):
            return Verdict.INCONCLUSIVE
        return Verdict.AGREE

    def to_json(self) -> dict[str, Any]:
        """The tally as plain JSON types."""
        verdicts = self.verdicts
        return {
            "verdict": self.verdict.value,
            "pairs": {verdict.value: verdicts[verdict] for verdict in Verdict},
            "inconclusive": dict(sorted(self.causes.items())),
            "left_out": dict(sorted(self.left_out.items())),
            "differences": [
                {
                    "route": each.endpoint.route,
                    "endpoint": str(each.endpoint),
                    "field": each.example.field,
                    "kind": each.example.kind.value,
                    "severity": each.example.severity.value,
                    "count": each.count,
                    "example": {
                        "target": each.target,
                        "path": each.example.path,
                        "old": each.example.old,
                        "new": each.example.new,
                    },
                }
                for each in self.found
            ],
            "more_differences": self.more,
            "noise": self.noise,
            "latency_ms": {side: latency_of(histogram) for side, histogram in self.latency.items()},
            "endpoints": [
                {
                    "route": endpoint.route,
                    "endpoint": str(endpoint),
                    **{verdict.value: tested.verdicts[verdict] for verdict in Verdict},
                }
                for endpoint, tested in sorted(self.endpoints.items())
            ],
        }

    def _tested(self, endpoint: Endpoint) -> Tested:
        return self.endpoints.setdefault(endpoint, Tested())


def latency_of(histogram: Histogram) -> dict[str, float | None]:
    """A side's latency in milliseconds by quantile; None where nothing was measured."""
    found = ((name, histogram.quantile(share)) for name, share in _QUANTILES)
    return {name: None if seconds is None else round(seconds * 1000, 2) for name, seconds in found}
