"""Some rollouts of the proof, and its report."""

from __future__ import annotations

import math

import pytest
from strangler_proxy.rollout import DEFAULT, Place, RolloutState, Schedule, Station

from strangler.toggles import Stage
from tests.proof.rollouts.badness import BADNESS, GOOD, Badness
from tests.proof.rollouts.report import rollout_lines
from tests.proof.rollouts.trial import Trial
from tests.proof.rollouts.walk import BRISK, LASTING, Walked, walk

FIVE = Place(Stage.CANARY, 5_000)
AT_ONCE = [each for each in BADNESS if each.bar <= 2_000]


@pytest.mark.parametrize("bad", AT_ONCE, ids=lambda each: each.name)
def test_what_is_plainly_bad_is_taken_back_within_its_bar(bad: Badness) -> None:
    for seed in range(2):
        walked = walk(LASTING, bad, seed, begin=FIVE)
        assert walked.taken_back, walked
        assert walked.requests <= bad.bar
        assert walked.place == "canary 5%"


def test_a_good_one_gets_everybody() -> None:
    stations = tuple(Station(Place.from_share(each), 120.0) for each in ("25%", "100%"))
    walked = walk(Schedule("short", stations, BRISK.gates), GOOD, 1, begin=Place(Stage.SHADOW), look_every=8)
    assert (walked.state, walked.place) == (RolloutState.FINISHED, "extracted"), walked


def test_the_gates_of_the_proof_are_the_default_ones_but_for_the_breaker() -> None:
    assert {**BRISK.gates, "breaker": "never open"} == DEFAULT.gates
    assert [each.place for each in BRISK.stations] == [each.place for each in DEFAULT.stations]
    assert LASTING.gates == BRISK.gates


def ended(state: RolloutState, requests: int = 50) -> Walked:
    return Walked(state, "A gate fails.", "canary 5%", requests, 5.0)


BACK, DONE = ended(RolloutState.STEPPED_BACK), ended(RolloutState.FINISHED)


def test_a_trial_holds_where_every_bad_one_is_caught_in_time_and_no_good_one_is() -> None:
    bad = BADNESS[0]
    assert Trial([(bad, [BACK] * 200)], [DONE] * 1000, 1.0).holds
    assert not Trial([(bad, [BACK] * 199 + [DONE])], [DONE] * 1000, 1.0).holds
    late = ended(RolloutState.STEPPED_BACK, bad.bar + 1)
    assert not Trial([(bad, [BACK] * 180 + [late] * 20)], [DONE] * 1000, 1.0).holds
    assert Trial([(bad, [BACK] * 191 + [late] * 9)], [DONE] * 1000, 1.0).holds
    assert not Trial([(bad, [BACK] * 200)], [DONE] * 999 + [BACK], 1.0).holds


def test_the_report_states_what_so_many_rollouts_allow_to_state() -> None:
    told = "\n".join(rollout_lines(Trial([(BADNESS[0], [BACK] * 200)], [DONE] * 1000, 9.0).to_json()))
    assert "0 of 1,000 whole rollouts taken back, 1,000 finished" in told
    assert "with 95% confidence at most 0.30% are; 0.3% may be, which takes 998 rollouts without one to state" in told
    assert ["every", "request", "is", "a", "500", "200", "50", "50", "100", "5", "s"] in [
        line.split() for line in told.splitlines()
    ]
    nobody = Trial([(BADNESS[0], [DONE])], [BACK], 9.0).to_json()
    assert nobody["bad"][0]["median"] == math.inf
    assert "WRONG (1 not taken back)" in "\n".join(rollout_lines(nobody))
