"""How pages tell numbers and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from strangler_proxy.page.amounts import ago, at, coded, count, day, duration, latency, percent, rate, share, size


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "–"),
        (0, "0 ms"),
        (0.0123, "12.3 ms"),
        (1, "1\u00a0s"),
        (59.6, "1\u00a0min"),
        (61, "1\u00a0min\u00a01\u00a0s"),
        (3600, "1\u00a0h"),
        (3661, "1\u00a0h\u00a01\u00a0min"),
        (86400 * 2 + 3 * 3600 + 59, "2\u00a0d\u00a03\u00a0h"),
        (86400 * 400, "400\u00a0d"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float | None, told: str) -> None:
    assert duration(seconds) == told


def test_counts_have_their_thousands_apart() -> None:
    assert [count(each) for each in (None, 0, 999, 1234567)] == ["–", "0", "999", "1\u202f234\u202f567"]


def test_rates_are_told_in_the_unit_that_fits() -> None:
    told = [rate(each) for each in (None, 0.0, 0.05, 0.5, 12.345, 1234.5)]
    assert told == ["–", "0/s", "3/min", "0.5/s", "12.3/s", "1\u202f234/s"]


def test_how_long_an_answer_took_is_told_in_the_unit_that_fits() -> None:
    told = [latency(each) for each in (None, 0.0, 0.00416, 0.9994, 0.9996, 4.7123, 998.0, 4000.0)]
    assert told == ["–", "0 ms", "4.16 ms", "999 ms", "1 s", "4.71 s", "998 s", "4000 s"]


def test_sizes_and_shares() -> None:
    assert [size(each) for each in (None, 0, 1023, 1536, 5 * 2**30)] == [
        "–",
        "0\u00a0B",
        "1023\u00a0B",
        "1.5\u00a0KiB",
        "5\u00a0GiB",
    ]
    assert [share(each) for each in (None, 10_000)] == ["–", "10%"]
    assert percent(0.995) == "99.5\u00a0%"


def test_a_moment_is_told_in_utc_for_whoever_has_no_script() -> None:
    moment = datetime(2026, 11, 30, 1, 2, 3, tzinfo=timezone(timedelta(hours=1)))
    whole = '<time datetime="2026-11-30T00:02:03.000+00:00" data-time="at" title="2026-11-30 00:02:03 UTC">'
    for each in (moment, moment.timestamp(), moment.isoformat()):
        assert at(each) == f"{whole}2026-11-30 00:02:03 UTC</time>"
    assert str(day(moment)).endswith(">2026-11-30</time>")
    assert at(None) == at("") == "–"


def test_how_long_ago() -> None:
    now = datetime.now(UTC)
    assert ">now<" in ago(now)
    assert ">3\u00a0d ago<" in ago(now - timedelta(days=3, hours=2))
    assert ">in 2\u00a0h<" in ago(now + timedelta(hours=2, minutes=30))


def test_a_moment_that_is_none_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        at("<script>")


def test_what_stands_between_backticks_is_code_and_all_of_it_text() -> None:
    assert coded("`a <b>` says <i>") == "<code>a &lt;b&gt;</code> says &lt;i&gt;"
    assert coded("one ` alone <i>") == "one ` alone &lt;i&gt;"
    assert coded("") == ""
