"""Whether the candidate answers no more slowly than the monolith.

Who is asked second finds caches warm, so only times of the same position are compared: the candidate asked with the
copy (`second`) with the monolith asked once more (`again`), or both asked for the customer (`first`), which a canary
does at the same time. `first` is never compared with `second`.

Of each quantile a distribution-free interval is taken, by order statistics: H. A. David and H. N. Nagaraja, Order
Statistics, 3rd edition (2003), section 7.1. Each end is sure to half of what is wrong in all (Bonferroni), so that the
interval of the ratio is sure to all of it. That every quantile must pass needs no more correction: R. L. Berger,
"Multiparameter hypothesis testing and acceptance sampling", Technometrics 24 (1982), 295-300.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from strangler.evidence.binomial import at_most
from strangler.evidence.evidence import Evidence
from strangler.evidence.gate_verdict import GateVerdict, Judgement
from strangler.evidence.histogram import Histogram

__all__ = [
    "MARGIN",
    "QUANTILES",
    "LatencyComparison",
    "LatencyRow",
    "QuantileEstimate",
    "compare_latency",
    "judge_latency",
    "latency_of",
    "quantile_of",
]

QUANTILES: Final = (0.5, 0.95, 0.99)
MARGIN: Final = 1.1
_POSITIONS: Final = (("first", "first"), ("second", "again"))


@dataclass(frozen=True, slots=True)
class QuantileEstimate:
    """A quantile of durations in seconds: as it was seen, and what it is surely not below and not above; None where
    there were too few to say."""

    seen: float | None
    low: float | None
    high: float | None

    def to_json(self) -> dict[str, Any]:
        """The estimate as a JSON document."""
        return {"seen": self.seen, "low": self.low, "high": self.high}


def quantile_of(histogram: Histogram, share: float, confidence: float) -> QuantileEstimate:
    """A quantile, each end of which is sure to `confidence`; the width of the histogram's buckets is within."""
    count = histogram.count
    # The r-th smallest is at most the quantile with the probability that at least r fall below it, and at least the
    # quantile with the probability that fewer than r do.
    low = _first(lambda rank: at_most(rank - 1, count, share) > 1 - confidence, count) - 1
    high = _first(lambda rank: at_most(rank - 1, count, share) >= confidence, count)
    return QuantileEstimate(
        histogram.quantile(share),
        histogram.bounds_at_rank(low)[0] if 1 <= low <= count else None,
        _finite(histogram.bounds_at_rank(high)[1]) if high <= count else None,
    )


def _finite(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) else None


def _first(holds: Callable[[int], bool], count: int) -> int:
    """The first rank from 1 to `count` that holds; `count` + 1 where none does. What holds once holds from there on."""
    low, high = 1, count + 1
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """One quantile of both sides, and the candidate's divided by the monolith's: as seen, and where it surely lies."""

    quantile: float
    candidate: QuantileEstimate
    monolith: QuantileEstimate
    ratio: float | None
    low: float | None
    high: float | None
    judgement: Judgement

    def to_json(self) -> dict[str, Any]:
        """The row as a JSON document."""
        return {
            "quantile": self.quantile,
            "candidate": self.candidate.to_json(),
            "monolith": self.monolith.to_json(),
            "ratio": self.ratio,
            "low": self.low,
            "high": self.high,
            **self.judgement.to_json(),
        }


@dataclass(frozen=True, slots=True)
class LatencyComparison:
    """Times of both sides in comparable positions, quantile by quantile. `enough` says that there are as many times as
    the highest quantile takes."""

    candidate_position: str
    monolith_position: str
    candidate_count: int
    monolith_count: int
    enough: bool
    rows: tuple[LatencyRow, ...]
    judgement: Judgement

    def to_json(self) -> dict[str, Any]:
        """The comparison as a JSON document."""
        return {
            "candidate": {"position": self.candidate_position, "count": self.candidate_count},
            "monolith": {"position": self.monolith_position, "count": self.monolith_count},
            "rows": [row.to_json() for row in self.rows],
            **self.judgement.to_json(),
        }


def latency_of(
    evidence: Evidence, *, margin: float = MARGIN, confidence: float = 0.95, quantiles: Sequence[float] = QUANTILES
) -> tuple[LatencyComparison, ...]:
    """Every comparison of times that the evidence of a scope allows: first with first, then second with again."""
    found = []
    for positions in _POSITIONS:
        candidate = evidence.latency.get(("candidate", positions[0]))
        monolith = evidence.latency.get(("monolith", positions[1]))
        if candidate is not None and monolith is not None and candidate.count and monolith.count:
            found.append(compare_latency(candidate, monolith, positions, margin, confidence, quantiles))
    return tuple(found)


def judge_latency(comparisons: Sequence[LatencyComparison]) -> Judgement:
    """What the comparisons come to: the first one that has enough times decides, whatever it says, else the last."""
    if not comparisons:
        return Judgement(
            GateVerdict.INCONCLUSIVE,
            "No times can be compared: the candidate's are of copies, and the monolith was not asked again.",
        )
    return next((each for each in comparisons if each.enough), comparisons[-1]).judgement


def compare_latency(
    candidate: Histogram,
    monolith: Histogram,
    positions: tuple[str, str],
    margin: float = MARGIN,
    confidence: float = 0.95,
    quantiles: Sequence[float] = QUANTILES,
) -> LatencyComparison:
    """Whether each quantile of the candidate is surely at most `margin` times the monolith's. `positions` name where
    they were taken, the candidate's first."""
    rows = tuple(_row(candidate, monolith, quantile, margin, confidence) for quantile in quantiles)
    return LatencyComparison(
        *positions,
        candidate.count,
        monolith.count,
        enough=min(candidate.count, monolith.count) >= _needed(max(quantiles), confidence),
        rows=rows,
        judgement=Judgement.all_of(row.judgement for row in rows),
    )


def _row(candidate: Histogram, monolith: Histogram, quantile: float, margin: float, confidence: float) -> LatencyRow:
    each = (1 + confidence) / 2
    new, old = quantile_of(candidate, quantile, each), quantile_of(monolith, quantile, each)
    ratio = new.seen / old.seen if new.seen is not None and old.seen else None
    low = new.low / old.high if new.low is not None and old.high else None
    high = new.high / old.low if new.high is not None and old.low else None
    name = f"p{quantile * 100:g}"
    if high is not None and high <= margin:
        verdict, reason = GateVerdict.PASS, f"{name} of the candidate is at most {high:.2f} times the monolith's."
    elif low is not None and low > margin:
        verdict = GateVerdict.FAIL
        reason = f"{name} of the candidate is at least {low:.2f} times the monolith's; {margin:.2f} is allowed."
    elif high is None:
        verdict = GateVerdict.INCONCLUSIVE
        few = min(candidate.count, monolith.count)
        reason = f"{name} needs {_needed(quantile, confidence)} times of each side, and has {few}."
    else:
        verdict = GateVerdict.INCONCLUSIVE
        reason = f"{name} of the candidate may be up to {high:.2f} times the monolith's; {margin:.2f} is allowed."
    return LatencyRow(quantile, new, old, ratio, low, high, Judgement(verdict, reason))


def _needed(quantile: float, confidence: float) -> int:
    """With fewer times of a side than that, its quantile has no bound on one side or the other."""
    wrong = (1 - confidence) / 2
    return math.ceil(math.log(wrong) / math.log(max(quantile, 1 - quantile)))
