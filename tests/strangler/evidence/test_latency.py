from __future__ import annotations

import math
import random

import pytest

from strangler.evidence import Evidence, Histogram
from strangler.evidence.gate_verdict import GateVerdict
from strangler.evidence.latency import compare_latency, judge_latency, latency_of, quantile_of

PASS, FAIL, INCONCLUSIVE = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INCONCLUSIVE


def histogram(source: random.Random, count: int, *, median: float = 0.02, spread: float = 0.5) -> Histogram:
    made = Histogram()
    for _ in range(count):
        made.add(median * math.exp(source.gauss(0, spread)))
    return made


def times(**places: Histogram) -> Evidence:
    made = Evidence()
    for place, found in places.items():
        side, _, position = place.partition("_")
        made.histogram(side, position).merge(found)
    return made


def test_first_is_never_compared_with_second() -> None:
    source = random.Random(1)
    found = histogram(source, 2000)
    assert latency_of(times(monolith_first=found, candidate_second=found)) == ()
    assert latency_of(times(monolith_second=found, candidate_first=found)) == ()
    assert judge_latency(()).verdict is INCONCLUSIVE
    (shadow,) = latency_of(times(monolith_first=found, monolith_again=found, candidate_second=found))
    assert (shadow.candidate_position, shadow.monolith_position) == ("second", "again")
    (canary,) = latency_of(times(monolith_first=found, monolith_second=found, candidate_first=found))
    assert (canary.candidate_position, canary.monolith_position) == ("first", "first")


def test_times_of_the_customers_decide_where_there_are_enough_of_them() -> None:
    source = random.Random(2)
    good, slow, few = histogram(source, 5000), histogram(source, 5000, median=0.08), histogram(source, 20)
    places = {"monolith_first": good, "monolith_again": good, "candidate_second": slow}
    assert judge_latency(latency_of(times(**places, candidate_first=good), margin=1.3)).verdict is PASS
    assert judge_latency(latency_of(times(**places, candidate_first=few), margin=1.3)).verdict is FAIL


@pytest.mark.parametrize(
    ("median", "count", "verdict"),
    [
        (0.01, 5000, PASS),
        (0.02, 100_000, PASS),
        (0.02, 30, INCONCLUSIVE),
        (0.04, 5000, FAIL),
        (0.022, 400, INCONCLUSIVE),
    ],
)
def test_a_candidate_is_compared_by_every_quantile(median: float, count: int, verdict: GateVerdict) -> None:
    source = random.Random(3)
    found = compare_latency(
        histogram(source, count, median=median), histogram(source, count), ("second", "again"), margin=1.15
    )
    assert found.judgement.verdict is verdict
    assert [row.quantile for row in found.rows] == [0.5, 0.95, 0.99]


def test_a_slow_tail_fails_alone() -> None:
    source = random.Random(4)
    tail = histogram(source, 9700)
    tail.merge(histogram(source, 300, median=3.0))
    found = compare_latency(tail, histogram(source, 10_000), ("second", "again"))
    assert found.rows[2].judgement.verdict is FAIL
    assert found.judgement.verdict is FAIL
    assert "p99" in found.judgement.reason


def test_with_too_few_times_it_is_said_how_many_it_takes() -> None:
    source = random.Random(5)
    found = compare_latency(histogram(source, 367), histogram(source, 100_000), ("second", "again"))
    assert found.rows[2].high is None
    assert "p99 needs 368 times of each side, and has 367" in found.rows[2].judgement.reason
    assert not found.enough
    found = compare_latency(histogram(source, 368), histogram(source, 100_000), ("second", "again"))
    assert found.rows[2].high is not None
    assert found.enough


def test_ranks_are_those_of_the_tables() -> None:
    """Of 100 the interval of the median at 95 % is from the 40th to the 61st (Conover; David and Nagaraja, 7.1)."""
    found = Histogram()
    for number in range(100):
        found.add(0.001 * 1.1**number)
    median = quantile_of(found, 0.5, 0.975)
    assert median.low is not None
    assert median.high is not None
    assert median.low <= 0.001 * 1.1**39 <= median.low * 1.04
    assert median.high / 1.04 <= 0.001 * 1.1**60 <= median.high


def test_what_is_longer_than_is_counted_has_no_upper_bound() -> None:
    endless = Histogram()
    endless.add(math.inf, 1000)
    found = compare_latency(endless, endless, ("first", "first"))
    assert all(row.high is None for row in found.rows)
    assert found.judgement.verdict is INCONCLUSIVE


def test_an_empty_histogram_has_no_quantiles() -> None:
    nothing = quantile_of(Histogram(), 0.5, 0.95)
    assert (nothing.seen, nothing.low, nothing.high) == (None, None, None)


@pytest.mark.parametrize("quantile", [0.5, 0.95])
def test_the_interval_holds_the_true_quantile_as_often_as_it_says(quantile: float) -> None:
    source = random.Random(6)
    true = 0.02 * math.exp(0.5 * {0.5: 0.0, 0.95: 1.6448536}[quantile])
    draws, missed = 300, 0
    for _ in range(draws):
        found = quantile_of(histogram(source, 150), quantile, 0.975)
        missed += (found.low is not None and found.low > true) or (found.high is not None and found.high < true)
    assert missed / draws <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)


def test_a_candidate_at_the_margin_passes_no_more_often_than_it_may() -> None:
    """False passes, over seeded draws: each time the candidate is exactly as much slower as would be too much."""
    source = random.Random(7)
    draws = 200
    passed = sum(
        compare_latency(
            histogram(source, 400, median=0.02 * 1.2), histogram(source, 400), ("first", "first"), margin=1.2
        ).judgement.verdict
        is PASS
        for _ in range(draws)
    )
    assert passed / draws <= 0.05


def test_an_equal_candidate_passes_when_there_is_enough() -> None:
    source = random.Random(8)
    for _ in range(20):
        candidate, monolith = histogram(source, 4000), histogram(source, 4000)
        assert compare_latency(candidate, monolith, ("first", "first"), margin=1.5).judgement.verdict is PASS
