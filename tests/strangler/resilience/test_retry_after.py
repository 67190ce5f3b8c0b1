from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.resilience import read_retry_after


def now() -> datetime:
    return datetime(2026, 11, 20, 16, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0), ("120", 120.0), (" 7 ", 7.0),
        ("Fri, 20 Nov 2026 16:01:30 GMT", 90.0), ("Friday, 20-Nov-26 16:01:30 GMT", 90.0),
        ("Fri Nov 20 16:01:30 2026", 90.0), ("Fri, 20 Nov 2026 15:59:00 GMT", 0.0),
        (None, None), ("", None), ("soon", None), ("-5", None), ("1.5", None), ("١٢", None), ("9" * 400, None),
        ("Fri, 99 Nov 2026 16:01:30 GMT", None), ("Fri, 20 Nov 99999999999 16:01:30 GMT", None),
    ],
)  # fmt: skip
def test_both_forms_are_read_and_nothing_else(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, now) == seconds


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ [A-Z+\-0-9]+"))
def test_no_header_raises(value: str) -> None:
    read = read_retry_after(value, now)
    assert read is None or read >= 0
