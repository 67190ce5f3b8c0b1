"""How often something may be done for each key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.comparer.allowance import Allowance


def test_the_first_of_a_key_are_allowed_and_then_so_many_a_second() -> None:
    allowance = Allowance(rate=2.0, burst=3.0)
    assert [allowance.take(["price"], 10.0) for _ in range(5)] == [True, True, True, False, False]
    assert [allowance.take(["price"], 10.5) for _ in range(2)] == [True, False]
    assert [allowance.take(["price"], 11.5) for _ in range(3)] == [True, True, False]


def test_a_key_that_comes_with_a_used_up_one_is_allowed_still() -> None:
    allowance = Allowance(rate=1.0, burst=2.0)
    assert [allowance.take(["price"], 0.0) for _ in range(3)] == [True, True, False]
    assert [allowance.take(["price", "name"], 0.0) for _ in range(3)] == [True, True, False]


def test_after_a_long_pause_no_more_are_allowed_at_once_than_at_first() -> None:
    allowance = Allowance(rate=5.0, burst=2.0)
    allowance.take(["price"], 0.0)
    assert [allowance.take(["price"], 1000.0) for _ in range(3)] == [True, True, False]


def test_nothing_is_allowed_for_nothing() -> None:
    assert not Allowance(rate=1.0, burst=1.0).take([], 0.0)


def test_of_many_keys_those_used_least_lately_are_forgotten() -> None:
    allowance = Allowance(rate=0.0, burst=1.0)
    assert allowance.take(["first"], 0.0)
    for number in range(5000):
        assert allowance.take([number], 0.0)
    assert len(allowance._left) == 4096
    assert allowance.take(["first"], 0.0)
    assert not allowance.take([4999], 0.0)


@given(st.floats(0.1, 20), st.floats(1, 20), st.lists(st.floats(0, 2), max_size=60))
def test_over_any_time_no_more_than_the_rate_and_the_burst_are_allowed(
    rate: float, burst: float, pauses: list[float]
) -> None:
    allowance, now, taken = Allowance(rate, burst), 0.0, 0
    for pause in pauses:
        now += pause
        taken += allowance.take(["price"], now)
    assert taken <= burst + rate * now + 1e-6
