from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.evidence import BOUNDS, LENGTHS, Traffic, TrafficKey, Window, total
from strangler.evidence.traffic import MOST_RELEASES, cut_key, duration_at, joined, joins, window_of

KEY = TrafficKey("catalog.list", "candidate", "canary", "1.0")
NOW = 1_700_000_000.0
HOUR, DAY = 3600, 86_400


def test_traffic_adds_up() -> None:
    one = Traffic(2, 1, 1, 0.5, (2, *[0] * len(BOUNDS)))
    assert one + Traffic() == one
    assert one + one == Traffic(4, 2, 2, 1.0, (4, *[0] * len(BOUNDS)))
    assert total([]) == Traffic()
    assert total([Window(0, 5, KEY, one), Window(5, 60, KEY, one)]) == one + one


@given(st.floats(0, 4e9), st.sampled_from(LENGTHS))
def test_a_moment_is_in_its_window(at: float, length: int) -> None:
    start = window_of(at, length)
    assert start % length == 0
    assert start <= at < start + length


@given(st.floats(1e9, 4e9))
def test_only_whole_longer_windows_are_joined_and_never_what_is_still_wanted(now: float) -> None:
    for (length, into, before), kept in zip(joins(now), (HOUR, 90 * DAY, 2 * 365 * DAY), strict=True):
        assert before <= now - kept < before + max(into, length)
        assert before % (into or length) == 0


def test_windows_are_joined_into_longer_ones_and_longer_ones_stay() -> None:
    other = KEY._replace(side="monolith")
    windows = [
        Window(60, 60, KEY, Traffic(1)),
        Window(120, 5, KEY, Traffic(2)),
        Window(125, 5, other, Traffic(4)),
        Window(175, 5, KEY, Traffic(8)),
        Window(180, 5, KEY, Traffic(16)),
    ]
    assert joined(windows, 5) == windows
    assert joined(windows, 30) == [
        windows[0],
        Window(120, 30, KEY, Traffic(2)),
        Window(120, 30, other, Traffic(4)),
        Window(150, 30, KEY, Traffic(8)),
        Window(180, 30, KEY, Traffic(16)),
    ]
    assert [(each.start, each.traffic.requests) for each in joined(windows, 3600)] == [(0, 27), (0, 4)]


@given(st.lists(st.tuples(st.integers(0, 500), st.sampled_from(LENGTHS), st.integers(0, 9)), max_size=30))
def test_joining_loses_nothing(drawn: list[tuple[int, int, int]]) -> None:
    windows = [Window(start * length, length, KEY, Traffic(count)) for start, length, count in drawn]
    for step in (5, 15, 60, 600):
        assert total(joined(windows, step)) == total(windows)


def test_names_are_cut_and_releases_bounded() -> None:
    known = {f"{number}" for number in range(MOST_RELEASES)}
    assert cut_key(KEY, set()) == KEY
    assert cut_key(KEY, known).release == "…"
    assert cut_key(KEY._replace(release="7"), known).release == "7"
    assert all(len(each) == 301 for each in cut_key(TrafficKey(*["x" * 1000] * 4), set()))


def test_a_window_as_json_names_everything() -> None:
    window = Window(60, 5, KEY, Traffic(3, 2, 1, 0.5, (3, *[0] * len(BOUNDS))))
    assert window.to_json() == {
        "route": "catalog.list", "side": "candidate", "stage": "canary", "release": "1.0", "start": 60, "seconds": 5,
        "requests": 3, "errors": 2, "fallbacks": 1, "took": 0.5, "buckets": [3, *[0] * len(BOUNDS)],
    }  # fmt: skip


def test_a_duration_is_told_from_buckets_as_if_each_were_spread_evenly() -> None:
    buckets = [0] * (len(BOUNDS) + 1)
    assert duration_at(buckets, 0.5) is None
    # Up to 0.05 s, from 0.025 on.
    buckets[6] = 100
    assert duration_at(buckets, 0.5) == pytest.approx(0.0375)
    assert duration_at(buckets, 1.0) == pytest.approx(0.05)
    buckets[8] = 100
    assert duration_at(buckets, 0.25) == pytest.approx(0.0375)
    assert duration_at(buckets, 0.99) == pytest.approx(0.1 + 0.15 * 0.98)


def test_of_what_took_longer_than_the_last_bound_that_is_told() -> None:
    buckets = [0] * len(BOUNDS) + [3]
    assert duration_at(buckets, 0.5) == BOUNDS[-1]
