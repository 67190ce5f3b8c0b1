"""Exact bounds of a share, and the interval of the difference of two shares.

Sources: C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the
binomial", Biometrika 26 (1934), 404-413, one-sided; R. G. Newcombe, "Interval estimation for the difference between
independent proportions", Statistics in Medicine 17 (1998), 873-890, method 10, of Wilson's score intervals. The
incomplete beta function is its continued fraction by Lentz's method (Abramowitz and Stegun, 26.5.8).
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

__all__ = [
    "at_most",
    "difference_interval",
    "incomplete_beta",
    "lower_bound",
    "trials_needed",
    "upper_bound",
    "wilson_interval",
]

_TINY: Final = 1e-300
_STEPS: Final = 100_000
_HALVINGS: Final = 200
_MOST_TRIALS: Final = 10**9


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for 0 <= x <= 1 and a, b > 0."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        # There the fraction is slow; the function is symmetrical.
        return 1 - incomplete_beta(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    value = d
    for step in range(1, _STEPS):
        for term in (
            step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step)),
            -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1)),
        ):
            d = 1 + term * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + term / c
            c = c if abs(c) > _TINY else _TINY
            change = c * d
            value *= change
        if abs(change - 1) < 1e-15:
            break
    return value


def at_most(successes: int, trials: int, share: float) -> float:
    """The probability of at most so many successes in so many trials that succeed with probability `share`."""
    if successes >= trials:
        return 1.0
    return 0.0 if successes < 0 else incomplete_beta(1 - share, trials - successes, successes + 1)


def lower_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """The share that is surely not less, with that confidence; 0.0 without trials."""
    if not trials or not successes:
        return 0.0
    wrong = 1 - confidence
    if successes == trials:
        return float(wrong ** (1 / trials))
    return _solved(wrong, successes, trials - successes + 1)


def upper_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """The share that is surely not more, with that confidence; 1.0 without trials."""
    return 1 - lower_bound(trials - successes, trials, confidence) if trials else 1.0


def _solved(wanted: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = wanted, from below."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if incomplete_beta(middle, a, b) < wanted:
            low = middle
        else:
            high = middle
    return low


# Whoever watches many routes asks for the same again and again, and it takes milliseconds.
@lru_cache(maxsize=4096)
def trials_needed(bound: float, failures: int = 0, confidence: float = 0.95) -> int | None:
    """How many trials, of which so many fail, it takes for a lower bound of at least `bound`; None where a milliard is
    not enough. Without failures that is about 3 / (1 - bound), the rule of three."""
    if bound >= 1:
        return None
    low, high = failures, failures + 1
    while lower_bound(high - failures, high, confidence) < bound:
        low, high = high, high * 2
        if high > _MOST_TRIALS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if lower_bound(middle - failures, middle, confidence) < bound:
            low = middle
        else:
            high = middle
    return high


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share, two-sided; (0.0, 1.0) without trials."""
    if not trials:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    middle = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def difference_interval(
    successes: int, trials: int, other_successes: int, other_trials: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Where the first share less the other lies, two-sided; (-1.0, 1.0) where either has no trials."""
    if not trials or not other_trials:
        return -1.0, 1.0
    first, second = successes / trials, other_successes / other_trials
    first_low, first_high = wilson_interval(successes, trials, confidence)
    second_low, second_high = wilson_interval(other_successes, other_trials, confidence)
    apart = first - second
    return (
        apart - math.hypot(first - first_low, second_high - second),
        apart + math.hypot(first_high - first, second - second_low),
    )
