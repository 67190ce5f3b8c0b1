"""A short part of A/A: the monolith beside itself, through the real proxy, with customers, without a rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proof.twins import TwinPlan, run


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_monolith_does_not_differ_from_itself(tmp_path: Path) -> None:
    likeness = run(TwinPlan(pairs=150, seed=1, customers=4, members=4, pause=0.05, seconds=240), tmp_path / "twins")
    assert likeness.failures == ()
    assert likeness.reports.total("differ") == 0, likeness.examples[:2]
    assert likeness.reports.total("pairs") >= 150
    assert likeness.faults == 0
    # Product pages draw other products each time: without a second look at them there would be differences.
    assert likeness.asked > 0
