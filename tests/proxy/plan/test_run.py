"""A step that a control plane carries out, as it is told to those who look on."""

from __future__ import annotations

import pytest
from strangler_proxy.plan.run import Run, RunAct, RunState, run_state, told_run
from strangler_proxy.plan.told import Told, ToldKind
from strangler_proxy.plan.world import Judged

from strangler.evidence import GateVerdict
from strangler.gates import GateJudgement

RUN = Run("shop", "reads.shadow", RunAct.APPLY, "ada (ci)", "ada (ci) on desk, process 7", 10.0)


def told(kind: ToldKind, text: str = "x", *verdicts: GateVerdict) -> Told:
    judged = tuple(Judged("catalog.list", GateJudgement("errors", each, "so many")) for each in verdicts)
    return Told(kind, "reads.shadow", text, judged)


def test_what_happened_stays_and_what_is_waited_for_changes() -> None:
    run = RUN.heard(told(ToldKind.BEGUN, "Ask both"), 11.0).heard(told(ToldKind.WAITS, "3 s left"), 12.0)
    assert ([text for _, _, text in run.told], run.waits) == (["Ask both"], "3 s left")
    run = run.heard(told(ToldKind.JUDGED, "errors: so many", GateVerdict.INCONCLUSIVE), 13.0)
    assert (run.waits, [each["verdict"] for each in run.gates]) == ("errors: so many", ["inconclusive"])
    run = run.heard(told(ToldKind.MADE, "a flip"), 14.0)
    assert (run.waits, run.gates, run.told[-1]) == ("", (), (14.0, "made", "a flip"))
    over = run.ended(15.0, "done", "Done.")
    assert (over.ended_at, over.outcome, over.to_json()["told"][-1]["text"]) == (15.0, "done", "a flip")


def test_it_stays_small_and_plain_whatever_is_told() -> None:
    run = RUN
    for number in range(100):
        run = run.heard(told(ToldKind.MOVES, f"{number} \x1b[31m" + "y " * 1000), 11.0)
    assert len(run.told) == 40
    assert run.told[-1][2].startswith("99 \\x1b[31m")
    assert len(run.told[-1][2]) <= 500


@pytest.mark.parametrize(
    ("run", "holder", "state", "said"),
    [
        (RUN, RUN.holder, RunState.GOES_ON, "to apply reads.shadow for ada (ci): it has just begun"),
        (RUN.heard(told(ToldKind.WAITS, "3 s left"), 11.0), RUN.holder, RunState.GOES_ON, "3 s left"),
        (RUN, "carla", RunState.CUT_OFF, "Nothing is lost"),
        (RUN, "", RunState.CUT_OFF, "ended before it was over"),
        (RUN.ended(12.0, "failed", "errors: too many"), "", RunState.ENDED, "failed. errors: too many"),
    ],
)
def test_it_goes_on_as_long_as_its_holder_has_the_lease(run: Run, holder: str, state: RunState, said: str) -> None:
    document = run.to_json()
    assert run_state(document, holder) is state
    assert said in told_run(document, holder)
