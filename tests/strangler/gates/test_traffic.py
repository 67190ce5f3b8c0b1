from __future__ import annotations

import pytest

from strangler.evidence import Evidence, GateVerdict
from strangler.gates import Answered, ErrorsGate, Gates, LatencyGate
from tests.strangler.gates.seen import judged, pairs, seen, side

PASS, FAIL, INCONCLUSIVE = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INCONCLUSIVE
ERRORS = Gates(errors=ErrorsGate(0.005))
LATENCY = Gates(latency=LatencyGate(1.2, 0.95))


def test_a_candidate_that_fails_no_more_often_passes() -> None:
    found = judged(ERRORS, seen((side(2000, 2), side(20_000, 20))))
    assert found.verdict is PASS
    assert found.reason == (
        "2 of the candidate's 2,000 requests failed, and 20 of the monolith's 20,000 requests in the same time;"
        " at most 0.5 % more is allowed."
    )
    assert found.figures["candidate"] == {"requests": 2000, "errors": 2}


def test_too_few_requests_tell_nothing_and_none_at_all_neither() -> None:
    few = judged(ERRORS, seen((side(20), side(200))))
    assert few.verdict is INCONCLUSIVE
    assert "up to" in few.reason
    none = judged(ERRORS, seen())
    assert none.verdict is INCONCLUSIVE
    assert none.reason.startswith("The candidate was asked by no customer")
    assert judged(ERRORS, seen((Answered(), side(200)))).verdict is INCONCLUSIVE


def test_a_candidate_that_fails_more_often_fails_within_few_requests() -> None:
    found = judged(ERRORS, seen((side(40, 8), side(800, 2))))
    assert found.verdict is FAIL
    assert "surely more" in found.reason


def test_an_outage_of_both_is_nobodys_fault() -> None:
    quiet = (side(100), side(2000))
    outage = (side(100, 60), side(2000, 1200))
    assert judged(ERRORS, seen(*[quiet] * 20, outage, *[quiet] * 20)).verdict is not FAIL
    alone = (side(100, 60), side(2000))
    assert judged(ERRORS, seen(*[quiet] * 20, alone, *[quiet] * 20)).verdict is FAIL


def test_without_a_neighbour_the_margin_is_all_that_may_fail() -> None:
    good = judged(ERRORS, seen((side(2000, 1), Answered())))
    assert good.verdict is PASS
    assert "the monolith was hardly asked" in good.reason
    # It is held against the hour before where it fails, and passes by nothing but the same time.
    before = side(10_000, 100)
    assert judged(ERRORS, seen((side(2000, 20), Answered()), before=before)).verdict is INCONCLUSIVE
    bad = judged(ERRORS, seen((side(500, 60), side(1)), before=before))
    assert bad.verdict is FAIL
    assert "(before, 100 of the monolith's 10,000 requests failed)" in bad.reason
    # Of a monolith that nobody knows anything of, nothing can be said.
    assert judged(ERRORS, seen((side(500, 60), Answered()))).verdict is INCONCLUSIVE


def latencies(candidate: float, monolith: float, count: int = 1000, second: bool = False) -> Evidence:
    made = Evidence()
    for who, seconds, position in (
        ("candidate", candidate, "second" if second else "first"),
        ("monolith", monolith, "again" if second else "first"),
    ):
        for number in range(count):
            made.histogram(who, position).add(seconds * (0.9 + 0.2 * number / count))
    return made


def test_times_of_the_same_position_pass() -> None:
    for second in (False, True):
        found = judged(LATENCY, seen(evidence=latencies(0.02, 0.02, second=second)))
        assert found.verdict is PASS
        assert found.reason.endswith("; at most 1.2 times is allowed.")
    assert judged(LATENCY, seen(evidence=latencies(0.02, 0.02, count=20))).verdict is INCONCLUSIVE
    nothing = judged(LATENCY, seen())
    assert nothing.verdict is INCONCLUSIVE
    assert nothing.reason.endswith("asked again (`shadow.recheck`); at most 1.2 times is allowed.")


