"""How surely the sides agree."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from strangler.compare.cause import Cause
from strangler.compare.values import Verdict
from strangler.evidence.binomial import difference_interval, lower_bound, trials_needed, upper_bound
from strangler.evidence.evidence import Evidence
from strangler.evidence.gate_verdict import GateVerdict, Judgement
from strangler.evidence.percent import percent

__all__ = [
    "BOUND",
    "CONFIDENCE",
    "Agreement",
    "AgreementWanted",
    "Change",
    "Told",
    "agreement_of",
    "change_of",
    "told_by",
]

BOUND: Final = 0.999
CONFIDENCE: Final = 0.95
_EXHAUSTED: Final = 50
"""So many pairs of each distinct input, and the inputs seen are taken for those that there are."""
_OPEN: Final = frozenset({Cause.FALLBACK, Cause.UNCHECKED})
"""Of these pairs it is known that the sides differed, or that the candidate failed, and not whether that is excused."""
_SURE: Final = 2.0
"""A distinct count is taken this many standard errors lower than estimated."""


@dataclass(frozen=True, slots=True)
class AgreementWanted:
    """What a route must show: `bound` is the share of agreeing pairs that it must surely have (default 0.999), with
    `confidence` (default 0.95), from at least `pairs` pairs (default 1: as many as the bound takes) of which at most
    the share `inconclusive` tells nothing (default 0.1), for what tells nothing may hide a difference."""

    bound: float = BOUND
    confidence: float = CONFIDENCE
    pairs: int = 1
    inconclusive: float = 0.1


@dataclass(frozen=True, slots=True)
class Agreement:
    """Pairs by their verdicts, and the lower confidence bounds of the share of those that agree among those that tell
    something. Warnings are no disagreement. Of the inconclusive ones `open` are those in which a difference or a
    failure was seen that nobody has looked into: until somebody has, the bounds take them for differing ones.

    Pairs of the same input agree or differ together, so a thousand of them are hardly more than one. `inputs` is how
    many distinct ones there surely were, and `input_bound` the bound as if each had been asked once and every differing
    pair were of another one. `bound` is the one to go by: the smaller of the two, but that of the pairs once there were
    50 of each input (`exhausted`): then hardly an input is left that was not seen, and a list of categories, which has
    one address, could otherwise never be trusted. `ceiling` is the upper bound, by pairs.
    """

    agree: int
    differ: int
    inconclusive: int
    open: int
    inputs: int
    confidence: float
    pair_bound: float
    input_bound: float
    ceiling: float

    @property
    def pairs(self) -> int:
        """All pairs."""
        return self.agree + self.differ + self.inconclusive

    @property
    def exhausted(self) -> bool:
        """Whether the inputs that were seen are, but for rare ones, all that are ever asked for."""
        return 0 < self.inputs * _EXHAUSTED <= self.agree + self.differ

    @property
    def bound(self) -> float:
        """The share of pairs that surely agree."""
        return self.pair_bound if self.exhausted else min(self.pair_bound, self.input_bound)

    def judged(self, wanted: AgreementWanted) -> Judgement:
        """Whether that is as much as is wanted. It fails only where it is sure that it does not agree as often."""
        told = self.agree + self.differ
        if not told:
            why = "There are no pairs." if not self.pairs else f"All {self.pairs} pairs are inconclusive."
            return Judgement(GateVerdict.INCONCLUSIVE, why)
        if self.ceiling < wanted.bound:
            most, least = percent(self.ceiling), percent(wanted.bound)
            why = f"{self.differ} of {told} pairs differ: at most {most} agree, and {least} is wanted."
            return Judgement(GateVerdict.FAIL, why)
        if self.inconclusive > wanted.inconclusive * self.pairs:
            share = f"{self.inconclusive} of {self.pairs} pairs are inconclusive"
            return Judgement(
                GateVerdict.INCONCLUSIVE, f"{share}, and at most {percent(wanted.inconclusive)} of them may be."
            )
        if self.pairs < wanted.pairs:
            why = f"There are {self.pairs} pairs, and {wanted.pairs} are wanted."
            return Judgement(GateVerdict.INCONCLUSIVE, why)
        if self.bound >= wanted.bound:
            seen = f"{self.agree} of {told + self.open}, {_distinct(self.inputs)}"
            why = f"At least {percent(self.bound)} of pairs agree ({seen})."
            return Judgement(GateVerdict.PASS, why)
        return Judgement(GateVerdict.INCONCLUSIVE, self._lacking(wanted))

    def _lacking(self, wanted: AgreementWanted) -> str:
        needed = trials_needed(wanted.bound, self.differ + self.open, wanted.confidence)
        sure = f"At least {percent(self.bound)} agree, and {percent(wanted.bound)} is wanted"
        if self.open:
            sure = f"{sure}; {self.open} unchecked differences and failures count as differing"
        if needed is None:
            return f"{sure}, which no number of pairs shows."
        if self.pair_bound >= wanted.bound:
            told = "there is 1 input" if self.inputs == 1 else f"there are {self.inputs} inputs"
            enough = f"{_distinct(needed)}, or {_EXHAUSTED} pairs of each"
            return f"{sure}: it takes {enough}; {told} in {self.agree + self.differ} pairs."
        return f"{sure}: it takes {needed} pairs, of which there are {self.agree + self.differ + self.open}."

    def to_json(self) -> dict[str, Any]:
        """The agreement as a JSON document."""
        return {
            "pairs": self.pairs,
            "agree": self.agree,
            "differ": self.differ,
            "inconclusive": self.inconclusive,
            "open": self.open,
            "inputs": self.inputs,
            "confidence": self.confidence,
            "bound": self.bound,
            "pair_bound": self.pair_bound,
            "input_bound": self.input_bound,
            "exhausted": self.exhausted,
            "ceiling": self.ceiling,
        }


class Told(NamedTuple):
    """How many pairs have which verdict, and how many of the inconclusive ones are `open`, as in `Agreement`."""

    agree: int
    differ: int
    inconclusive: int
    open: int


def told_by(evidence: Evidence, group: str | None = None) -> Told:
    """What all pairs of a scope tell, or those of one group of customers."""
    counts: Counter[Verdict] = Counter()
    unsettled = 0
    for key, tally in evidence.pairs.items():
        if group in (None, key.group):
            counts[key.verdict] += tally.count
            unsettled += tally.count if key.verdict is Verdict.INCONCLUSIVE and key.cause in _OPEN else 0
    return Told(counts[Verdict.AGREE], counts[Verdict.DIFFER], counts[Verdict.INCONCLUSIVE], unsettled)


def agreement_of(evidence: Evidence, confidence: float = CONFIDENCE, *, group: str | None = None) -> Agreement:
    """How surely the sides agree by all evidence of a scope, or by the pairs of one group of customers alone. Of whom
    inputs are is not known: a group has as many distinct ones as its share of the pairs."""
    everybody = sum(tally.count for tally in evidence.pairs.values())
    agree, differ, inconclusive, unsettled = told_by(evidence, group)
    told = agree + differ
    shown = told + unsettled
    inputs = _inputs(evidence, shown, everybody)
    return Agreement(
        agree=agree,
        differ=differ,
        inconclusive=inconclusive,
        open=unsettled,
        inputs=inputs,
        confidence=confidence,
        pair_bound=lower_bound(agree, shown, confidence),
        input_bound=lower_bound(max(0, inputs - differ - unsettled), inputs, confidence),
        ceiling=upper_bound(agree, told, confidence),
    )


def _distinct(inputs: int) -> str:
    return f"{inputs} distinct input{'' if inputs == 1 else 's'}"


def _inputs(evidence: Evidence, told: int, pairs: int) -> int:
    """How many distinct inputs surely stand behind so many of all pairs."""
    targets = evidence.distinct.get("targets")
    if targets is None or not pairs:
        return 0
    surely = targets.estimate() * (1 - _SURE * targets.error)
    # Which inputs the other pairs were of is not known: as many as their share.
    return min(told, math.floor(surely * told / pairs))


@dataclass(frozen=True, slots=True)
class Change:
    """How often the sides differed for a moment only (`transient` of `pairs`), beside how often the monolith's own
    answer was another one when it was asked again (`changed` of `asked`). `low` and `high` are where the first share
    less the second lies, with `confidence`."""

    transient: int
    pairs: int
    changed: int
    asked: int
    confidence: float
    low: float
    high: float

    def judged(self, margin: float = 0.01) -> Judgement:
        """Whether the candidate lags behind no more often than the monolith changes, give or take `margin`."""
        if not self.pairs or not self.asked:
            return Judgement(
                GateVerdict.INCONCLUSIVE, "The monolith was not asked again, so its own changes are not known."
            )
        own = f"{self.changed} of {self.asked} of the monolith's answers changed"
        said = f"{self.transient} of {self.pairs} pairs differed for a moment, {own}"
        if self.high <= margin:
            return Judgement(GateVerdict.PASS, f"{said}.")
        if self.low > margin:
            return Judgement(
                GateVerdict.FAIL, f"{said}: at least {percent(self.low)} more; {percent(margin)} is allowed."
            )
        return Judgement(GateVerdict.INCONCLUSIVE, f"{said}: too few to tell them apart.")

    def to_json(self) -> dict[str, Any]:
        """The change as a JSON document."""
        return {
            "transient": self.transient,
            "pairs": self.pairs,
            "changed": self.changed,
            "asked": self.asked,
            "confidence": self.confidence,
            "low": self.low,
            "high": self.high,
        }


def change_of(evidence: Evidence, confidence: float = CONFIDENCE) -> Change:
    """How often the sides differed for a moment only, beside the monolith's own changes."""
    transient = told = 0
    for key, tally in evidence.pairs.items():
        passing = key.verdict is Verdict.INCONCLUSIVE and key.cause == Cause.TRANSIENT
        transient += tally.count if passing else 0
        told += tally.count if passing or key.verdict is not Verdict.INCONCLUSIVE else 0
    low, high = difference_interval(transient, told, evidence.changed, evidence.asked, confidence)
    return Change(transient, told, evidence.changed, evidence.asked, confidence, low, high)
