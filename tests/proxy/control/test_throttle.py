from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.control.throttle import Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_key_may_come_so_often_at_once_and_then_as_often_as_its_rate_says() -> None:
    clock = Clock()
    throttle = Throttle(2.0, 3.0, clock=clock)
    assert [throttle.wait("ci") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert throttle.wait("other") == 0.0
    clock.now = 0.5
    assert [throttle.wait("ci") for _ in range(2)] == [0.0, 0.5]
    clock.now = 100.0
    assert [throttle.wait("ci") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


@given(st.lists(st.floats(0, 3), max_size=60))
def test_nobody_comes_more_often_than_burst_and_rate_allow(pauses: list[float]) -> None:
    clock = Clock()
    throttle = Throttle(1.0, 5.0, clock=clock)
    came = 0
    for pause in pauses:
        clock.now += pause
        came += throttle.wait("ci") == 0.0
        assert came <= 5.0 + clock.now + 1e-6


def test_who_waits_as_long_as_was_said_may_come() -> None:
    clock = Clock()
    throttle = Throttle(0.3, 1.0, clock=clock)
    throttle.wait("ci")
    clock.now = 0.7
    clock.now += throttle.wait("ci") + 1e-9
    assert throttle.wait("ci") == 0.0


def test_of_too_many_keys_the_one_longest_ago_is_forgotten() -> None:
    throttle = Throttle(1.0, 1.0, most=2, clock=Clock())
    for key in ("a", "b", "a", "c"):
        throttle.wait(key)
    assert throttle.wait("a") > 0.0
    assert throttle.wait("b") == 0.0
