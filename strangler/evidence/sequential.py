"""Tests that hold however often one looks, so that a move can be taken back at the first moment that shows it is bad.

A fixed test that is repeated at every request finds, sooner or later, something wrong with anybody. Each test here is a
wager against the claim that the candidate is as good as is wanted: a fortune that starts at 1 and that is, whatever one
does, not expected to grow as long as the claim is true. That it is ever 1 / `alarm` or more has then at most the
probability `alarm`, over all looks together (Ville's inequality). Everything is in natural logarithms of that fortune.

Which odds are best to bet on depends on how bad the candidate is. Nobody knows, so the fortune is divided over several
(a mixture of likelihood ratios), which costs at most the logarithm of their number.

Sources: J. Ville, Étude critique de la notion de collectif, Gauthier-Villars (1939), chapter V; H. Robbins,
"Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41 (1970),
1397-1409; S. R. Howard, A. Ramdas, J. McAuliffe and J. Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence
sequences", Annals of Statistics 49 (2021), 1055-1080; G. Shafer, "Testing by betting", Journal of the Royal Statistical
Society A 184 (2021), 407-431; R. Johari, P. Koomen, L. Pekelis and D. Walsh, "Always valid inference: continuous
monitoring of A/B tests", Operations Research 70 (2022), 1806-1821. That of two counts only their division tells which
rate is the greater is from J. Przyborowski and H. Wilenski, "Homogeneity of results in testing samples from Poisson
series", Biometrika 31 (1940), 313-323.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from strangler.evidence.histogram import Histogram

__all__ = [
    "ALARM",
    "BUDGET",
    "TESTS",
    "Failures",
    "Slower",
    "Step",
    "against_excess",
    "against_share",
    "against_slower",
    "alarm_of",
    "never_above",
    "slower",
    "steps_of",
    "surely",
]

BUDGET: Final = 0.003
"""In at most this share of whole rollouts a candidate that is as good as is wanted is taken back."""

TESTS: Final = 4
"""Gates that fail by such a test: agreement, transient, errors and latency."""

_STAGES: Final = 5
_HALVINGS: Final = 60

_ODDS: Final = (1.25, 1.6, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 1000.0)
"""How many times worse than allowed the candidate may be, in odds; the fortune begins in equal parts on each."""


def alarm_of(stages: int, budget: float = BUDGET) -> float:
    """The false alarms that one gate may give in one stage, so that a rollout of so many `stages` (1 or more), with all
    gates together, has at most `budget` of them. It is divided evenly (Bonferroni), which holds whatever the gates have
    to do with each other. Raises ValueError for less than one stage."""
    if stages < 1:
        raise ValueError(f"a rollout has at least one stage, not {stages}")
    return budget / (stages * TESTS)


ALARM: Final = alarm_of(_STAGES)
"""The default: 0.00015, for rollouts of five stages."""


def surely(evidence: float, alarm: float) -> bool:
    """Whether so much evidence is enough: over all looks together it is so, against a true claim, with a probability of
    at most `alarm`."""
    return evidence >= -math.log(alarm)


def against_share(count: int, trials: int, allowed: float) -> float:
    """The evidence against the claim that each of `trials`, whatever came before, is a hit with a probability of at
    most `allowed`, when `count` of them are. Against "at least": count what is no hit, and allow the rest."""
    if allowed <= 0:
        return math.inf if count else 0.0
    allowed = min(allowed, 1.0)
    # Of all shares up to `allowed`, that one is the hardest to tell from a greater one: the claim is held to it.
    return _mixed([count * math.log(odds) - trials * math.log1p(allowed * (odds - 1)) for odds in _ODDS])


def never_above(count: int, trials: int, alarm: float) -> float:
    """The share that is surely not less than the true one, at all looks together; 1.0 without trials."""
    low, high = (count / trials if trials else 1.0), 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if surely(against_share(trials - count, trials, 1 - middle), alarm):
            high = middle
        else:
            low = middle
    return high


class Failures(NamedTuple):
    """What both sides were asked in the same time, and how much of it each failed."""

    candidate: int
    candidate_failed: int
    monolith: int
    monolith_failed: int


def against_excess(spans: Iterable[Failures], margin: float = 0.0) -> float:
    """The evidence against the claim that in each span the candidate's rate of failures surpasses the monolith's by at
    most `margin`. That rate may be any, and another one in each span: a database that fails everybody proves nothing.

    Given that something failed, the candidate's part of the failures is at most its part of the requests, but for those
    that the margin allows. So each failure of its is a gain, each of the monolith's a loss, and each of its requests a
    loss for the margin: exp(a x - b y - margin n (exp(a) - 1)) with x of its n requests failed, and y of the monolith's
    N. Where n (exp(a) - 1) = N (1 - exp(-b)), that is expected to be at most 1 for every rate, for the chance of a
    failure is at most that of one in a Poisson process of the same rate; without a margin it is the likelihood ratio
    of the conditional binomial. A span in which only one side was asked tells nothing.
    """
    # Each with the candidate's part of its requests; without a margin only what failed tells anything.
    told = [
        (each.candidate / (each.candidate + each.monolith), *each)
        for each in spans
        if each.candidate and each.monolith and (margin or each.candidate_failed or each.monolith_failed)
    ]
    fortunes = []
    for odds in _ODDS:
        fortune, log_odds = 0.0, math.log(odds)
        for part, asked, failed, _, others_failed in told:
            # By which factor a failure of the monolith's divides the fortune; one of the candidate's: odds / loss.
            loss = 1 + part * (odds - 1)
            fortune -= margin * asked * (odds / loss - 1)
            if failed or others_failed:
                fortune += failed * log_odds - (failed + others_failed) * math.log(loss)
        fortunes.append(fortune)
    return _mixed(fortunes)


def against_slower(candidate: Sequence[Sequence[int]], monolith: Sequence[Sequence[int]]) -> float:
    """The evidence against the claim that in no span more of the candidate's times than of the monolith's surpass any
    bound. Both have one row a span, with how many times were in which bucket, in ascending order. As with failures,
    each span may have times of its own: an hour in which everybody is slow proves nothing."""
    bounds = len(candidate[0]) - 1 if candidate else 0
    fortunes = [
        against_excess(
            Failures(sum(own), sum(own[bound:]), sum(other), sum(other[bound:]))
            for own, other in zip(candidate, monolith, strict=True)
        )
        for bound in range(1, bounds + 1)
    ]
    return _mixed(fortunes) if fortunes else 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """How many times lay between `low` and `high`, in seconds."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Slower:
    """That a quantile of the monolith's times is surely at most `monolith`, and the candidate's at least `candidate`;
    in seconds."""

    monolith: float
    candidate: float


