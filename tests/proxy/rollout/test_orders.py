from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from strangler_proxy.rollout import Place, Rollout, RolloutState
from strangler_proxy.rollout.orders import aborted, begun, frozen, resumed
from strangler_proxy.rollout.rollout import OVER, START, Intent

from strangler.errors import IllegalRollout, SnapshotError
from strangler.toggles import Kind, Stage, Toggle
from tests.proxy.rollout.fakes import DETAIL, FACTS, LIST, schedule

SHADOW = Place(Stage.SHADOW)
WALK = schedule()
ONE, FIVE, QUARTER, ALL = (each.place for each in WALK.stations)


def toggles(place: Place = SHADOW, *names: str, kind: Kind = Kind.ROUTE) -> list[Toggle]:
    return [Toggle(name, kind, place.stage, place.share) for name in names or (LIST, DETAIL)]


def start(given: list[Toggle] | None = None, **changes: Any) -> Rollout:
    asked = {"who": "ana", "why": "it agrees", "now": 1000.0, **changes}
    walk = asked.pop("schedule", WALK)
    return begun("catalog.*", toggles() if given is None else given, walk, **asked)


def test_it_begins_where_its_toggles_stand_and_before_the_first_station() -> None:
    rollout = start()
    assert (rollout.toggles, rollout.began, rollout.place, rollout.at) == ((DETAIL, LIST), SHADOW, SHADOW, START)
    assert (rollout.state, rollout.reason) == (RolloutState.RUNNING, "Begun by ana: it agrees.")


def test_it_begins_at_a_station_that_its_toggles_stand_at_and_that_has_to_be_passed() -> None:
    rollout = start(toggles(FIVE))
    assert (rollout.at, rollout.place, rollout.since) == (0, FIVE, 1000.0)
    assert [each.place for each in rollout.schedule.stations] == [FIVE, QUARTER, ALL]


def test_what_is_behind_it_is_no_station_of_it() -> None:
    rollout = start(toggles(Place(Stage.CANARY, 10_000)))
    assert (rollout.at, [each.place for each in rollout.schedule.stations]) == (START, [QUARTER, ALL])


def test_toggles_that_do_not_stand_alike_are_refused_with_where_each_is() -> None:
    with pytest.raises(IllegalRollout, match=r"catalog.list is at shadow, catalog.detail is at canary 5%"):
        start([*toggles(SHADOW, LIST), *toggles(FIVE, DETAIL)])


def test_a_stage_is_not_skipped() -> None:
    monolith = toggles(Place(Stage.MONOLITH))
    with pytest.raises(IllegalRollout, match="skips a stage") as refused:
        start(monolith)
    assert "strangler flip catalog.detail shadow" in refused.value.remedy
    assert start(monolith, schedule=schedule("shadow", "5%")).at == START


@pytest.mark.parametrize("place", [Place(Stage.RETIRED), Place(Stage.EXTRACTED)])
def test_what_is_retired_or_beyond_the_schedule_is_refused(place: Place) -> None:
    with pytest.raises(IllegalRollout, match=r"one-way door|beyond the last station"):
        start(toggles(place), schedule=schedule("5%", "50%"))


def test_a_toggle_is_in_one_rollout_at_a_time() -> None:
    other = replace(start(toggles(SHADOW, LIST)), name="other")
    with pytest.raises(IllegalRollout, match=r"The rollout other is running, and moves catalog.list."):
        start(others=[other])
    assert start(others=[replace(other, state=state) for state in OVER]).state is RolloutState.RUNNING
    with pytest.raises(IllegalRollout, match=r"The rollout catalog.\* is running."):
        start(others=[replace(start(), toggles=(FACTS,))])


def test_a_seam_has_gates_that_do_not_need_the_proxys_sight() -> None:
    seam = toggles(SHADOW, FACTS, kind=Kind.SEAM)
    with pytest.raises(IllegalRollout, match=r"catalog.facts is a seam.* so the gates errors, requests of"):
        start(seam, schedule=schedule(gates={"errors": 0.005, "requests": 5, "time": "1m"}))
    seen_elsewhere = schedule(gates={"time": "1m", "approval": "lead", "probe": "http://x/"})
    assert start(seam, schedule=seen_elsewhere).toggles == (FACTS,)


def test_freezing_stops_what_runs_and_nothing_else() -> None:
    running = start()
    held = frozen(running, "ben", "the sale begins!")
    assert (held.state, held.reason) == (RolloutState.FROZEN, "Frozen by ben: the sale begins!")
    assert frozen(held, "ben", "x").state is RolloutState.FROZEN
    for state in set(RolloutState) - {RolloutState.RUNNING, RolloutState.FROZEN}:
        with pytest.raises(IllegalRollout):
            frozen(replace(running, state=state), "ben", "x")


