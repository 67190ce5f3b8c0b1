"""The figures for people: what was found and what was not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.proof.bugs import Hunt, Quiet
from tests.proof.control import Reports
from tests.proof.hunt import Hunted
from tests.proof.report import report
from tests.proof.twins import Likeness

_ROUTE: dict[str, Any] = {
    "route": "pages.home",
    "agreement": {"pairs": 100, "agree": 99, "differ": 0, "inconclusive": 1, "inputs": 3},
    "causes": {"transient": 1},
    "missed": {"session": 4},
    "differences": [],
    "noise": [{"field": "$.html.time", "kind": "value", "count": 12}],
}


def _likeness(**changed: Any) -> Likeness:
    given: dict[str, Any] = {
        "reports": Reports([_ROUTE]),
        "faults": 0,
        "asked": 5,
        "requests": 120,
        "orders": 2,
        "failures": (),
        "examples": (),
        "wanted": 100,
        "seconds": 9.0,
    }
    return Likeness(**{**given, **changed})


def _found(*after: int | None, blamed: int = 0, elsewhere: tuple[str, ...] = ()) -> Hunted:
    outcomes = Counter({"differ": 5, **({"transient": blamed} if blamed else {})})
    return Hunted("price: a cent off", [*after], 100, 10, outcomes, Counter(), [*elsewhere])


def test_a_run_in_which_all_holds_is_a_proof() -> None:
    hunt = Hunt([_found(3, 9)], [], [], Quiet(Counter(agree=900, equal=100)), 7.0)
    figures = {"good": True, "aa": _likeness().to_json(), "ab": hunt.to_json()}
    text = report(figures)
    assert text.splitlines()[-1] == "PROVED"
    assert "99 agree, 0 differ, 1 tell nothing (1 transient)" in text
    assert "noise $.html.time value: 12 pairs" in text
    assert ["price:", "a", "cent", "off", "6", "9", "10.00%"] in [line.split() for line in text.splitlines()]
    assert hunt.to_json()["quiet"]["false_differences_in_10000_at_most"] < 31


def test_more_than_one_in_a_hundred_that_tells_nothing_is_none() -> None:
    worse = {**_ROUTE, "agreement": {**_ROUTE["agreement"], "agree": 98, "inconclusive": 2}}
    assert _likeness().good
    assert not _likeness(reports=Reports([worse])).good


def test_a_difference_a_failure_a_fault_or_too_few_pairs_is_none() -> None:
    differing = {**_ROUTE, "agreement": {**_ROUTE["agreement"], "agree": 98, "differ": 1}}
    assert not _likeness(reports=Reports([differing])).good
    assert not _likeness(failures=("one",)).good
    assert not _likeness(faults=1).good
    assert not _likeness(wanted=101).good


def test_a_bug_must_be_found_with_every_seed_where_it_is_and_for_nothing_else() -> None:
    assert _found(3).good
    assert not _found(3, None).good
    assert not _found(3, blamed=1).good
    assert not _found(3, elsewhere=("$.name differs",)).good
    text = report({"good": False, "ab": Hunt([_found(3, None)], [], [], Quiet(), 1.0).to_json()})
    assert "not found" in text
    assert text.endswith("NOT PROVED")


def test_a_difference_without_a_bug_is_none() -> None:
    assert Hunt([_found(3)], [], [], Quiet(Counter(agree=9)), 1.0).good
    assert not Hunt([_found(3)], [], [], Quiet(Counter(agree=9, differ=1)), 1.0).good
    assert not Hunt([_found(3)], [_found(3)], [], Quiet(Counter(agree=9)), 1.0).good
    assert not Hunt([_found(3)], [Hunted("never seen")], [], Quiet(Counter(agree=9)), 1.0).good
    assert not Hunt([_found(3)], [], [], Quiet(Counter(agree=9, transient=1)), 1.0).good
