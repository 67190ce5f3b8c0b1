"""What a route's charts draw."""

from __future__ import annotations

from typing import Any

from strangler_proxy.page.route_charts import (
    RANGES,
    Range,
    agreement_chart,
    days_chart,
    latency_chart,
    marks_of,
    rate_chart,
)

from strangler.evidence import BOUNDS

MINUTE = Range("minute", "1 minute", 60, 15)
FAST = [0] * 3 + [10] + [0] * (len(BOUNDS) - 3)


def window(
    start: float, side: str = "monolith", requests: int = 10, errors: int = 0, release: str = ""
) -> dict[str, Any]:
    buckets = FAST if requests else [0] * len(FAST)
    return {
        "start": start,
        "side": side,
        "requests": requests,
        "errors": errors,
        "release": release,
        "buckets": buckets,
    }


def values(chart: dict[str, Any]) -> dict[str, list[Any]]:
    return {each["name"]: each["values"] for each in chart["series"]}


def test_rates_are_a_second_and_steps_without_requests_are_nought() -> None:
    windows = [window(0), window(5), window(35, "candidate", 30, 15)]
    chart = rate_chart(windows, [], MINUTE, 50, empty="")
    assert chart["times"][-4:] == [-15, 0, 15, 30]
    assert values(chart) == {
        "monolith": [None, 20 / 15, 0, 0],
        "candidate": [None, 0, 0, 2],
        "candidate's errors": [None, 0, 0, 1],
    }


def test_the_step_that_is_not_over_is_left_out() -> None:
    assert rate_chart([window(0), window(15)], [], MINUTE, 29.9, empty="")["times"] == [-45, -30, -15, 0]
    assert rate_chart([window(15)], [], MINUTE, 29.9, empty="Nobody came.") == {
        "times": [], "unit": "rate", "series": [], "marks": [], "empty": "Nobody came.",
    }  # fmt: skip


def test_latencies_are_in_milliseconds_and_absent_where_nobody_was_answered() -> None:
    chart = latency_chart([window(0), window(5, "candidate", 0), window(30)], [], MINUTE, 45, empty="")
    told = values(chart)
    assert told["monolith p50"] == [None, 3.75, None, 3.75]
    assert told["candidate p99"] == [None] * 4
    assert told["monolith p99"][1] == 4.98


def test_of_two_releases_on_one_day_that_with_more_pairs_is_drawn() -> None:
    days = [
        {"start": 0.0, "agree": 9, "differ": 1, "bound": 0.6},
        {"start": 0.0, "agree": 90, "differ": 0, "bound": 0.96},
        {"start": 86_400.0, "agree": 0, "differ": 0, "bound": 0.0},
        {"start": 172_800.0, "agree": 1, "differ": 3, "bound": 0.01},
    ]
    marks = [{"at": 5.0, "label": "shadow", "kind": "flip"}]
    chart = days_chart(days, marks, RANGES["month"], 6.5 * 86_400, empty="")
    assert chart["times"] == [each * 86_400 for each in range(7)]
    none = [None] * 4
    assert values(chart) == {"agreed": [1.0, None, 0.25, *none], "surely at least": [0.96, None, 0.01, *none]}
    assert chart["marks"] == marks
    assert days_chart([], marks, RANGES["month"], 0.0, empty="No pair yet.") == {
        "times": [], "unit": "percent", "series": [], "marks": [], "empty": "No pair yet.",
    }  # fmt: skip
    assert days_chart(days, marks, RANGES["week"], 8.5 * 86_400, empty="")["times"][0] == 2 * 86_400


def test_agreement_is_seen_to_move_by_the_minute() -> None:
    minutes = [
        {"start": 600, "agree": 10, "differ": 0, "release": "v1"},
        {"start": 660, "agree": 3, "differ": 1, "release": "v2"},
        {"start": 660, "agree": 1, "differ": 0, "release": "v1"},
    ]
    marks = marks_of([], minutes, since=0)
    chart = agreement_chart(minutes, marks, Range("quarter", "15 min", 900, 60), 725, empty="")
    assert chart["times"] == [each * 60 for each in range(-2, 13)]
    assert values(chart) == {"agreed": [None] * 12 + [1.0, 0.75, None]}
    assert chart["marks"] == [{"at": 660, "label": "release v2", "kind": "release"}]


def entry(at: str, stage: str = "canary", share: int = 5000, came: str | None = "shadow") -> dict[str, Any]:
    before = None if came is None else {"stage": came, "share": 0, "overrides": {}}
    return {"at": at, "from": before, "to": {"stage": stage, "share": share, "overrides": {}}}


def test_flips_and_new_releases_are_marked_in_the_order_of_time() -> None:
    times = [f"1970-01-01T00:{each}+00:00" for each in ("01:00", "00:05", "00:50")]
    entries = [entry(times[0]), entry(times[1]), entry(times[2], came=None)]
    windows = [
        window(10, "candidate", release="b433de39a36a0c1d"),
        window(40, "candidate", release="next"),
        window(45, "candidate", release="next"),
        window(50, "candidate", release="…"),
        window(50, "monolith", release="the monolith's"),
    ]
    assert marks_of(entries, windows, since=6) == [
        {"at": 40, "label": "release next", "kind": "release"},
        {"at": 60.0, "label": "canary 5%", "kind": "flip"},
    ]


def test_marks_before_a_chart_begins_are_not_in_it() -> None:
    marks = [{"at": 1.0, "label": "shadow", "kind": "flip"}, {"at": 31.0, "label": "canary 5%", "kind": "flip"}]
    assert rate_chart([window(80)], marks, MINUTE, 91, empty="")["marks"] == marks[1:]


def test_every_stretch_of_time_is_told_in_a_number_of_points_that_can_be_drawn() -> None:
    for each in RANGES.values():
        assert 100 < each.seconds / each.step < 400
        assert each.step % 5 == 0