def slower(
    candidate: Sequence[Step], monolith: Sequence[Step], *, ratio: float, quantile: float, alarm: float
) -> Slower | None:
    """Whether the candidate's quantile is surely more than `ratio` times the monolith's; None where it is not sure.

    The monolith's is at most a time which surely fewer than 1 - `quantile` surpass; the candidate's is at least a time
    which surely more than that surpass. Each is sure to half of `alarm`. That every time is tried costs nothing: the
    sets of those that surpass a time lie within each other, so that where one claim is wrong, the one at the quantile
    itself is. The width of the buckets is on the candidate's side: of the monolith a bucket's upper end is taken, of
    the candidate its lower one. Steps are in ascending order.
    """
    most = _least_time(monolith, quantile, alarm / 2)
    if most is None:
        return None
    trials = above = sum(step.count for step in candidate)
    for step in candidate:
        if step.low >= ratio * most:
            sure = surely(against_share(above, trials, 1 - quantile), alarm / 2)
            return Slower(most, step.low) if sure else None
        above -= step.count
    return None


def _least_time(steps: Sequence[Step], quantile: float, alarm: float) -> float | None:
    """The least upper end of a step which surely fewer than 1 - `quantile` of the times surpass."""
    trials = sum(step.count for step in steps)
    within = 0
    for step in steps:
        within += step.count
        if within and math.isfinite(step.high) and surely(against_share(within, trials, quantile), alarm):
            return step.high
    return None


def steps_of(times: Histogram) -> list[Step]:
    """The buckets of a histogram in which there is something."""
    steps = []
    rank = 0
    for number in sorted(times.buckets):
        count = times.buckets[number]
        if count:
            rank += count
            steps.append(Step(*times.bounds_at_rank(rank), count))
    return steps


def _mixed(fortunes: Sequence[float]) -> float:
    """The logarithm of the mean of what these are the logarithms of."""
    most = max(fortunes)
    return most + math.log(sum(math.exp(each - most) for each in fortunes) / len(fortunes))
