from __future__ import annotations

import asyncio

import pytest
from strangler_proxy.replay.pace import Pace

from strangler.testing import ManualClock


async def moments(pace: Pace, clock: ManualClock, ats: list[float], took: float = 0.0) -> list[float]:
    began, found = clock(), []
    for at in ats:
        await pace.wait(at)
        found.append(round(clock() - began, 6))
        clock.advance(took)
    return found


@pytest.mark.parametrize(
    ("rate", "speed", "took", "expected"),
    [
        (0.0, 0.0, 0.0, [0, 0, 0, 0]),
        (2.0, 0.0, 0.0, [0, 0.5, 1, 1.5]),
        (2.0, 0.0, 2.0, [0, 2, 4, 6]),
        (0.0, 1.0, 0.0, [0, 4, 4, 10]),
        (0.0, 2.0, 0.0, [0, 2, 2, 5]),
        (0.0, 2.0, 1.5, [0, 2, 3.5, 5]),
    ],
)
def test_requests_wait_for_their_time(rate: float, speed: float, took: float, expected: list[float]) -> None:
    clock = ManualClock()
    pace = Pace(rate=rate, speed=speed, clock=clock, sleep=clock.sleep_async)
    assert asyncio.run(moments(pace, clock, [100.0, 104.0, 104.0, 110.0], took)) == expected
