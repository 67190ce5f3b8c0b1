from __future__ import annotations

from strangler_proxy.gates.spans import answered, newest_release, spans_of

from strangler.evidence import Traffic, TrafficKey, Window
from strangler.evidence.traffic import BOUNDS
from strangler.gates import Answered


def window(
    start: float, side: str = "candidate", requests: int = 1, errors: int = 0, release: str = "", seconds: int = 5
) -> Window:
    buckets = (requests, *[0] * len(BOUNDS))
    return Window(start, seconds, TrafficKey("p", side, "canary", release), Traffic(requests, errors, 0, 1.0, buckets))


def test_both_sides_of_the_same_time_are_together_whatever_release_answered() -> None:
    spans = spans_of(
        [
            window(105, "monolith", 7),
            window(100, "monolith", 5, 1),
            window(100, release="1"),
            window(100, release="2", requests=2, errors=2),
        ],
        now=110,
    )
    assert [(each.start, each.seconds) for each in spans] == [(100, 5), (105, 5)]
    assert (spans[0].candidate.requests, spans[0].candidate.errors) == (3, 2)
    assert spans[0].candidate.buckets[:2] == (3, 0)
    assert (spans[0].monolith.requests, spans[0].monolith.errors) == (5, 1)
    assert spans[1].candidate == Answered()


def test_a_window_that_is_not_over_is_not_judged() -> None:
    assert spans_of([window(100)], now=104.9) == ()
    assert len(spans_of([window(100)], now=105)) == 1
    # What came late may stand beside the minute that it belongs to.
    assert len(spans_of([window(60, seconds=60), window(60)], now=300)) == 2


def test_the_newest_release_is_the_one_that_came_last() -> None:
    windows = [window(100, release="2"), window(105, release="1"), window(110, release="2"), window(120, release="…")]
    assert newest_release([*windows, window(130), window(130, "monolith", release="9")]) == ("1", 105)
    assert newest_release([window(100)]) == ("", 0.0)
    assert newest_release([]) == ("", 0.0)


def test_a_release_that_was_taken_back_is_gone_a_minute_later() -> None:
    tried = [window(100, release="1"), window(110, release="2"), window(120, release="2")]
    assert newest_release([*tried, window(180, release="1")]) == ("2", 110)
    assert newest_release([*tried, window(130, release="1"), window(185, release="1")]) == ("1", 130)


def test_nothing_was_answered_in_no_window() -> None:
    assert answered([]) == Answered()