def at(index: int, **changes: Any) -> Rollout:
    return replace(start(), place=WALK.stations[index].place, at=index, since=2000.0, waiting=2000.0, **changes)


def resume(rollout: Rollout, place: Place | None = None) -> Rollout:
    return resumed(rollout, toggles(place or rollout.place), "ana", "go", 5000.0)


def test_resuming_gives_new_patience_and_keeps_evidence_that_was_only_too_little() -> None:
    for state in (RolloutState.FROZEN, RolloutState.PAUSED):
        going = resume(at(1, state=state))
        assert (going.state, going.since, going.waiting, going.at) == (RolloutState.RUNNING, 2000.0, 5000.0, 1)
        assert going.reason == "Resumed by ana: go."


def test_resuming_launders_no_failed_gate() -> None:
    for state in (RolloutState.STEPPED_BACK, RolloutState.PAUSED):
        going = resume(at(1, state=state, failed=True))
        assert (going.since, going.failed) == (5000.0, False)


def test_a_way_back_further_than_the_next_stage_is_not_jumped_over_by_resuming() -> None:
    home = replace(at(1), place=Place(Stage.MONOLITH), at=START, state=RolloutState.STEPPED_BACK, failed=True)
    with pytest.raises(IllegalRollout, match="skips a stage"):
        resume(home)


def test_an_overtaken_one_is_taken_up_where_its_toggles_were_put_if_it_was_there_before() -> None:
    taken = resume(at(2, state=RolloutState.OVERTAKEN), FIVE)
    assert (taken.place, taken.at, taken.since, taken.state) == (FIVE, 1, 5000.0, RolloutState.RUNNING)
    back = resume(at(2, state=RolloutState.OVERTAKEN), SHADOW)
    assert (back.place, back.at) == (SHADOW, START)
    with pytest.raises(IllegalRollout, match="where it never was") as refused:
        resume(at(1, state=RolloutState.OVERTAKEN), QUARTER)
    assert "canary 1%, canary 5%" in refused.value.remedy
    with pytest.raises(IllegalRollout, match="where it never was"):
        resume(at(2, state=RolloutState.OVERTAKEN), Place(Stage.CANARY, 3000))
    with pytest.raises(IllegalRollout, match=r"no toggle catalog.detail"):
        resumed(at(2, state=RolloutState.OVERTAKEN), toggles(FIVE, LIST), "ana", "go", 1.0)


def test_aborting_intends_the_way_back_to_where_it_began() -> None:
    ending = aborted(at(2), "ana", "enough")
    assert ending.pending == Intent(SHADOW, START, RolloutState.ABORTED, "Aborted by ana: enough.")
    assert aborted(at(2, began=FIVE), "ana", "x").pending == Intent(
        FIVE, START, RolloutState.ABORTED, "Aborted by ana: x."
    )


def test_aborting_leaves_alone_what_is_no_further_and_what_a_person_moved() -> None:
    for rollout in (start(), at(2, state=RolloutState.OVERTAKEN)):
        over = aborted(rollout, "ana", "enough")
        assert (over.state, over.pending, over.place) == (RolloutState.ABORTED, None, rollout.place)


def test_what_is_over_or_on_its_way_takes_no_orders() -> None:
    moving = at(1, pending=Intent(QUARTER, 2, RolloutState.RUNNING, "On."))
    for rollout in (moving, *(at(1, state=state) for state in OVER)):
        for order in (frozen, aborted):
            with pytest.raises(IllegalRollout, match=r"is over|on its way"):
                order(rollout, "ana", "x")
        with pytest.raises(IllegalRollout, match=r"is over|on its way"):
            resume(rollout)
    with pytest.raises(IllegalRollout, match="is running"):
        resume(at(1))


def test_a_rollout_is_written_and_read_as_it_is() -> None:
    rollout = at(1, releases={LIST: ("r1", "r2")}, pending=Intent(QUARTER, 2, RolloutState.RUNNING, "On."), failed=True)
    assert Rollout.from_json(rollout.to_json()) == rollout


@pytest.mark.parametrize("change", [{"format": 2}, {"at": 9}, {"state": "walking"}, {"toggles": None}, {"began": {}}])
def test_what_is_no_rollout_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SnapshotError):
        Rollout.from_json({**start().to_json(), **change})
