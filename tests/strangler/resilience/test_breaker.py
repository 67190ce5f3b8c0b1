from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strangler.errors import PolicyError
from strangler.resilience import CLOSED, HALF_OPEN, OPEN, Breaker, BreakerSettings

NEVER = 10**9


def breaker(observer: Callable[[str, str], object] | None = None, **settings: Any) -> Breaker:
    known = {"jitter": 0.0, "open_for": 1.0, "consecutive_failures": 3, "lease": 20.0}
    return Breaker(BreakerSettings(**(known | settings)), observer)


def call(tested: Breaker, now: float, *, fails: bool) -> bool:
    """One call from beginning to end; whether it was let through."""
    permit = tested.acquire(now)
    if permit:
        (tested.failure if fails else tested.success)(permit, now)
    return permit > 0


def opened(now: float = 0.0, **settings: Any) -> Breaker:
    tested = breaker(**settings)
    while tested.state == CLOSED:
        call(tested, now, fails=True)
    return tested


# Opening.


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    tested = breaker(consecutive_failures=3)
    for fails in (True, True, False, True, True):
        assert call(tested, 0.0, fails=fails)
    assert tested.state == CLOSED
    call(tested, 0.0, fails=True)
    assert (tested.state, tested.opened) == (OPEN, 1)
    assert not call(tested, 0.0, fails=False)


def test_it_opens_at_the_failure_rate_once_there_were_enough_calls() -> None:
    tested = breaker(consecutive_failures=NEVER, minimum_calls=10, failure_rate=0.5)
    for _ in range(4):
        call(tested, 0.0, fails=False)
        call(tested, 0.0, fails=True)
    call(tested, 0.0, fails=True)
    assert tested.state == CLOSED  # 5 of 9: too few calls to say
    call(tested, 0.0, fails=True)
    assert tested.state == OPEN


def test_a_rate_below_the_bound_leaves_it_closed() -> None:
    tested = breaker(consecutive_failures=NEVER, minimum_calls=10, failure_rate=0.5)
    for _ in range(100):
        call(tested, 0.0, fails=False)
        call(tested, 0.0, fails=False)
        call(tested, 0.0, fails=True)
    assert tested.state == CLOSED


@pytest.mark.parametrize("gap", [10.0, 12.5, 95.0, 1e9])
def test_what_is_older_than_the_window_counts_no_more(gap: float) -> None:
    tested = breaker(consecutive_failures=NEVER, minimum_calls=10, window=10.0)
    for _ in range(9):
        call(tested, 0.0, fails=True)
    call(tested, gap, fails=True)
    assert tested.state == CLOSED


def test_the_window_slides_by_parts_and_not_all_at_once() -> None:
    tested = breaker(consecutive_failures=NEVER, minimum_calls=10, window=10.0)
    for second in range(9):
        call(tested, second + 0.5, fails=True)
    call(tested, 9.9, fails=True)
    assert tested.state == OPEN


@example([(0.34295731446156574, True), (0.0, True)], 2)
@given(st.lists(st.tuples(st.floats(0, 3), st.sampled_from([True] * 20 + [False])), max_size=80), st.integers(1, 12))
def test_the_window_counts_what_lies_between_nine_and_ten_tenths_of_it(
    calls: list[tuple[float, bool]], minimum: int
) -> None:
    tested = breaker(consecutive_failures=NEVER, minimum_calls=minimum, window=10.0, failure_rate=1.0)
    now, seen = 0.0, []
    for pause, fails in calls:
        now += pause
        seen.append((now, fails))
        call(tested, now, fails=fails)
        surely = [failed for at, failed in seen if at > now - 8.99]
        perhaps = [failed for at, failed in seen if at > now - 10.01]
        if all(perhaps) and len(surely) >= minimum:
            assert tested.state == OPEN
        if tested.state == OPEN:
            assert len(perhaps) >= minimum
            assert all(surely)
            return


def test_a_long_time_of_successes_does_not_hide_what_the_window_shows() -> None:
    tested = breaker(consecutive_failures=NEVER, minimum_calls=5, window=10.0, failure_rate=0.5)
    for second in range(100):
        call(tested, float(second), fails=False)
    for second in range(100, 107):
        call(tested, float(second), fails=True)
    assert tested.state == OPEN


