from __future__ import annotations

from collections import Counter

import pytest

from tests.soak.report import report
from tests.soak.soak import Figures
from tests.soak.witness import Measurement


def figures(*still: tuple[float, float], violations: list[str] | None = None) -> Figures:
    return Figures(
        right=Counter(get=5),
        acts=Counter(),
        excused=Counter({"machine stood still": 2}),
        guilty=[],
        violations=violations or [],
        disturbances=[],
        standstills=[Measurement("answer", *span, waited=span[1] - span[0]) for span in still],
        seconds=100.0,
    )


@pytest.mark.parametrize(("spans", "good"), [([], True), ([(10.0, 12.0), (50.0, 53.0)], True), ([(10.0, 15.1)], False)])
def test_a_run_says_nothing_when_the_machine_stood_still_for_much_of_it(
    spans: list[tuple[float, float]], good: bool
) -> None:
    seen, said = report(figures(*spans))
    assert seen is good
    assert ("THE RUN SAYS NOTHING" in said) is not good


def test_a_standstill_and_what_it_excused_are_told() -> None:
    _, said = report(figures((10.0, 14.0)))
    assert "the machine stood still: 1 times, 4.0 of 100 s" in said
    assert "10.00 to    14.00 s  the witness waited for its own upstream's answer" in said
    assert "2 machine stood still: at that time" in said


def test_a_standstill_makes_no_violation_good() -> None:
    assert not report(figures((10.0, 11.0), violations=["c-1 was executed 2 times"]))[0]