def test_customers_of_a_slower_candidate_fail_it_at_once() -> None:
    found = judged(LATENCY, seen(*[(side(10, within=0.05), side(190, within=0.01))] * 3))
    assert found.verdict is FAIL
    assert found.reason == (
        "p95 of the candidate is at least 25 ms, and the monolith's at most 10 ms: surely more, at most 1.2 times is"
        " allowed."
    )
    # In the next bucket it may be within the ratio; and a span in which one side was not asked is no measure.
    assert judged(LATENCY, seen(*[(side(10, within=0.025), side(190, within=0.01))] * 3)).verdict is not FAIL
    apart = [(side(30, within=0.05), Answered()), (Answered(), side(600, within=0.01))]
    assert judged(LATENCY, seen(*apart)).verdict is not FAIL


def test_copies_that_take_longer_fail_it_in_shadow() -> None:
    assert judged(LATENCY, seen(stage="shadow", evidence=latencies(0.04, 0.02, second=True))).verdict is FAIL


def test_customers_whose_answers_became_pairs_fail_it_where_the_same_time_shows_it_too() -> None:
    evidence = latencies(0.04, 0.02)
    # The windows' buckets are too wide to tell 20 ms from 40, and yet it is slower in them.
    together = [(side(20, within=0.05), side(380, within=0.025))] * 3
    found = judged(LATENCY, seen(*together, evidence=evidence))
    assert found.verdict is FAIL
    assert found.reason.startswith("p95 of the candidate is at least 35.3 ms, and the monolith's at most 22.1 ms")
    # An hour that was slow for both, with a wide share: only the sums say that the candidate is slower.
    apart = [(side(20, within=0.025), side(1980, within=0.025)), (side(500, within=0.05), side(500, within=0.05))]
    slower = judged(LATENCY, seen(*apart * 3, evidence=evidence))
    assert slower.verdict is INCONCLUSIVE
    assert "not yet surely" in slower.reason
    assert judged(LATENCY, seen(evidence=evidence)).verdict is INCONCLUSIVE


@pytest.mark.parametrize(("asked", "verdict"), [(499, INCONCLUSIVE), (500, PASS)])
def test_requests_and_in_shadow_pairs_are_counted(asked: int, verdict: GateVerdict) -> None:
    gates = Gates(requests=500)
    found = judged(gates, seen((side(asked - 100), side(9)), (side(100), side(9))))
    assert (found.verdict, found.reason) == (verdict, f"The candidate had {asked} requests; 500 are wanted.")
    in_shadow = seen(stage="shadow", evidence=pairs(asked, stage="shadow"))
    assert judged(gates, in_shadow).verdict is verdict
    assert judged(gates, seen(stage="shadow", evidence=pairs(asked, stage="canary"))).verdict is INCONCLUSIVE


def test_the_stage_must_have_lasted() -> None:
    gates = Gates(seconds=1800.0)
    found = judged(gates, seen(lasted=1799))
    assert (found.verdict, found.reason) == (INCONCLUSIVE, "The stage has lasted 29 min; 30 min are wanted.")
    assert judged(gates, seen(lasted=1800)).verdict is PASS
    # A clock that was put back says nothing.
    assert judged(gates, seen(lasted=-5)).verdict is INCONCLUSIVE


def test_a_breaker_that_opened_fails_and_one_that_nobody_tried_does_not_pass() -> None:
    gates, asked = Gates(breaker=True), (side(10), side(10))
    assert judged(gates, seen(asked, opened=0)).verdict is PASS
    assert judged(gates, seen(stage="shadow", evidence=pairs(1, stage="shadow"), opened=0)).verdict is PASS
    once = judged(gates, seen(asked, opened=1))
    assert (once.verdict, once.reason) == (
        FAIL,
        "The candidate's breaker opened once since the stage began; it must never open.",
    )
    assert "opened 3 times" in judged(gates, seen(asked, opened=3)).reason
    assert judged(gates, seen(opened=0)).verdict is INCONCLUSIVE
    assert judged(gates, seen(asked, opened=None)).verdict is INCONCLUSIVE
