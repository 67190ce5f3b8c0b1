from __future__ import annotations

from tests.soak.chaos import schedule


def test_a_schedule_is_its_seeds_and_does_everything_once_in_the_first_minute() -> None:
    acts = schedule("a", 3600.0, calm_after=2400.0)
    assert acts == schedule("a", 3600.0, calm_after=2400.0)
    assert acts != schedule("b", 3600.0, calm_after=2400.0)
    assert len({act.what for act in acts[:12]}) == 9
    assert {act.what for act in acts[-100:]}.isdisjoint({"reload", "kill worker", "kill control", "kill comparer"})
