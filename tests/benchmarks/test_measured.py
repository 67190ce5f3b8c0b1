"""Percentiles, ratios and the table."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measured import Measured, known_median, percentile, ratio, table


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.floats(0, 1))
def test_a_percentile_is_the_smallest_value_with_so_large_a_share_at_or_below_it(
    values: list[float], share: float
) -> None:
    ordered = sorted(values)
    found = percentile(ordered, share)
    assert sum(each <= found for each in ordered) >= share * len(ordered)
    assert sum(each < found for each in ordered) < max(share * len(ordered), 1)


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


@pytest.mark.parametrize(("count", "least", "most"), [(6, 1, 6), (8, 1, 8), (10, 2, 9), (20, 6, 15), (50, 18, 33)])
def test_a_median_is_known_between_the_ranks_of_the_published_tables(count: int, least: int, most: int) -> None:
    assert known_median([float(each) for each in range(count, 0, -1)]) == (least, most)


def test_a_few_values_say_of_their_median_only_that_it_is_between_them() -> None:
    assert known_median([3.0, 1.0, 2.0]) == (1.0, 3.0)
    with pytest.raises(ValueError, match="no values"):
        known_median([])


def test_a_round_that_slowed_down_both_sides_does_not_move_their_ratio() -> None:
    assert ratio([10, 30, 11], [20, 60, 22]) == 0.5


def test_a_ratio_to_nothing_is_no_small_number() -> None:
    assert ratio([1.0], [0.0]) == math.inf


def test_rounds_of_different_number_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([1.0, 2.0], [1.0])


def test_the_table_has_medians_and_the_ratio_to_ours() -> None:
    rounds = {
        "ours": [Measured(1000, 1.0, 2.0, cpu, 0.9) for cpu in (40.0, 50.0, 60.0)],
        "theirs": [Measured(500, 2.0, 4.0, cpu, 0.9) for cpu in (80.0, 100.0, 120.0)],
    }
    head, ours, theirs = table(rounds, "ours", {"ours": 43.21, "theirs": 8.0}).splitlines()
    assert head.split()[-2:] == ["peak", "MiB"]
    assert ours.split() == ["ours", "1,000", "1.00", "2.00", "50.0", "0.90", "1.00", "43.2"]
    assert theirs.split() == ["theirs", "500", "2.00", "4.00", "100.0", "0.90", "2.00", "8.0"]