def test_closing_forgets_what_opened_it() -> None:
    tested = breaker(consecutive_failures=NEVER, minimum_calls=4, window=100.0, failure_rate=0.5)
    for _ in range(4):
        call(tested, 0.0, fails=True)
    assert tested.state == OPEN
    call(tested, 1.0, fails=False)
    for fails in (True, True, True):
        call(tested, 1.0, fails=fails)
    assert tested.state == CLOSED
    in_a_row = opened(consecutive_failures=3)
    call(in_a_row, 1.0, fails=False)
    for fails in (True, True):
        call(in_a_row, 1.0, fails=fails)
    assert in_a_row.state == CLOSED


# Open.


def test_an_open_one_says_how_long_it_will_surely_refuse() -> None:
    tested = opened(10.0, open_for=4.0)
    assert (tested.remaining(10.0), tested.remaining(13.0), tested.remaining(20.0)) == (4.0, 1.0, 0.0)
    assert not tested.acquire(13.9)
    assert tested.acquire(14.0)
    assert tested.state == HALF_OPEN
    assert tested.remaining(14.0) == 0.0
    assert breaker().remaining(0.0) == 0.0


def test_each_failed_probe_makes_it_stay_open_longer_up_to_a_bound_and_closing_starts_afresh() -> None:
    tested = opened(open_for=1.0, growth=3.0, longest_open=5.0)
    now, pauses = 0.0, []
    for _ in range(4):
        pauses.append(tested.remaining(now))
        now += tested.remaining(now)
        tested.failure(tested.acquire(now), now)
    assert pauses == [1.0, 3.0, 5.0, 5.0]
    now += tested.remaining(now)
    tested.success(tested.acquire(now), now)
    for _ in range(3):
        call(tested, now, fails=True)
    assert tested.remaining(now) == pytest.approx(1.0)
    assert tested.opened == 6


@given(st.floats(0, 1, exclude_max=True))
def test_jitter_shortens_the_time_and_never_lengthens_it(drawn: float) -> None:
    tested = Breaker(
        BreakerSettings(consecutive_failures=1, open_for=10.0, jitter=0.25, longest_open=10.0), None, lambda: drawn
    )
    call(tested, 0.0, fails=True)
    assert tested.remaining(0.0) == pytest.approx(10.0 - 2.5 * drawn)


# Half-open.


@pytest.mark.parametrize("places", [1, 2, 5])
def test_of_twenty_calls_at_half_open_so_many_as_there_are_places_are_let_through(places: int) -> None:
    tested = opened(probes=places, successes=places)
    let = [permit for _ in range(20) if (permit := tested.acquire(1.0))]
    assert len(let) == len(set(let)) == places
    for permit in let:
        assert tested.state == HALF_OPEN
        tested.success(permit, 1.5)
    assert tested.state == CLOSED
    assert all(call(tested, 1.5, fails=False) for _ in range(20))


def test_one_failed_probe_opens_it_again_whatever_the_others_say() -> None:
    tested = opened(probes=3, successes=2)
    first, second, third = (tested.acquire(1.0) for _ in range(3))
    tested.success(first, 1.0)
    tested.failure(second, 1.0)
    assert tested.state == OPEN
    tested.success(third, 1.0)
    tested.success(first, 1.0)
    assert (tested.state, tested.opened) == (OPEN, 2)


def test_successes_of_an_earlier_half_open_time_are_forgotten() -> None:
    tested = opened(probes=1, successes=2, growth=1.0)
    tested.success(tested.acquire(1.0), 1.0)
    tested.failure(tested.acquire(1.0), 1.0)
    tested.success(tested.acquire(2.0), 2.0)
    assert tested.state == HALF_OPEN
    tested.success(tested.acquire(2.0), 2.0)
    assert tested.state == CLOSED


def test_a_cancelled_probe_decides_nothing_and_gives_its_place_back() -> None:
    tested = opened()
    probe = tested.acquire(1.0)
    assert not tested.acquire(1.0)
    tested.cancelled(probe, 1.0)
    assert tested.state == HALF_OPEN
    again = tested.acquire(1.0)
    assert again
    tested.success(probe, 1.0)
    tested.failure(probe, 1.0)
    tested.cancelled(probe, 1.0)
    assert tested.state == HALF_OPEN
    assert not tested.acquire(1.0)
    tested.success(again, 1.0)
    assert tested.state == CLOSED


