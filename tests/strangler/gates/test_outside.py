from __future__ import annotations

import json
import math

import pytest

from strangler.evidence import GateVerdict
from strangler.gates import (
    Approval,
    CommandGate,
    CommandSeen,
    Gates,
    ProbeGate,
    ProbeSeen,
    PrometheusGate,
    PrometheusSeen,
    judge,
    overall,
)
from tests.strangler.gates.seen import NOW, judged, seen

PASS, FAIL, INCONCLUSIVE = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INCONCLUSIVE
READY = "http://catalog/ready"


@pytest.mark.parametrize(
    ("gate", "what", "verdict"),
    [
        (ProbeGate(READY), ProbeSeen(200), PASS),
        (ProbeGate(READY), ProbeSeen(204), PASS),
        (ProbeGate(READY), ProbeSeen(302), FAIL),
        (ProbeGate(READY), ProbeSeen(503), FAIL),
        (ProbeGate(READY, status=404), ProbeSeen(404), PASS),
        (ProbeGate(READY, status=404), ProbeSeen(200), FAIL),
        (ProbeGate(READY, contains="ok"), ProbeSeen(200, contained=False), FAIL),
        (ProbeGate(READY), ProbeSeen(error="Connection refused"), INCONCLUSIVE),
        (ProbeGate(READY), None, INCONCLUSIVE),
    ],
)
def test_a_probe_passes_by_its_answer(gate: ProbeGate, what: ProbeSeen | None, verdict: GateVerdict) -> None:
    found = judged(Gates(probes=(gate,)), seen(probes={} if what is None else {gate: what}))
    assert found.verdict is verdict
    assert READY in found.reason
    assert "wanted" in found.reason


def test_a_command_passes_by_its_exit_code() -> None:
    gate = CommandGate("make check")
    gates = Gates(commands=(gate,))
    for what, verdict in ((CommandSeen(0), PASS), (CommandSeen(2), FAIL), (CommandSeen(error="x"), INCONCLUSIVE)):
        found = judged(gates, seen(commands={gate: what}))
        assert found.verdict is verdict
        assert "make check" in found.reason
    assert judged(gates, seen()).verdict is INCONCLUSIVE


@pytest.mark.parametrize(
    ("least", "most", "value", "verdict"),
    [
        (None, 0.5, 0.5, PASS),
        (None, 0.5, 0.6, FAIL),
        (1.0, None, 0.9, FAIL),
        (1.0, 2.0, 1.5, PASS),
        (1.0, 2.0, math.inf, FAIL),
        (None, 0.5, math.nan, INCONCLUSIVE),
        (None, 0.5, None, INCONCLUSIVE),
    ],
)
def test_a_query_passes_by_its_number(
    least: float | None, most: float | None, value: float | None, verdict: GateVerdict
) -> None:
    gate = PrometheusGate("http://prometheus", "up", least, most)
    found = judged(Gates(prometheus=(gate,)), seen(prometheus={gate: PrometheusSeen(value)}))
    assert found.verdict is verdict
    json.dumps(found.to_json(), allow_nan=False)
    failed = judged(Gates(prometheus=(gate,)), seen(prometheus={gate: PrometheusSeen(error="2 series")}))
    assert failed.verdict is INCONCLUSIVE
    assert "2 series" in failed.reason
    assert judged(Gates(prometheus=(gate,)), seen()).verdict is INCONCLUSIVE


@pytest.mark.parametrize("wanted", ["tech lead", "ana@desk (ci)", "approve"])
def test_an_approval_is_by_word_by_name_or_by_role(wanted: str) -> None:
    given = Approval("ana@desk (ci)", "approve", "tech lead", "looked at it", NOW - 10)
    found = judged(Gates(approval=wanted), seen(approvals=(given,)))
    assert found.verdict is PASS
    assert "looked at it" in found.reason
    assert judged(Gates(approval="somebody else"), seen(approvals=(given,))).verdict is INCONCLUSIVE
    assert judged(Gates(approval=wanted), seen()).verdict is INCONCLUSIVE


def test_an_approval_of_a_stage_that_is_over_is_over() -> None:
    given = Approval("ana", "", "go", "", NOW - 3601)
    assert judged(Gates(approval="go"), seen(approvals=(given,))).verdict is INCONCLUSIVE


def test_judgements_come_in_one_order_and_one_that_fails_decides() -> None:
    ready, check, query = ProbeGate(READY), CommandGate("true"), PrometheusGate("http://p", "up", 1)
    gates = Gates(
        requests=5, seconds=1, breaker=True, probes=(ready,), commands=(check,), prometheus=(query,), approval="x"
    )
    found = judge(gates, seen(probes={ready: ProbeSeen(500)}))
    assert [each.name for each in found] == [
        "requests",
        "time",
        "breaker",
        "probe",
        "command",
        "prometheus",
        "approval",
    ]
    assert overall(found).verdict is FAIL
    assert overall(found[:3]).verdict is INCONCLUSIVE
    assert overall(found[1:2]).verdict is PASS
    nothing = overall(judge(Gates(), seen()))
    assert (nothing.verdict, nothing.reason) == (PASS, "No gate is asked for.")
    assert not Gates()
    assert gates
