from __future__ import annotations

import pytest

from tests.soak.journal import Disturbance, Journal, Request
from tests.soak.witness import Measurement


def request(**given: object) -> Request:
    usual: dict[str, object] = {
        "kind": "get",
        "name": "c-1",
        "route": "c",
        "safe": True,
        "began": 10.0,
        "ended": 11.0,
        "outcome": "broken",
        "why": "",
        "port": 5000,
        "begun": True,
        "reused": True,
    }
    return Request(**{**usual, **given})  # type: ignore[arg-type]  # a test's shorthand


def journal(*disturbances: Disturbance, stage: str = "extracted") -> Journal:
    made = Journal()
    made.disturbances += disturbances
    made.stages.moving(stage, 1.0)
    made.stages.settled(2.0)
    return made


def test_without_a_disturbance_nothing_is_excused() -> None:
    for outcome in ("wrong", "refused", "broken", "side"):
        assert journal().excuse(request(outcome=outcome)) is None


def test_a_wrong_answer_is_never_excused() -> None:
    killed = Disturbance("kill", 10.5, 10.6, upstream="catalog", clients=frozenset({5000}))
    assert journal(killed).excuse(request(outcome="wrong")) is None


@pytest.mark.parametrize(
    ("port", "began", "excuse"), [(5000, 10.5, "worker killed"), (5001, 10.5, None), (5000, 12, None)]
)
def test_a_killed_worker_excuses_its_own_connections_of_that_time(port: int, began: float, excuse: str | None) -> None:
    killed = Disturbance("kill", began, began + 0.1, clients=frozenset({5000, 5002}))
    assert journal(killed).excuse(request(port=port)) == excuse


@pytest.mark.parametrize(
    ("given", "excuse"),
    [
        ({"outcome": "refused", "begun": False}, None),
        ({"outcome": "refused", "begun": False, "safe": False}, "upstream down"),
        ({"outcome": "broken", "begun": True}, "upstream down"),
        ({"outcome": "broken", "begun": False, "safe": False}, None),
        ({"outcome": "refused", "route": "n"}, "upstream down"),
        ({"outcome": "refused", "route": "m"}, None),
        ({"outcome": "side", "who": "monolith"}, "upstream down"),
        ({"outcome": "side", "who": "catalog"}, None),
        ({"outcome": "side", "route": "n", "who": "monolith"}, None),
    ],
)
def test_a_candidate_that_is_down_excuses_only_what_the_monolith_could_not_answer(
    given: dict[str, object], excuse: str | None
) -> None:
    killed = Disturbance("kill", 9.0, 10.5, upstream="catalog")
    assert journal(killed).excuse(request(**given)) == excuse


def test_a_monolith_that_is_down_excuses_what_it_had_to_answer() -> None:
    hung = Disturbance("hang", 9.0, 10.5, upstream="monolith")
    assert journal(hung).excuse(request(outcome="refused", route="m", begun=False)) == "upstream down"
    assert journal(hung).excuse(request(outcome="refused", route="n", begun=False)) is None


@pytest.mark.parametrize(
    ("given", "excuse"),
    [
        ({"outcome": "refused", "begun": False}, "machine stood still"),
        ({"outcome": "refused", "begun": False, "safe": False, "route": "m"}, "machine stood still"),
        ({"outcome": "broken", "begun": True, "route": "n"}, "machine stood still"),
        ({"outcome": "side", "who": "monolith"}, "machine stood still"),
        ({"outcome": "refused", "began": 14.0, "ended": 15.0}, "machine stood still"),
        ({"outcome": "refused", "began": 8.0, "ended": 9.0}, None),
        ({"outcome": "refused", "began": 17.5, "ended": 18.0}, None),
        # Whatever the upstreams do, the proxy answers, rightly, and asks the candidate of a new route alone.
        ({"outcome": "broken", "begun": False}, None),
        ({"outcome": "wrong"}, None),
        ({"outcome": "side", "route": "n", "who": "monolith"}, None),
        ({"outcome": "side", "who": "catalog"}, None),
    ],
)
def test_a_machine_that_stood_still_excuses_what_upstreams_that_answer_nobody_would(
    given: dict[str, object], excuse: str | None
) -> None:
    made = journal()
    made.standstills = [Measurement("answer", 10.0, 14.0, 4.0)]
    assert made.excuse(request(**given)) == excuse


def test_what_was_done_on_purpose_is_the_better_excuse() -> None:
    made = journal(Disturbance("hang", 9.0, 10.5, upstream="monolith"))
    made.standstills = [Measurement("answer", 9.0, 14.0, 5.0)]
    assert made.excuse(request(outcome="refused", begun=False)) == "upstream down"


def test_a_machine_that_stands_still_all_the_time_hides_no_fault_of_the_proxy() -> None:
    made = journal()
    made.standstills = [Measurement("answer", -1e9, 1e9, 2e9)]
    made.doubtful = [request(name="wrong", outcome="wrong"), request(name="nobody", begun=False)]
    made.accepted = {"lost": "a"}
    assert [each.name for each in made.judged()[1]] == ["wrong", "nobody"]
    assert [line.split()[0] for line in made.executed_wrongly([("twice", "a"), ("twice", "a")])] == ["twice", "lost"]


def test_a_reload_excuses_only_a_connection_that_was_unused() -> None:
    reload = Disturbance("reload", 9.0, 10.0)
    assert journal(reload).excuse(request(begun=False)) == "closed while unused"
    assert journal(reload).excuse(request(begun=True)) is None
    assert journal(reload).excuse(request(begun=False, reused=False)) is None
    assert journal(reload).excuse(request(outcome="refused", begun=False)) is None


def test_what_was_sent_behind_another_request_is_judged_by_what_became_of_that_one() -> None:
    reload = Disturbance("reload", 9.0, 10.0)
    assert journal(reload).excuse(request(begun=False, behind="last")) == "behind a last answer"
    assert journal().excuse(request(begun=False, behind="last")) is None
    assert journal().excuse(request(begun=False, behind="cut")) == "behind a cut answer"
    assert journal(reload).excuse(request(begun=True, behind="last")) is None


def test_until_a_move_is_settled_both_stages_hold_and_then_one() -> None:
    made = Journal()
    made.stages.moving("extracted", 5.0)
    assert made.sides("c", 4.0, 4.5) == {"monolith"}
    assert made.sides("c", 6.0, 6.1) == {"monolith", "catalog"}
    made.stages.settled(7.0)
    assert made.sides("c", 6.9, 8.0) == {"monolith", "catalog"}
    assert made.sides("c", 7.1, 8.0) == {"catalog"}
    made.stages.moving("canary", 9.0)
    made.stages.settled(9.1)
    assert made.sides("c", 10.0, 10.1) == {"monolith", "catalog"}
    assert made.sides("m", 10.0, 10.1) == {"monolith"}
    assert made.sides("n", 10.0, 10.1) == {"catalog"}


def test_the_ledger_shows_what_was_lost_doubled_changed_or_never_whole() -> None:
    made = journal(Disturbance("reload", 9.0, 10.0))
    made.accepted = {"fine": "a", "lost": "a", "doubled": "a", "changed": "a"}
    made.unfinished = {"unfinished"}
    made.doubtful.append(request(name="asked again", begun=False))
    executed = [("fine", "a"), ("doubled", "a"), ("doubled", "a"), ("changed", "b"), ("unfinished", "a")]
    executed += [("asked again", "a"), ("unsure", "a")]
    said = made.executed_wrongly(executed)
    assert [line.split()[0] for line in said] == ["doubled", "unfinished", "lost", "changed", "asked"]
