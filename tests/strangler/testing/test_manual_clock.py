from __future__ import annotations

import asyncio

from strangler.resilience import Deadline, remaining
from strangler.testing import ManualClock


def test_it_moves_by_the_tests_hand_and_by_pauses_that_take_no_time() -> None:
    clock = ManualClock(5.0)
    clock.advance(2.0)
    clock.sleep(3600.0)
    asyncio.run(clock.sleep_async(1.0))
    assert (clock(), clock.slept) == (3608.0, [3600.0, 1.0])
    clock.advance(-8.0)
    assert clock() == 3600.0


def test_it_serves_wherever_a_clock_can_be_given() -> None:
    clock = ManualClock()
    with Deadline(60.0, clock=clock):
        clock.advance(59.0)
        assert remaining() == 1.0
