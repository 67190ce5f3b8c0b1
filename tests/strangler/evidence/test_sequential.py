"""Tests that hold at every look: exact small cases, what they may not do, and simulated false alarms and power."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strangler.evidence import Histogram
from strangler.evidence.binomial import upper_bound
from strangler.evidence.sequential import (
    ALARM,
    BUDGET,
    TESTS,
    Failures,
    Slower,
    Step,
    against_excess,
    against_share,
    against_slower,
    alarm_of,
    never_above,
    slower,
    steps_of,
    surely,
)

ODDS = (1.25, 1.6, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 1000.0)


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def test_the_alarms_of_all_gates_in_all_stages_are_no_more_than_the_budget() -> None:
    assert pytest.approx(0.00015) == ALARM
    for stages in (1, 2, 5, 40):
        assert stages * TESTS * alarm_of(stages) == pytest.approx(BUDGET)
    with pytest.raises(ValueError, match="at least one stage"):
        alarm_of(0)


def test_a_share_is_wagered_on_as_it_is_said() -> None:
    # One trial, allowed one in ten: a hit multiplies each part by odds / (0.9 + 0.1 odds), a miss divides it by that.
    hit = mean([odds / (0.9 + 0.1 * odds) for odds in ODDS])
    miss = mean([1 / (0.9 + 0.1 * odds) for odds in ODDS])
    assert math.exp(against_share(1, 1, 0.1)) == pytest.approx(hit)
    assert math.exp(against_share(0, 1, 0.1)) == pytest.approx(miss)
    # It is a fair wager where the share is what is allowed.
    assert 0.1 * hit + 0.9 * miss == pytest.approx(1)


def test_a_wager_on_failures_is_that_of_the_conditional_binomial() -> None:
    # Of 10 requests the candidate had 2. Given one failure, it is its with a chance of 2 / (2 + 8), or odds times it.
    its = mean([odds * 10 / (2 * odds + 8) for odds in ODDS])
    not_its = mean([10 / (2 * odds + 8) for odds in ODDS])
    assert math.exp(against_excess([Failures(2, 1, 8, 0)])) == pytest.approx(its)
    assert math.exp(against_excess([Failures(2, 0, 8, 1)])) == pytest.approx(not_its)
    assert 0.2 * its + 0.8 * not_its == pytest.approx(1)
    # What nobody failed tells nothing, but that failures which the margin allows did not come.
    assert against_excess([Failures(2, 0, 8, 0)]) == pytest.approx(0)
    assert against_excess([Failures(2, 0, 8, 0)], 0.01) < 0


def test_nothing_is_told_by_nothing() -> None:
    assert against_share(0, 0, 0.1) == pytest.approx(0)
    assert against_share(5, 5, 1.0) == pytest.approx(0)
    assert against_share(5, 6, 1.5) < 0
    assert against_share(0, 5, 0.0) == 0
    assert against_share(1, 5, 0.0) == math.inf
    assert against_excess([]) == 0
    assert against_excess([Failures(50, 50, 0, 0), Failures(0, 0, 50, 0)]) == 0
    assert never_above(0, 0, 0.01) == 1
    assert slower([], [], ratio=1.2, quantile=0.95, alarm=0.01) is None


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.001, 0.999), st.sampled_from([0.05, 0.001]))
@settings(max_examples=60)
def test_more_hits_tell_more_and_more_that_is_allowed_tells_less(
    hits: int, misses: int, allowed: float, alarm: float
) -> None:
    trials = hits + misses
    here = against_share(hits, trials, allowed)
    assert against_share(hits + 1, trials + 1, allowed) >= here - 1e-9
    assert against_share(hits, trials + 1, allowed) <= here + 1e-9
    assert against_share(hits, trials, min(1.0, allowed * 1.1)) <= here + 1e-9
    highest = never_above(hits, trials, alarm)
    assert hits <= highest * trials + 1e-9
    # To hold at every look costs something.
    assert highest >= upper_bound(hits, trials, 1 - alarm) - 1e-9


@given(st.lists(st.tuples(*[st.integers(1, 50)] * 4), min_size=1, max_size=6), st.floats(0, 0.05))
@settings(max_examples=60)
def test_a_failure_of_the_candidate_tells_against_it_and_one_of_the_monolith_for_it(
    found: list[tuple[int, int, int, int]], margin: float
) -> None:
    spans = [Failures(n + x, x, m + y, y) for n, x, m, y in found]
    here, first = against_excess(spans, margin), spans[0]
    worse = [first._replace(candidate_failed=first.candidate_failed + 1), *spans[1:]]
    better = [first._replace(monolith_failed=first.monolith_failed + 1), *spans[1:]]
    assert against_excess(worse, margin) >= here >= against_excess(better, margin)
    assert against_excess(spans, margin + 0.01) <= here
    # Where each time has its own rate, it does not matter in which order they came.
    assert against_excess(spans[::-1], margin) == pytest.approx(here)


def looks(seed: int, rounds: int, alarming: Callable[[random.Random], bool]) -> float:
    source = random.Random(seed)
    return sum(alarming(source) for _ in range(rounds)) / rounds


def test_looking_at_every_request_gives_no_more_false_alarms_than_are_allowed() -> None:
    """With a chance of 5 %, looked at after each of 400 requests: a fixed test at 5 % would err in a third of them."""

    def share(source: random.Random) -> bool:
        hits = 0
        for trials in range(1, 401):
            hits += source.random() < 0.05
            if surely(against_share(hits, trials, 0.05), 0.05):
                return True
        return False

    def errors(source: random.Random) -> bool:
        """Both fail 2 % and now and then, together, half of all requests; the candidate 1 % more, which is allowed."""
        spans: list[Failures] = []
        for _ in range(60):
            rate = 0.5 if source.random() < 0.1 else 0.02
            asked, others = source.randrange(1, 12), 20
            spans.append(
                Failures(
                    asked,
                    sum(source.random() < rate + 0.01 for _ in range(asked)),
                    others,
                    sum(source.random() < rate for _ in range(others)),
                )
            )
            if surely(against_excess(spans, 0.01), 0.05):
                return True
        return False

    assert looks(1, 200, share) <= 0.05
    assert looks(2, 100, errors) <= 0.05


def test_a_share_at_the_limit_is_seldom_believed_to_be_below_it_whenever_one_looks() -> None:
    def wrong(source: random.Random) -> bool:
        hits = 0
        for trials in range(1, 301):
            hits += source.random() < 0.1
            # Asked of the wager itself, for the bound is found by trying.
            if surely(against_share(trials - hits, trials, 0.9), 0.05):
                assert never_above(hits, trials, 0.05) <= 0.1 + 1e-9
                return True
        return False

    assert looks(3, 200, wrong) <= 0.05


def requests_until(rate: float, allowed: float, seed: int) -> list[int]:
    source = random.Random(seed)
    found = []
    for _ in range(41):
        hits = trials = 0
        while not surely(against_share(hits, trials, allowed), ALARM):
            trials += 1
            hits += source.random() < rate
        found.append(trials)
    return sorted(found)


@pytest.mark.parametrize(
    ("rate", "allowed", "median", "nearly_all"), [(0.01, 0.001, 900, 2200), (0.05, 0.001, 110, 300), (1.0, 0.001, 2, 2)]
)
def test_wrong_answers_are_found_within_what_the_reference_says(
    rate: float, allowed: float, median: int, nearly_all: int
) -> None:
    found = requests_until(rate, allowed, 4)
    assert found[20] <= median
    assert found[38] <= nearly_all


@pytest.mark.parametrize(("rate", "within"), [(0.02, 3000), (0.05, 350), (0.2, 60), (1.0, 6)])
def test_failures_at_a_share_of_5_percent_are_found_within_what_the_reference_says(rate: float, within: int) -> None:
    source = random.Random(5)
    found = []
    for _ in range(21):
        asked = failed = 0
        while not surely(against_excess([Failures(asked, failed, asked * 19, 0)], 0.005), ALARM):
            asked += 1
            failed += source.random() < rate
        found.append(asked)
    assert sorted(found)[10] <= within


def test_a_failing_database_which_both_sides_have_alarms_nobody() -> None:
    quiet, outage = Failures(100, 0, 1900, 2), Failures(100, 60, 1900, 1140)
    assert against_excess([quiet, outage, quiet], 0.005) < 0
    # The same failures, all the candidate's.
    assert surely(against_excess([quiet, Failures(100, 60, 1900, 0), quiet], 0.005), ALARM)


def steps(*counts: int) -> list[Step]:
    bounds = [0.0, 0.01, 0.02, 0.05, 0.1, math.inf]
    return [Step(low, high, count) for low, high, count in zip(bounds, bounds[1:], counts, strict=False)]


def test_a_slower_candidate_is_told_from_one_in_the_next_bucket() -> None:
    monolith = steps(900, 90, 10, 0, 0)
    # p95 of the monolith is at most 20 ms. 1.2 times that is within the bucket that ends at 50 ms.
    found = slower(steps(0, 0, 0, 60, 40), monolith, ratio=1.2, quantile=0.95, alarm=ALARM)
    assert found == Slower(monolith=0.02, candidate=0.05)
    # All of it between 20 and 50 ms may be 24 ms, which is allowed.
    assert slower(steps(0, 0, 1000, 0, 0), monolith, ratio=1.2, quantile=0.95, alarm=ALARM) is None
    assert slower(steps(0, 0, 1000, 0, 0), monolith, ratio=1.0, quantile=0.95, alarm=ALARM) is not None
    # A few slow ones are less than one in twenty; and a monolith of which little is known is no measure.
    assert slower(steps(900, 60, 0, 40, 0), monolith, ratio=1.2, quantile=0.95, alarm=ALARM) is None
    assert slower(steps(0, 0, 0, 60, 40), steps(90, 9, 1, 0, 0), ratio=1.2, quantile=0.95, alarm=ALARM) is None
    # What is in the last bucket has no upper end: the monolith's quantile may be anything.
    assert slower(steps(0, 0, 0, 0, 100), steps(0, 0, 0, 0, 100), ratio=1.2, quantile=0.95, alarm=ALARM) is None


def test_a_candidate_at_the_limit_is_seldom_called_too_slow_whenever_one_looks() -> None:
    bounds = [0.0, *(0.001 * 1.3**number for number in range(40)), math.inf]

    def counted(times: list[float]) -> list[Step]:
        return [Step(low, high, sum(low < each <= high for each in times)) for low, high in pairwise(bounds)]

    def wrong(source: random.Random) -> bool:
        mine: list[float] = []
        others: list[float] = []
        for _ in range(25):
            others += [0.02 * math.exp(source.gauss(0, 0.5)) for _ in range(20)]
            mine += [1.2 * 0.02 * math.exp(source.gauss(0, 0.5)) for _ in range(20)]
            if slower(counted(mine), counted(others), ratio=1.2, quantile=0.8, alarm=0.05):
                return True
        return False

    assert looks(6, 20, wrong) <= 0.05


def test_who_is_slower_in_the_same_time_is_told_from_who_was_asked_at_a_slow_time() -> None:
    assert against_slower([], []) == 0
    assert against_slower([[9, 0, 0]], [[90, 9, 0]]) < 0
    # Among three bounds a candidate that surpasses one of them is told as it is by that one alone, but for a third.
    alone = against_excess([Failures(9, 9, 90, 0)])
    assert against_slower([[0, 9, 0, 0]], [[90, 0, 0, 0]]) == pytest.approx(alone - math.log(3), abs=0.2)
    quiet, busy = ([20, 0], [1980, 0]), ([0, 500], [0, 500])
    assert against_slower([quiet[0], busy[0]], [quiet[1], busy[1]]) < 0


def test_the_buckets_of_a_histogram_are_its_steps() -> None:
    times = Histogram()
    for seconds, count in ((0.01, 3), (0.02, 5), (0.0, 1)):
        times.add(seconds, count)
    found = steps_of(times)
    assert [step.count for step in found] == [1, 3, 5]
    assert all(step.low <= seconds <= step.high for step, seconds in zip(found, (0.0, 0.01, 0.02), strict=True))
    assert steps_of(Histogram()) == []
