from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from strangler_proxy.rollout import Judged, Rollout, RolloutState

from strangler.errors import IllegalRollout, MoveRefused, StoreUnavailable, UnknownRollout, UnknownToggle
from strangler.testing import MemoryDocumentStore
from strangler.toggles import Stage, Toggle
from tests.proxy.rollout.fakes import DETAIL, FAIL, LIST, PASS, World, schedule


def played(scenario: Callable[[World], Coroutine[None, None, None]]) -> None:
    asyncio.run(scenario(World()))


async def begin(world: World, *names: str) -> None:
    await world.rollouts.start(names or [LIST], schedule(), name=None, who="ana", why="it agrees")
    await world.rollouts.tick()


def test_a_good_candidate_goes_from_share_to_share_until_everybody_gets_it() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        world.judge.verdict = PASS
        places = [world.place()]
        for _ in range(4):
            await world.pass_time(61)
            places.append(world.place())
        assert places == ["canary 1%", "canary 5%", "canary 25%", "extracted", "extracted"]
        assert world.rollout().state is RolloutState.FINISHED
        assert world.actions() == ["rollout.start", *["rollout.advance"] * 4, "rollout.finish"]
        assert world.told() == ["finish"]
        assert {who for who, _, _ in world.mover.moves} == {"strangler rollout catalog.list"}
        await world.pass_time(61)
        assert len(world.mover.moves) == 4

    played(scenario)


def test_every_move_has_its_evidence_in_the_audit_of_the_toggle() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        world.judge.verdict = PASS
        await world.pass_time(61)
        evidence = world.mover.evidence[-1][LIST]
        assert evidence["rollout"] == LIST
        assert [(each["gate"], each["verdict"]) for each in evidence["gates"]] == [("errors", "pass")]

    played(scenario)


def test_a_failing_gate_of_one_takes_all_back_and_waits_for_a_person() -> None:
    async def scenario(world: World) -> None:
        await begin(world, "catalog.[ld]*")
        world.judge.verdict = PASS
        await world.pass_time(61)
        world.judge.says[DETAIL] = FAIL
        await world.pass_time(1)
        assert (world.place(LIST), world.place(DETAIL)) == ("canary 1%", "canary 1%")
        assert world.rollout("catalog.[ld]*").state is RolloutState.STEPPED_BACK
        notice = world.notifier.told[-1]
        assert (notice.kind, "catalog.detail: It is fail." in notice.text) == ("step_back", True)
        world.judge.says.clear()
        await world.pass_time(1e6)
        assert world.place(LIST) == "canary 1%"
        await world.rollouts.resume("catalog.[ld]*", who="ana", why="fixed")
        await world.pass_time(30)
        assert world.place(LIST) == "canary 1%", "the station is passed anew, for its whole time"
        await world.pass_time(31)
        assert world.place(LIST) == "canary 5%"

    played(scenario)


def test_what_stays_inconclusive_pauses_it_and_is_told() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        await world.pass_time(359)
        assert world.rollout().state is RolloutState.RUNNING
        await world.pass_time(2)
        assert (world.rollout().state, world.told()) == (RolloutState.PAUSED, ["pause"])
        world.judge.verdict = FAIL
        await world.pass_time(1)
        assert (world.place(), world.told()[-1]) == ("shadow", "step_back")

    played(scenario)


def test_a_frozen_one_stays_but_for_a_gate_that_fails() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        world.judge.verdict = PASS
        await world.rollouts.freeze(LIST, who="ben", why="sale")
        await world.pass_time(1e6)
        assert world.place() == "canary 1%"
        world.judge.verdict = FAIL
        await world.pass_time(1)
        assert world.place() == "shadow"

    played(scenario)


def test_it_never_fights_a_hand_and_says_so() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        world.put(Toggle(LIST, stage=Stage.MONOLITH))
        world.judge.verdict = FAIL
        # At the first look it is not known here yet, and the store refuses what would be done.
        await world.pass_time(1)
        await world.pass_time(1)
        assert (world.place(), world.rollout().state) == ("monolith", RolloutState.OVERTAKEN)
        assert world.told() == ["person_wanted"]
        await world.pass_time(1e6)
        assert world.place() == "monolith"
        await world.rollouts.abort(LIST, who="ana", why="by hand now")
        await world.pass_time(1)
        assert (world.place(), world.rollout().state) == ("monolith", RolloutState.ABORTED)

    played(scenario)


def test_a_snapshot_that_is_behind_is_not_taken_for_a_hand() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        fresh = world.mover.snapshot
        world.judge.verdict = PASS
        await world.pass_time(61)
        world.mover.snapshot = fresh
        await world.pass_time(1)
        assert world.rollout().state is RolloutState.RUNNING

    played(scenario)


def test_aborting_takes_it_back_to_where_it_began() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        world.judge.verdict = PASS
        await world.pass_time(61)
        await world.rollouts.abort(LIST, who="ana", why="enough")
        await world.rollouts.tick()
        assert (world.place(), world.rollout().state) == ("shadow", RolloutState.ABORTED)
        assert world.actions()[-2:] == ["rollout.abort", "rollout.end"]
        await begin(world)
        assert world.place() == "canary 1%", "a name that is free again can be used again"

    played(scenario)


def test_an_abort_waits_until_whoever_leads_has_made_it() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        paused = world.clock.sleep_async

        async def leading(seconds: float) -> None:
            await world.rollouts.tick()
            await paused(seconds)

        asking = world.runner(MemoryDocumentStore(beside=world.documents), pause=leading)
        began = await asking.abort(LIST, who="ana", why="enough", wait=0)
        assert (str(began.place), began.pending is None) == ("canary 1%", False)
        await world.rollouts.tick()
        await begin(world)
        ended = await asking.abort(LIST, who="ana", why="enough", wait=2)
        assert (str(ended.place), ended.state) == ("shadow", RolloutState.ABORTED)

    played(scenario)


