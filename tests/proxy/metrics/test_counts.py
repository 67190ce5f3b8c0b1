"""What a worker counts is told once, in buckets whose bounds belong to the bucket below."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.counts import BOUNDS, Counts


def buckets(*seconds: float) -> list[int]:
    """The histogram by the definition: an answer belongs to the first bound that it does not pass."""
    found = [0] * (len(BOUNDS) + 1)
    for each in seconds:
        found[next((index for index, bound in enumerate(BOUNDS) if each <= bound), len(BOUNDS))] += 1
    return found


def test_answers_are_told_once_by_route_side_upstream_stage_and_class() -> None:
    counts = Counts()
    catalog = counts.tally("a", "candidate", "catalog", "canary")
    catalog.add(200, 0.5)
    catalog.add(204, 0.25)
    counts.tally("a", "monolith", "monolith").add(500, 1)
    about = {"route": "a", "side": "candidate", "upstream": "catalog", "stage": "canary", "status_class": "2xx"}
    other = {"route": "a", "side": "monolith", "upstream": "monolith", "stage": "", "status_class": "5xx"}
    assert counts.total == 3
    assert counts.take() == [
        {**about, "count": 2, "fallbacks": 0, "broken": 0, "seconds": 0.75, "buckets": buckets(0.5, 0.25)},
        {**other, "count": 1, "fallbacks": 0, "broken": 0, "seconds": 1, "buckets": buckets(1)},
    ]
    assert counts.take() == []
    assert counts.total == 3


def test_answers_in_a_failed_candidates_place_are_told_apart_from_the_monoliths_own() -> None:
    counts = Counts()
    counts.tally("a", "monolith", "monolith", "canary").add(200, 0.1)
    counts.tally("a", "monolith", "monolith", "canary", fell_back=True).add(200, 2)
    about = {"route": "a", "side": "monolith", "upstream": "monolith", "stage": "canary", "status_class": "2xx"}
    assert counts.take() == [
        {**about, "count": 1, "fallbacks": 0, "broken": 0, "seconds": 0.1, "buckets": buckets(0.1)},
        {**about, "count": 1, "fallbacks": 1, "broken": 0, "seconds": 2, "buckets": buckets(2)},
    ]


def test_answers_that_were_broken_off_are_told_once_beside_those_of_their_class() -> None:
    counts = Counts()
    tally = counts.tally("a", "candidate", "catalog", "canary")
    for _ in range(3):
        tally.add(200, 0.1)
    tally.broke_off(200)
    assert [(row["count"], row["broken"]) for row in counts.take()] == [(3, 1)]
    tally.add(200, 0.1)
    assert [(row["count"], row["broken"]) for row in counts.take()] == [(1, 0)]


def test_a_tally_is_the_same_for_whoever_asks_for_it() -> None:
    counts = Counts()
    assert counts.tally("a", "candidate", "catalog", "canary") is counts.tally("a", "candidate", "catalog", "canary")
    assert counts.tally("a", "candidate", "catalog", "canary") is not counts.tally("a", "candidate", "catalog")


@given(st.lists(st.floats(0, 100) | st.sampled_from(BOUNDS)))
def test_an_answer_is_in_the_first_bucket_whose_bound_it_does_not_pass(seconds: list[float]) -> None:
    counts = Counts()
    for each in seconds:
        counts.tally("a", "candidate", "catalog").add(200, each)
    told = counts.take()
    assert [row["buckets"] for row in told] == ([buckets(*seconds)] if seconds else [])
    assert list(accumulate(row["count"] for row in told)) == ([len(seconds)] if seconds else [])


@given(st.lists(st.integers(100, 999)))
def test_every_status_that_an_upstream_can_say_has_its_class(statuses: list[int]) -> None:
    counts = Counts()
    for each in statuses:
        counts.tally("a", "candidate", "catalog").add(each, 0.0)
    told = {row["status_class"]: row["count"] for row in counts.take()}
    classes = [f"{each // 100}xx" for each in statuses]
    assert told == {each: classes.count(each) for each in classes}


def test_causes_are_told_once() -> None:
    counts = Counts()
    counts.fallback("a", "catalog", "refused")
    counts.failure("catalog", "refused")
    counts.failure("catalog", "refused")
    counts.refuse(400, "no Host")
    assert counts.take_causes() == {
        "fallbacks": [{"route": "a", "upstream": "catalog", "cause": "refused", "count": 1}],
        "failures": [{"upstream": "catalog", "cause": "refused", "count": 2}],
        "refusals": [{"status": 400, "reason": "no Host", "count": 1}],
    }
    assert counts.take_causes() == {"fallbacks": [], "failures": [], "refusals": []}
    assert [(row["route"], row["status_class"], row["count"]) for row in counts.take()] == [("-", "4xx", 1)]


def test_reasons_without_end_do_not_fill_the_memory() -> None:
    counts = Counts()
    for number in range(5000):
        counts.refuse(400, f"reason {number}")
    told = counts.take_causes()["refusals"]
    assert len(told) <= 520
    assert sum(row["count"] for row in told) == 5000
    assert {"status": 400, "reason": "other", "count": 5000 - 512} in told
