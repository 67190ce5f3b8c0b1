from __future__ import annotations

import pytest

from strangler.compare import Verdict
from strangler.evidence import Batch, Evidence, Scope, hash64
from strangler.evidence.agreement import AgreementWanted, agreement_of, change_of
from strangler.evidence.gate_verdict import GateVerdict, Judgement

SCOPE = Scope("catalog.list", "1.0", "abc")
PASS, FAIL, INCONCLUSIVE = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INCONCLUSIVE


def evidence(
    *, agree: int = 0, differ: int = 0, inconclusive: int = 0, inputs: int = 10**6, cause: str = "limits"
) -> Evidence:
    batch = Batch()
    counts = {Verdict.AGREE: agree, Verdict.DIFFER: differ, Verdict.INCONCLUSIVE: inconclusive}
    for verdict, count in counts.items():
        batch.pair(
            SCOPE,
            template="/",
            method="GET",
            status=200,
            stage="shadow",
            answering="monolith",
            verdict=verdict,
            cause=cause if verdict is Verdict.INCONCLUSIVE else "",
            count=count,
            at=0.0,
        )
    for number in range(min(inputs, agree + differ + inconclusive)):
        batch.distinct(SCOPE, what="targets", hash64=hash64(str(number).encode()))
    return batch.scopes[SCOPE]


def test_no_data_never_passes() -> None:
    for nothing in (Evidence(), evidence(), evidence(inconclusive=5)):
        for bound in (0.0, 0.5, 0.999):
            judged = agreement_of(nothing).judged(AgreementWanted(bound=bound))
            assert judged.verdict is INCONCLUSIVE
            assert judged.reason


@pytest.mark.parametrize(
    ("agree", "differ", "verdict"),
    [(299, 0, PASS), (298, 0, INCONCLUSIVE), (472, 1, INCONCLUSIVE), (1000, 1, PASS), (1000, 30, FAIL), (0, 1, FAIL)],
)
def test_it_passes_when_the_bound_is_reached_and_fails_when_it_cannot_be(
    agree: int, differ: int, verdict: GateVerdict
) -> None:
    # Inputs beyond 120 are estimated, and taken a little lower than that.
    found = evidence(agree=agree, differ=differ)
    agreement = agreement_of(found)
    by_pairs = agreement.judged(AgreementWanted(bound=0.99))
    if verdict is PASS:
        assert agreement.pair_bound >= 0.99
        assert by_pairs.verdict is (PASS if agreement.input_bound >= 0.99 else INCONCLUSIVE)
    else:
        assert by_pairs.verdict is verdict


def test_what_is_missing_is_said() -> None:
    judged = agreement_of(evidence(agree=100)).judged(AgreementWanted(bound=0.99))
    assert judged.verdict is INCONCLUSIVE
    assert "it takes 299 pairs, of which there are 100" in judged.reason


def test_a_thousand_pairs_of_few_inputs_are_worth_few() -> None:
    agreement = agreement_of(evidence(agree=999, inputs=20))
    assert agreement.inputs == 20
    assert not agreement.exhausted
    assert agreement.pair_bound > 0.99
    assert agreement.bound == agreement.input_bound == pytest.approx(0.05 ** (1 / 20))
    judged = agreement.judged(AgreementWanted(bound=0.99))
    assert judged.verdict is INCONCLUSIVE
    assert "299 distinct inputs, or 50 pairs of each; there are 20 inputs in 999 pairs" in judged.reason


def test_a_single_input_is_told_as_one() -> None:
    few = agreement_of(evidence(agree=40, inputs=1)).judged(AgreementWanted(bound=0.9))
    assert few.reason.endswith("29 distinct inputs, or 50 pairs of each; there is 1 input in 40 pairs.")
    enough = agreement_of(evidence(agree=50, inputs=1)).judged(AgreementWanted(bound=0.9))
    assert "(50 of 50, 1 distinct input)" in enough.reason


def test_inputs_that_come_again_and_again_are_taken_for_all_that_there_are() -> None:
    agreement = agreement_of(evidence(agree=1000, inputs=20))
    assert agreement.exhausted
    assert agreement.bound == agreement.pair_bound
    assert agreement.judged(AgreementWanted(bound=0.99)).verdict is PASS


def test_an_unknown_number_of_inputs_counts_as_none() -> None:
    agreement = agreement_of(evidence(agree=10_000, inputs=0))
    assert agreement.bound == 0.0
    assert agreement.judged(AgreementWanted(bound=0.5)).verdict is INCONCLUSIVE


