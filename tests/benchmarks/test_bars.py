"""The bars, and what they make of a run."""

from __future__ import annotations

import math

from benchmarks.bars import Bar, told, verdict


def test_a_bar_holds_up_to_its_most_and_a_strict_one_below() -> None:
    assert Bar("ratio", 0.7, 0.7).holds
    assert not Bar("ratio", 0.701, 0.7).holds
    assert Bar("memory", 79.9, 80, strict=True).holds
    assert not Bar("memory", 80, 80, strict=True).holds


def test_what_could_not_be_measured_holds_no_bar() -> None:
    assert not Bar("ratio", math.nan, 0.7).holds


def test_only_a_binding_bar_fails_a_run() -> None:
    held, missed, target = Bar("a", 1, 2), Bar("b", 3, 2), Bar("c", 3, 2, binding=False)
    assert verdict([]) == 0
    assert verdict([held, target]) == 0
    assert verdict([held, missed, target]) == 1


def test_each_bar_is_told_with_its_value_and_yes_or_no() -> None:
    bars = [Bar("CPU to Envoy's", 0.651, 0.7), Bar("added", 0.3, 0.25, "ms"), Bar("target", 2, 1.6, binding=False)]
    first, second, third = told(bars).splitlines()
    assert first.split() == ["CPU", "to", "Envoy's", "0.651", "<=", "0.7", "yes"]
    assert second.split() == ["added", "0.300", "<=", "0.25", "ms", "NO"]
    assert third.endswith("no (not binding)")
