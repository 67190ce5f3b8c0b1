from __future__ import annotations

import pytest
from strangler_proxy.replay.endpoints import Endpoint
from strangler_proxy.replay.tally import Tally

from strangler.compare import Comparison, Difference, DifferenceKind, Severity, Verdict

LIST = Endpoint("shop.list", "GET", "/products/")
AGREE = Comparison(Verdict.AGREE)


def differs(*paths: str, severity: Severity = Severity.BREAKING) -> Comparison:
    found = tuple(
        Difference(path, DifferenceKind.VALUE, "1", "2", severity, path.replace("[0]", "[*]").replace("[1]", "[*]"))
        for path in paths
    )
    return Comparison(Verdict.DIFFER if severity is Severity.BREAKING else Verdict.AGREE, found)


@pytest.mark.parametrize(
    ("agreed", "differing", "missed", "may_miss", "verdict"),
    [
        (0, 0, 0, 1.0, Verdict.INCONCLUSIVE),
        (1, 0, 0, 0.0, Verdict.AGREE),
        (9, 1, 0, 0.0, Verdict.DIFFER),
        (0, 1, 9, 0.0, Verdict.DIFFER),
        (9, 0, 1, 0.0, Verdict.INCONCLUSIVE),
        (9, 0, 1, 0.1, Verdict.AGREE),
        (9, 0, 2, 0.1, Verdict.INCONCLUSIVE),
        (0, 0, 5, 1.0, Verdict.INCONCLUSIVE),
    ],
)
def test_no_data_never_passes_and_one_difference_fails(
    agreed: int, differing: int, missed: int, may_miss: float, verdict: Verdict
) -> None:
    tally = Tally(may_miss=may_miss)
    for _ in range(agreed):
        tally.pair(LIST, "/products/", AGREE)
    for _ in range(differing):
        tally.pair(LIST, "/products/", differs("$.a"))
    for _ in range(missed):
        tally.missed(LIST, "identity")
    assert tally.verdict is verdict


def test_a_field_is_counted_once_a_pair_with_its_first_place_as_the_example() -> None:
    tally = Tally()
    tally.pair(LIST, "/products/?page=1", differs("$.r[0].a", "$.r[1].a", "$.b"))
    tally.pair(LIST, "/products/?page=2", differs("$.r[1].a"))
    first, second = tally.found
    assert (first.example.field, first.count, first.example.path, first.target) == (
        "$.r[*].a",
        2,
        "$.r[0].a",
        "/products/?page=1",
    )
    assert (second.example.field, second.count) == ("$.b", 1)


def test_breaking_differences_come_before_warnings() -> None:
    tally = Tally()
    for _ in range(3):
        tally.pair(LIST, "/", differs("header:X", severity=Severity.WARNING))
    tally.pair(LIST, "/", differs("$.a"))
    assert [each.example.field for each in tally.found] == ["$.a", "header:X"]
    assert tally.verdicts == {Verdict.AGREE: 3, Verdict.DIFFER: 1}


def test_kinds_of_differences_are_bounded_and_the_rest_is_counted() -> None:
    tally = Tally()
    for start in range(0, 6000, 500):
        tally.pair(LIST, "/", differs(*(f"$.a{number}" for number in range(start, start + 500))))
    assert (len(tally.found), tally.more) == (5000, 1000)


def test_latency_is_told_by_side() -> None:
    tally = Tally()
    tally.took("old", 0.1)
    document = tally.to_json()
    assert document["latency_ms"]["old"]["p50"] == pytest.approx(100, rel=0.03)
    assert document["latency_ms"]["new"]["p50"] is None