def test_the_bound_never_exceeds_that_of_the_pairs() -> None:
    agreement = agreement_of(evidence(agree=500, differ=2))
    assert agreement.inputs <= 502
    assert agreement.bound <= agreement.pair_bound


def test_a_group_has_its_own_pairs_and_its_share_of_the_inputs() -> None:
    found = evidence(agree=900, inputs=100)
    for key, tally in evidence(agree=50, differ=50).pairs.items():
        found.tally(key._replace(group="staff")).merge(tally)
    staff, everybody = agreement_of(found, group="staff"), agreement_of(found)
    assert (staff.agree, staff.differ, staff.inconclusive) == (50, 50, 0)
    assert staff.inputs == 10
    assert (everybody.agree, everybody.differ, everybody.inputs) == (950, 50, 100)
    assert agreement_of(found, group="nobody").pairs == 0
    assert staff.judged(AgreementWanted(bound=0.9)).verdict is FAIL
    assert everybody.judged(AgreementWanted(bound=0.9)).verdict is not FAIL


def test_many_inconclusive_pairs_may_hide_a_difference() -> None:
    judged = agreement_of(evidence(agree=5000, inconclusive=1000)).judged(AgreementWanted(bound=0.99))
    assert judged.verdict is INCONCLUSIVE
    assert "1000 of 6000 pairs are inconclusive" in judged.reason
    assert agreement_of(evidence(agree=5000, inconclusive=100)).judged(AgreementWanted(bound=0.99)).verdict is PASS


def test_a_smallest_number_of_pairs_can_be_wanted() -> None:
    agreement = agreement_of(evidence(agree=5000))
    assert agreement.judged(AgreementWanted(bound=0.99, pairs=5000)).verdict is PASS
    assert agreement.judged(AgreementWanted(bound=0.99, pairs=5001)).verdict is INCONCLUSIVE


def test_a_share_in_a_reason_is_never_rounded_up() -> None:
    reason = agreement_of(evidence(agree=100)).judged(AgreementWanted(bound=0.97)).reason
    assert "At least 97.048 % of pairs agree" in reason


@pytest.mark.parametrize(
    ("transient", "asked", "changed", "verdict"),
    [
        (0, 0, 0, INCONCLUSIVE),
        (0, 5, 0, PASS),
        (10, 1000, 10, PASS),
        (500, 1000, 10, FAIL),
        (20, 100, 0, INCONCLUSIVE),
    ],
)
def test_differences_of_a_moment_are_held_against_the_monoliths_own_changes(
    transient: int, asked: int, changed: int, verdict: GateVerdict
) -> None:
    found = evidence(agree=2000, inconclusive=transient, cause="transient")
    found.asked, found.changed = asked, changed
    change = change_of(found)
    assert (change.transient, change.pairs) == (transient, 2000 + transient)
    assert change.judged(margin=0.01).verdict is verdict


def test_other_inconclusive_pairs_are_no_differences_of_a_moment() -> None:
    assert change_of(evidence(agree=10, inconclusive=5)).transient == 0


@pytest.mark.parametrize("cause", ["unchecked", "fallback"])
def test_what_differed_or_failed_and_was_not_looked_into_counts_against_the_bound(cause: str) -> None:
    found = agreement_of(evidence(agree=9100, inconclusive=900, cause=cause))
    assert found.open == 900
    judged = found.judged(AgreementWanted())
    assert judged.verdict is INCONCLUSIVE
    assert "900 unchecked differences and failures count as differing" in judged.reason
    assert agreement_of(evidence(agree=9100, inconclusive=2, cause=cause)).judged(AgreementWanted()).verdict is PASS
    # It may be noise: nothing fails by it.
    assert found.ceiling == 1.0
    assert agreement_of(evidence(agree=9100, inconclusive=900)).judged(AgreementWanted()).verdict is PASS


def test_one_failure_decides_and_nothing_is_inconclusive() -> None:
    passed, failed, unsure = (Judgement(verdict, verdict.value) for verdict in (PASS, FAIL, INCONCLUSIVE))
    assert Judgement.all_of([passed, unsure, failed]) == failed
    assert Judgement.all_of([passed, unsure]) == unsure
    assert Judgement.all_of([passed, passed]).verdict is PASS
    assert Judgement.all_of([]).verdict is INCONCLUSIVE
