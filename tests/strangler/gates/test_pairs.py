from __future__ import annotations

import pytest

from strangler.evidence import AgreementWanted, Evidence, GateVerdict
from strangler.gates import CoverageGate, Gates, TransientGate, judge
from tests.strangler.gates.seen import judged, pairs, seen

PASS, FAIL, INCONCLUSIVE = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INCONCLUSIVE
AGREEMENT = Gates(agreement=AgreementWanted(0.99))


def test_sides_that_surely_agree_pass_and_say_so() -> None:
    found = judged(AGREEMENT, seen(evidence=pairs(500)))
    assert found.verdict is PASS
    assert found.reason.startswith("At least 99.")
    assert found.reason.endswith("; at least 99 % must surely agree.")
    assert found.figures["agree"] == 500
    assert found.to_json()["verdict"] == "pass"


def test_too_few_pairs_never_pass_and_no_pairs_neither() -> None:
    assert judged(AGREEMENT, seen(evidence=pairs(50))).verdict is INCONCLUSIVE
    assert judged(AGREEMENT, seen(evidence=pairs(500, inputs=20))).verdict is INCONCLUSIVE
    for nothing in (None, Evidence()):
        found = judged(AGREEMENT, seen(evidence=nothing))
        assert (found.verdict, found.reason) == (INCONCLUSIVE, "There are no pairs; at least 99 % must surely agree.")


def test_what_one_look_would_call_too_many_is_not_enough_for_one_who_looks_each_second() -> None:
    evidence = pairs(90, 5)
    found = judged(AGREEMENT, seen(evidence=evidence))
    assert found.verdict is INCONCLUSIVE
    assert "but not yet surely" in found.reason
    found = judged(AGREEMENT, seen(evidence=pairs(85, 15)))
    assert found.verdict is FAIL
    assert found.reason == (
        "15 of 100 pairs of stage canary differ, which is surely too many: at least 99 % must surely agree."
    )


def test_what_is_wrong_in_this_stage_is_not_thinned_by_what_was_right_before_it() -> None:
    evidence = pairs(100_000, stage="shadow", inputs=500)
    pairs(400, 40, into=evidence, inputs=0)
    assert judged(AGREEMENT, seen(evidence=evidence)).verdict is FAIL
    # The same differences among the pairs of the stage before are too few.
    assert judged(AGREEMENT, seen(evidence=evidence, stage="extracted")).verdict is not FAIL


def test_differences_that_pass_count_against_the_agreement_too() -> None:
    lagging = pairs(3000, 0, 300, asked=1500)
    found = judged(AGREEMENT, seen(evidence=lagging))
    assert found.verdict is FAIL
    assert "differed for a moment" in found.reason
    # Not enough to be sure at every look, and enough not to pass.
    some = pairs(3000, 0, 90, asked=1500)
    found = judged(AGREEMENT, seen(evidence=some))
    assert found.verdict is INCONCLUSIVE
    assert "differed for a moment" in found.reason
    # As many as the monolith itself changes are no fault of the candidate's.
    assert judged(AGREEMENT, seen(evidence=pairs(3000, 0, 90, asked=1500, changed=45))).verdict is PASS
    # The margin is that of the gate on them, where there is one.
    wide = Gates(agreement=AgreementWanted(0.99), transient=TransientGate(0.2))
    assert [each.verdict for each in judge(wide, seen(evidence=some))] == [PASS, PASS]


def test_a_candidate_that_lags_is_told_from_a_monolith_that_changes() -> None:
    gate = Gates(transient=TransientGate(0.01))
    assert judged(gate, seen(evidence=pairs(3000, 0, 3, asked=1500))).verdict is PASS
    found = judged(gate, seen(evidence=pairs(3000, 0, 300, asked=1500)))
    assert found.verdict is FAIL
    assert found.reason.startswith("300 of 3,300 pairs differed for a moment (transient), and 0 of 1,500 of")
    assert judged(gate, seen(evidence=pairs(30, 0, 1, asked=10))).verdict is INCONCLUSIVE
    unknown = judged(gate, seen(evidence=pairs(3000)))
    assert unknown.verdict is INCONCLUSIVE
    assert "shadow.recheck" in unknown.reason
    assert judged(gate, seen()).reason.startswith("There are no pairs")


def test_nothing_fails_by_a_few_rechecks_that_happened_to_show_no_change() -> None:
    gate = Gates(transient=TransientGate(0.01))
    assert judged(gate, seen(evidence=pairs(3000, 0, 150, asked=20))).verdict is INCONCLUSIVE


@pytest.mark.parametrize(
    ("gate", "lacks"),
    [
        (CoverageGate(templates=True), "template /other/"),
        (CoverageGate(methods=True), "method POST"),
        (CoverageGate(classes=(2, 4)), "status 4xx"),
        (CoverageGate(parameters=("page", "q")), "parameter q"),
        (CoverageGate(subjects=7), "7 subjects (there are 0)"),
        (CoverageGate(targets=1000), "1,000 targets (there are"),
    ],
)
def test_what_was_not_seen_is_named(gate: CoverageGate, lacks: str) -> None:
    evidence = pairs(100)
    evidence.add_parameter("/p/", "page", 3)
    what = seen(evidence=evidence, methods=frozenset({"GET", "HEAD", "POST"}), templates=("/p/", "/other/"))
    found = judged(Gates(coverage=gate), what)
    assert found.verdict is INCONCLUSIVE
    assert lacks in found.reason
    assert len(found.figures["lacking"]) == 1


def test_everything_that_is_wanted_was_seen() -> None:
    evidence = pairs(100, into=pairs(5, status=404))
    pairs(1, method="POST", into=evidence)
    gate = CoverageGate(templates=True, methods=True, classes=(2, 4), targets=50)
    what = seen(evidence=evidence, methods=frozenset({"GET", "HEAD", "POST"}), templates=("/p/",))
    found = judged(Gates(coverage=gate), what)
    assert (found.verdict, found.reason) == (PASS, "In 106 pairs everything was seen that is wanted.")


def test_without_pairs_that_tell_something_nothing_is_covered() -> None:
    found = judged(Gates(coverage=CoverageGate()), seen(evidence=pairs(0, 0, 9)))
    assert found.verdict is INCONCLUSIVE
    assert found.reason == "There are no pairs that tell something, so nothing is covered."
