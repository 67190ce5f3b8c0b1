from __future__ import annotations

from strangler_proxy.shadow.rate import Rate


def taken(rate: Rate, moments: list[float]) -> list[bool]:
    return [rate.take(moment) for moment in moments]


def test_so_many_at_once_as_in_a_second_and_then_as_they_come_in() -> None:
    rate = Rate(2)
    assert taken(rate, [10, 10, 10, 10.4, 10.5, 10.6, 11.0]) == [True, True, False, False, True, False, True]


def test_a_pause_saves_no_more_than_a_second() -> None:
    rate = Rate(2)
    assert taken(rate, [10, 999, 999, 999]) == [True, True, True, False]


def test_less_than_one_a_second_comes_one_by_one() -> None:
    rate = Rate(0.5)
    assert taken(rate, [10, 11, 12, 13.9, 14]) == [True, False, True, False, True]


def test_nought_is_any_number() -> None:
    assert all(taken(Rate(0), [10] * 1000))
