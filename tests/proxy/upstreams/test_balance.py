"""Which of several addresses a request goes to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.balance import least_busy, usable
from strangler_proxy.endpoint import Endpoint


def endpoints(*in_use: int) -> list[Endpoint]:
    made = [Endpoint((f"10.0.0.{number}",), 80) for number in range(len(in_use))]
    for endpoint, count in zip(made, in_use, strict=True):
        endpoint.in_use = count
    return made


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(0, 1000))
def test_the_least_busy_of_few_is_chosen(in_use: list[int], turn: int) -> None:
    assert least_busy(endpoints(*in_use), turn).in_use == min(in_use)


def test_equal_ones_take_turns() -> None:
    three = endpoints(0, 0, 0)
    assert [three.index(least_busy(three, turn)) for turn in range(6)] == [0, 1, 2, 0, 1, 2]
    three = endpoints(2, 2, 2)
    assert [three.index(least_busy(three, turn)) for turn in range(3)] == [0, 1, 2]


@given(st.lists(st.integers(0, 9), min_size=9, max_size=30), st.floats(0, 0.999), st.floats(0, 0.999))
def test_of_many_the_less_busy_of_two_different_ones_is_chosen(in_use: list[int], one: float, other: float) -> None:
    many = endpoints(*in_use)
    draws = iter((one, other))
    chosen = least_busy(many, 0, lambda: next(draws))
    first = int(one * len(many))
    assert chosen.in_use <= many[first].in_use


def test_sick_and_ejected_ones_are_not_usable() -> None:
    well, sick, ejected = endpoints(0, 0, 0)
    sick.healthy = False
    ejected.ejected_until = 10.0
    assert usable([well, sick, ejected], 5.0) == [well]
    assert usable([well, sick, ejected], 10.0) == [well, ejected]


def test_ejection_never_leaves_nobody_and_a_healthy_one_comes_before_a_sick_one() -> None:
    sick, ejected = endpoints(0, 0)
    sick.healthy = False
    ejected.ejected_until = 10.0
    assert usable([sick, ejected], 5.0) == [ejected]
    assert usable([sick], 5.0) == [sick]


def test_failures_in_a_row_put_an_endpoint_out_for_a_growing_while() -> None:
    (endpoint,) = endpoints(0)
    assert [endpoint.failed(0.0, 3, 5.0) for _ in range(3)] == [False, False, True]
    assert endpoint.ejected_until == 5.0
    assert [endpoint.failed(6.0, 3, 5.0) for _ in range(3)] == [False, False, True]
    assert endpoint.ejected_until == 16.0
    for _ in range(300):
        endpoint.failed(endpoint.ejected_until, 3, 5.0)
    assert endpoint.failed(endpoint.ejected_until, 1, 5.0)
    before = endpoint.ejected_until
    endpoint.failed(before, 1, 5.0)
    assert endpoint.ejected_until == before + 300
    endpoint.pardon()
    assert (endpoint.ejected_until, endpoint.suspect) == (0.0, False)
    endpoint.failed(0.0, 1, 5.0)
    assert (endpoint.ejected_until, endpoint.suspect) == (5.0, True)


def test_an_answer_between_failures_keeps_an_endpoint_in() -> None:
    (endpoint,) = endpoints(0)
    endpoint.failed(0.0, 2, 5.0)
    endpoint.pardon()
    assert not endpoint.failed(0.0, 2, 5.0)


def test_ejection_can_be_switched_off() -> None:
    (endpoint,) = endpoints(0)
    assert not any(endpoint.failed(0.0, 0, 5.0) for _ in range(50))
