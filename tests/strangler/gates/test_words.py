from __future__ import annotations

import pytest

from strangler.gates.words import counted, duration, time


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (119, "119 s"),
        (1800, "30 min"),
        (7200, "2 h"),
        (9000, "2 h 30 min"),
        (172800, "2 d"),
        (183600, "2 d 3 h"),
    ],
)
def test_durations_are_told_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_times_and_counts() -> None:
    assert (time(0.0254), time(2.5)) == ("25.4 ms", "2.5 s")
    assert (counted(1, "pair"), counted(1204, "pair")) == ("1 pair", "1,204 pairs")
