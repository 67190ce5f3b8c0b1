"""Against values that others have published."""

from __future__ import annotations

import math
import random

import pytest

from strangler.evidence.binomial import (
    at_most,
    difference_interval,
    incomplete_beta,
    lower_bound,
    trials_needed,
    upper_bound,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("x", "a", "b", "value"),
    [
        (0.5, 2, 3, 0.6875),
        (0.3, 1, 1, 0.3),
        (0.1, 5, 1, 1e-5),
        (0.5, 10, 10, 0.5),
        (0.5, 0.5, 0.5, 0.5),
        (0.25, 0.5, 0.5, 1 / 3),
        (0.0, 2, 3, 0.0),
        (1.0, 2, 3, 1.0),
    ],
)
def test_the_incomplete_beta_function_has_its_known_values(x: float, a: float, b: float, value: float) -> None:
    assert incomplete_beta(x, a, b) == pytest.approx(value, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("trials", [1, 7, 40])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.97])
def test_the_cumulative_binomial_is_the_sum_of_its_terms(trials: int, share: float) -> None:
    for successes in range(-1, trials + 1):
        terms = [math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(successes + 1)]
        assert at_most(successes, trials, share) == pytest.approx(math.fsum(terms), abs=1e-12)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # The usual tables of exact 95 % limits, two-sided: one-sided with 97.5 %.
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (18, 20, 0.6830, 0.9877),
        (15, 20, 0.5090, 0.9134),
        (95, 100, 0.8872, 0.9836),
        (50, 100, 0.3983, 0.6017),
    ],
)
def test_exact_limits_are_those_of_the_tables(successes: int, trials: int, low: float, high: float) -> None:
    assert lower_bound(successes, trials, 0.975) == pytest.approx(low, abs=6e-5)
    assert upper_bound(successes, trials, 0.975) == pytest.approx(high, abs=6e-5)


def test_without_trials_nothing_is_sure() -> None:
    assert (lower_bound(0, 0), upper_bound(0, 0)) == (0.0, 1.0)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert difference_interval(0, 0, 1, 2) == (-1.0, 1.0)
    assert difference_interval(1, 2, 0, 0) == (-1.0, 1.0)


def test_bounds_of_a_million_pairs_are_found() -> None:
    assert lower_bound(999_990, 1_000_000) == pytest.approx(1 - 16.9622e-6, abs=1e-9)
    assert 0.9999 < lower_bound(10**8 - 5, 10**8) < 1


@pytest.mark.parametrize(
    ("bound", "failures", "confidence", "needed"),
    [
        (0.95, 0, 0.95, 59),
        (0.95, 1, 0.95, 93),
        (0.95, 2, 0.95, 124),
        (0.99, 0, 0.95, 299),
        (0.99, 0, 0.99, 459),
        (0.999, 0, 0.95, 2995),
        (0.9, 0, 0.95, 29),
    ],
)
def test_as_many_trials_are_needed_as_the_tables_of_tolerance_limits_say(
    bound: float, failures: int, confidence: float, needed: int
) -> None:
    assert trials_needed(bound, failures, confidence) == needed
    assert (
        lower_bound(needed - failures, needed, confidence)
        >= bound
        > lower_bound(needed - 1 - failures, needed - 1, confidence)
    )


def test_certainty_takes_more_than_there_are() -> None:
    assert trials_needed(1.0) is None
    assert trials_needed(1 - 1e-12) is None


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        # Newcombe (1998), table II, method 10.
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_intervals_of_a_difference_are_those_of_newcombe(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    assert difference_interval(*first, *second) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(("share", "trials"), [(0.9, 40), (0.99, 400), (0.999, 2995)])
def test_the_lower_bound_is_too_high_no_more_often_than_it_says(share: float, trials: int) -> None:
    """Over seeded draws; the exact bound errs on the safe side."""
    source = random.Random(20261129)
    draws = 1500
    wrong = sum(lower_bound(_draw(source, trials, share), trials) > share for _ in range(draws))
    # Five in a hundred at most, and three standard deviations of so many draws.
    assert wrong / draws <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)


def _draw(source: random.Random, trials: int, share: float) -> int:
    return sum(source.random() < share for _ in range(trials))
