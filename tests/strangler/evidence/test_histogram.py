from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.evidence import Histogram

SECONDS = st.floats(1e-6, 10_000)


def filled(durations: list[float]) -> Histogram:
    made = Histogram()
    for each in durations:
        made.add(each)
    return made


@given(st.lists(SECONDS, min_size=1, max_size=200), st.floats(0, 1))
def test_a_quantile_is_within_two_percent_of_the_true_one(durations: list[float], share: float) -> None:
    true = sorted(durations)[max(math.ceil(share * len(durations)), 1) - 1]
    assert filled(durations).quantile(share) == pytest.approx(true, rel=0.02)


@given(st.lists(SECONDS, min_size=1, max_size=50))
def test_the_bounds_of_a_rank_hold_what_was_measured(durations: list[float]) -> None:
    found = filled(durations)
    for rank, true in enumerate(sorted(durations), 1):
        low, high = found.bounds_at_rank(rank)
        assert low <= true * (1 + 1e-9)
        assert high >= true * (1 - 1e-9)


@given(st.lists(SECONDS, max_size=50), st.lists(SECONDS, max_size=50))
def test_merging_is_counting_everything_in_one(first: list[float], second: list[float]) -> None:
    merged = filled(first)
    merged.merge(filled(second))
    assert merged.to_json() == filled(first + second).to_json()
    assert Histogram.from_json(merged.to_json()).to_json() == merged.to_json()
    assert Histogram.from_json(merged.to_json()).count == len(first) + len(second)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-9])
def test_what_is_too_short_counts_as_a_microsecond(seconds: float) -> None:
    assert filled([seconds]).quantile(0.5) == pytest.approx(1e-6, rel=0.02)
    assert filled([seconds]).bounds_at_rank(1)[0] == 0.0


@pytest.mark.parametrize("seconds", [1e9, math.inf])
def test_what_is_too_long_counts_as_the_longest(seconds: float) -> None:
    found = filled([seconds]).quantile(0.5)
    assert found is not None
    assert found > 3600
    assert filled([seconds]).bounds_at_rank(1)[1] == math.inf


def test_what_is_no_number_counts_as_the_shortest() -> None:
    assert filled([math.nan]).quantile(0.5) == pytest.approx(1e-6, rel=0.02)


def test_an_empty_histogram_has_no_quantile_and_no_ranks() -> None:
    assert Histogram().quantile(0.5) is None
    with pytest.raises(ValueError, match="no rank 1 among 0"):
        Histogram().at_rank(1)