def test_a_store_that_goes_while_an_abort_waits_does_not_make_it_fail() -> None:
    async def scenario(world: World) -> None:
        await begin(world)

        async def gone(_: float) -> None:
            world.documents.outage = "gone"

        ended = await world.runner(world.documents, pause=gone).abort(LIST, who="ana", why="enough", wait=2)
        assert ended.pending is not None

    played(scenario)


def test_a_move_that_a_guard_refuses_pauses_it_and_a_person_is_told() -> None:
    async def scenario(world: World) -> None:
        def refuse() -> None:
            raise MoveRefused("12 products would be lost.")

        await begin(world)
        world.judge.verdict = FAIL
        world.mover.before_commit = refuse
        await world.pass_time(1)
        rollout = world.rollout()
        assert (rollout.state, rollout.failed, rollout.pending) == (RolloutState.PAUSED, True, None)
        assert "12 products would be lost." in rollout.reason
        assert (world.place(), world.told()) == ("canary 1%", ["person_wanted"])

    played(scenario)


def test_a_persons_word_that_is_all_that_is_missing_is_asked_for_once() -> None:
    async def scenario(world: World) -> None:
        world.judge.gates = ["approval"]
        await begin(world)
        await world.pass_time(30)
        assert world.told() == []
        for _ in range(3):
            await world.pass_time(31)
        assert world.told() == ["person_wanted"]

    played(scenario)


def test_of_a_rollout_that_is_over_and_of_stays_that_are_nothing_is_remembered() -> None:
    async def scenario(world: World) -> None:
        world.judge.gates = ["approval"]
        await begin(world)
        await world.pass_time(61)
        assert (len(world.rollouts._looks), len(world.rollouts._asked)) == (1, 1)
        world.judge.verdict = PASS
        await world.pass_time(1)
        await world.pass_time(1)
        assert (world.place(), len(world.rollouts._asked)) == ("canary 5%", 0)
        await world.rollouts.abort(LIST, who="ana", why="no")
        await world.pass_time(1)
        await world.pass_time(1)
        assert (world.rollout().state, world.rollouts._looks) == (RolloutState.ABORTED, {})

    played(scenario)


def test_only_the_leader_acts_and_another_takes_over_where_it_left() -> None:
    async def scenario(world: World) -> None:
        beside = MemoryDocumentStore(beside=world.documents)
        second = world.runner(beside)
        await begin(world)
        world.judge.verdict = PASS
        world.clock.advance(61)
        await second.tick()
        assert world.place() == "canary 1%"
        world.documents.close()
        await second.tick()
        assert world.place() == "canary 5%"

    played(scenario)


def test_a_move_that_somebody_is_first_at_is_looked_at_anew() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        world.judge.verdict = PASS

        def first() -> None:
            world.mover.before_commit = lambda: None
            world.put(Toggle(DETAIL, stage=Stage.MONOLITH))

        world.mover.before_commit = first
        await world.pass_time(61)
        assert world.place() == "canary 1%"
        await world.pass_time(1)
        await world.pass_time(1)
        assert (world.place(), world.rollout().state) == ("canary 5%", RolloutState.RUNNING)

    played(scenario)


def test_without_a_store_it_stands_still_and_goes_on_when_it_is_back() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        world.judge.verdict = PASS
        world.documents.outage = "gone"
        with pytest.raises(StoreUnavailable):
            await world.pass_time(61)
        world.documents.outage = None
        await world.pass_time(1)
        assert world.place() == "canary 5%"

    played(scenario)


def test_what_another_version_wrote_is_left_alone_and_hinders_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(world: World) -> None:
        world.documents.write("rollout", "odd", {"format": 9}, expected=0, at=datetime.now(UTC))
        await begin(world)
        await world.rollouts.tick()
        assert world.place() == "canary 1%"
        assert caplog.text.count("the rollout odd cannot be read") == 1

    played(scenario)


def test_nobody_begins_what_is_not_there_and_nobody_orders_it() -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(UnknownToggle):
            await begin(world, "orders.*")
        with pytest.raises(UnknownRollout):
            await world.rollouts.freeze("orders", who="ana", why="x")
        await begin(world)
        with pytest.raises(IllegalRollout, match="is running"):
            await begin(world)

    played(scenario)


def test_a_look_says_what_it_waits_for_also_where_another_replica_leads() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        await world.pass_time(1)
        for rollouts in (world.rollouts, world.runner(MemoryDocumentStore(beside=world.documents))):
            (look,) = [each.to_json() for each in await rollouts.listed()]
            assert look["doing"].startswith("canary 1% for 59 s yet. Not passed so far: catalog.list: It is inconc")
            assert look["gates"][LIST][0]["verdict"] == "inconclusive"
            assert look["until"] == look["since"] + 60

    played(scenario)


def test_one_that_is_much_to_look_at_is_looked_at_less_often_but_never_forgotten() -> None:
    async def scenario(world: World) -> None:
        await begin(world)
        looks: list[float] = []
        judged = world.judge.judged

        async def slowly(rollout: Rollout) -> Judged:
            looks.append(world.clock())
            world.clock.advance(0.3)
            return await judged(rollout)

        world.judge.judged = slowly  # type: ignore[method-assign]
        for _ in range(12):
            await world.pass_time(1)
        assert [round(after - before, 1) for before, after in pairwise(looks)] == [3.3, 3.3, 3.3]

    played(scenario)