def test_a_probe_that_never_reports_gives_its_place_back_after_its_lease_and_is_not_heard_later() -> None:
    tested = opened(lease=5.0)
    lost = tested.acquire(1.0)
    assert not tested.acquire(5.9)
    tested.failure(lost, 6.0)
    assert tested.state == HALF_OPEN
    next_one = tested.acquire(6.0)
    assert next_one
    tested.failure(lost, 6.0)
    tested.success(lost, 6.0)
    assert tested.state == HALF_OPEN
    tested.cancelled(lost, 6.0)
    assert not tested.acquire(6.0)


# Generations.


def test_results_of_an_earlier_closed_time_are_ignored() -> None:
    tested = breaker(consecutive_failures=2)
    late = tested.acquire(0.0)
    for _ in range(2):
        call(tested, 0.0, fails=True)
    tested.success(late, 0.0)
    assert tested.state == OPEN
    probe = tested.acquire(1.0)
    tested.success(late, 1.0)
    tested.failure(late, 1.0)
    tested.cancelled(late, 1.0)
    assert tested.state == HALF_OPEN
    assert not tested.acquire(1.0)
    tested.success(probe, 1.0)
    assert tested.state == CLOSED
    for _ in range(10):
        tested.failure(late, 1.0)
        tested.failure(probe, 1.0)
    assert tested.state == CLOSED


def test_a_refusal_reported_by_mistake_changes_nothing() -> None:
    for tested in (breaker(consecutive_failures=1), opened(consecutive_failures=1)):
        before, count = tested.state, tested.opened
        for permit in (0, -1):
            tested.success(permit, 0.0)
            tested.failure(permit, 0.0)
            tested.cancelled(permit, 0.0)
        assert (tested.state, tested.opened, tested.acquire(0.0) > 0) == (before, count, before == CLOSED)


# Clocks and hooks.


def test_a_clock_that_goes_backwards_keeps_nothing_open_or_leased_for_longer_than_was_said() -> None:
    tested = opened(1000.0, open_for=4.0, lease=5.0)
    assert tested.remaining(10.0) == 4.0
    assert not tested.acquire(10.0)
    assert tested.remaining(10.0) == 4.0
    assert not tested.acquire(13.0)
    assert tested.acquire(14.0)
    assert not tested.acquire(3.0)
    assert not tested.acquire(7.0)
    assert tested.acquire(8.0)


def test_a_clock_that_goes_backwards_leaves_no_old_failures_in_the_window() -> None:
    tested = breaker(consecutive_failures=NEVER, minimum_calls=5)
    for _ in range(4):
        call(tested, 1000.0, fails=True)
    for second in range(4):
        call(tested, second * 20.0, fails=True)
    assert tested.state == CLOSED
    call(tested, 60.0, fails=True)
    assert tested.state == CLOSED


def test_the_observer_is_told_each_change_once_it_is_complete() -> None:
    told: list[tuple[str, str, str]] = []
    tested = breaker(lambda before, after: told.append((before, after, tested.state)), consecutive_failures=1)
    call(tested, 0.0, fails=True)
    call(tested, 1.0, fails=True)
    call(tested, 3.0, fails=False)
    assert [(before, after) for before, after, _ in told] == [
        (CLOSED, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, CLOSED),
    ]  # fmt: skip
    assert all(after == state for _, after, state in told)


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"failure_rate": 0}, "above 0 to 1"), ({"failure_rate": 1.01}, "above 0 to 1"),
        ({"failure_rate": float("nan")}, "above 0 to 1"), ({"failure_rate": "half"}, "above 0 to 1"),
        ({"minimum_calls": 0}, "from 1 on"), ({"minimum_calls": 1.5}, "from 1 on"), ({"minimum_calls": True}, "whole"),
        ({"consecutive_failures": -1}, "from 1 on"), ({"probes": 0}, "from 1 on"), ({"successes": 0}, "from 1 on"),
        ({"window": 0}, "above 0"), ({"window": float("inf")}, "above 0"), ({"open_for": -1.0}, "above 0"),
        ({"lease": 0.0}, "above 0"), ({"growth": 0.5}, "not below 1"), ({"jitter": 1.0}, "from 0 to below 1"),
        ({"jitter": -0.1}, "from 0 to below 1"), ({"open_for": 9.0, "longest_open": 8.0}, "not below open_for"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_work_is_one_clear_error(wrong: dict[str, Any], remedy: str) -> None:
    with pytest.raises(PolicyError, match=remedy) as refused:
        BreakerSettings(**wrong)
    assert list(wrong)[-1] in str(refused.value)
