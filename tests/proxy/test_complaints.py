from __future__ import annotations

import logging

import pytest
from strangler_proxy.complaints import Complaints


def fail(error: Exception) -> Exception:
    try:
        raise error
    except Exception as raised:
        return raised


def fail_elsewhere() -> Exception:
    try:
        int("x")
    except ValueError as raised:
        return raised
    raise AssertionError


def test_each_kind_is_said_once_with_its_traceback_and_then_how_often(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints(logging.getLogger("test"))
    for number in range(150):
        complaints.note(fail(ValueError(f"never the same: {number}")), f"Pair {number} was not compared")
    complaints.note(fail(KeyError("x")), "Another was not compared")
    complaints.note(fail_elsewhere(), "A third was not compared")
    said = [record.getMessage() for record in caplog.records]
    assert [text.partition(".")[0].partition(":")[0] for text in said] == [
        "Pair 0 was not compared", "Pair 9 was not compared", "Pair 99 was not compared",
        "Another was not compared", "A third was not compared",
    ]  # fmt: skip
    assert "100 times by now, by ValueError at test_complaints.py:" in said[2]
    assert [record.exc_info is not None for record in caplog.records] == [True, False, False, True, True]
    assert sorted(complaints.counts.values()) == [1, 1, 150]


def test_a_fault_that_was_never_raised_is_a_kind_too(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints(logging.getLogger("test"))
    for _ in range(2):
        complaints.note(ValueError("x"), "It failed")
    assert complaints.counts == {"ValueError": 2}
    assert len(caplog.records) == 1
