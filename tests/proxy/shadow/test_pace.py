"""Whether copies would come at a bad time, on a clock of the test's own."""

from __future__ import annotations

import pytest
from strangler_proxy.shadow.pace import Pace


class Side:
    """A side whose answers take as long as the test says, ten a second."""

    def __init__(self, slowdown: float = 2.0) -> None:
        self.pace = Pace(slowdown)
        self.now = 100.0

    def answers(self, seconds: float, *, for_seconds: float, a_second: int = 10) -> None:
        for _ in range(round(for_seconds * a_second)):
            self.now += 1 / a_second
            self.pace.add(seconds, self.now)
        self.pace.admits(self.now + 0.1)

    def admitted(self, for_seconds: float) -> int:
        """How many of a hundred copies a second are let through; none is ever answered."""
        count = 0
        for _ in range(round(for_seconds * 100)):
            self.now += 0.01
            count += self.pace.admits(self.now)
        return count


def test_at_its_usual_pace_every_copy_is_let_through() -> None:
    side = Side()
    side.answers(0.05, for_seconds=60)
    assert not side.pace.halted
    assert side.admitted(1) == 100
    assert side.pace.usual == pytest.approx(0.05)
    assert side.pace.present == pytest.approx(0.05)


def test_slower_than_so_many_times_its_usual_pace_only_a_try_now_and_then_is() -> None:
    side = Side()
    side.answers(0.05, for_seconds=60)
    side.answers(0.09, for_seconds=5)
    assert not side.pace.halted
    side.answers(0.2, for_seconds=5)
    assert side.pace.halted
    assert 9 <= side.admitted(10) <= 11


def test_it_goes_on_once_the_side_is_well_below_that_again() -> None:
    side = Side()
    side.answers(0.05, for_seconds=120)
    side.answers(0.3, for_seconds=5)
    assert side.pace.halted
    # Between: not as slow as to be halted, and not as fast as to go on.
    side.answers(0.09, for_seconds=10)
    assert side.pace.halted
    side.answers(0.05, for_seconds=5)
    assert not side.pace.halted
    assert side.admitted(1) == 100


def test_silence_changes_nothing() -> None:
    side = Side()
    side.answers(0.05, for_seconds=60)
    side.answers(0.3, for_seconds=5)
    usual, present = side.pace.usual, side.pace.present
    side.now += 3600
    assert side.pace.halted
    side.admitted(10)
    assert (side.pace.usual, side.pace.present) == (usual, present)
    assert side.pace.halted
    # And an hour's silence before one fast answer is not an hour of fast answers.
    side.answers(0.05, for_seconds=0.1)
    assert side.pace.halted


def test_tries_alone_bring_it_back() -> None:
    side = Side()
    side.answers(0.05, for_seconds=60)
    side.answers(0.5, for_seconds=5)
    tries = 0
    while side.pace.halted:
        side.now += 0.01
        if side.pace.admits(side.now) and side.pace.halted:
            tries += 1
            side.pace.add(0.05, side.now)
    assert 2 <= tries <= 10


def test_one_answer_that_takes_for_ever_is_not_the_side() -> None:
    side = Side()
    side.answers(0.05, for_seconds=60)
    side.answers(30.0, for_seconds=0.1)
    side.answers(0.05, for_seconds=0.3)
    assert not side.pace.halted


def test_what_is_slow_for_good_becomes_the_usual() -> None:
    side = Side()
    side.answers(0.05, for_seconds=300)
    side.answers(0.2, for_seconds=5)
    assert side.pace.halted
    side.answers(0.2, for_seconds=600)
    assert not side.pace.halted


def test_before_enough_is_known_nothing_is_halted() -> None:
    side = Side()
    side.answers(0.001, for_seconds=0.5)
    side.answers(1.0, for_seconds=0.5)
    assert not side.pace.halted


def test_many_answers_at_once_weigh_no_more_than_the_time_they_came_in() -> None:
    one, many = Side(), Side()
    for side, a_second in ((one, 10), (many, 1000)):
        side.answers(0.05, for_seconds=60, a_second=a_second)
        side.answers(0.2, for_seconds=1, a_second=a_second)
    assert many.pace.present == pytest.approx(one.pace.present, rel=0.15)


def test_without_a_limit_it_is_never_halted() -> None:
    side = Side(slowdown=0)
    side.answers(0.001, for_seconds=60)
    side.answers(10.0, for_seconds=60)
    assert side.admitted(1) == 100
