from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from strangler_proxy.control.rollout_judge import RolloutJudge
from strangler_proxy.rollout import Judged, Place, Rollout

from strangler.errors import StoreUnavailable
from strangler.evidence import EvidenceStore, GateVerdict
from strangler.evidence.traffic import BOUNDS, Traffic, TrafficKey
from strangler.gates import Answered, Gates, Observed, Span
from strangler.testing import ManualClock, MemoryEvidenceStore
from strangler.toggles import Stage
from tests.proxy.rollout.fakes import DETAIL, LIST, schedule

NOW = 1_000_000.0
ROLLOUT = Rollout(
    "catalog.*",
    (DETAIL, LIST),
    schedule(gates={"errors": 0.005}),
    Place(Stage.SHADOW),
    Place(Stage.CANARY, 5_000),
    "ana",
    "x",
    0.0,
    at=1,
    since=NOW - 600,
)


class Observer:
    """Has seen `failed` of 400 of the candidate's requests fail of each route, and none of the monolith's."""

    def __init__(self, **failed: int) -> None:
        self.failed = failed
        self.asked: list[tuple[str, Stage, float]] = []

    def observe(self, name: str, gates: Gates, *, stage: Stage, since: float) -> Observed:
        self.asked.append((name, stage, since))
        failed = self.failed[name.rpartition(".")[2]]
        if failed < 0:
            raise StoreUnavailable("It is gone.")
        sides = Answered(8000, 0), Answered(400, failed)
        return Observed(name, since, NOW, stage.value, spans=(Span(since, 5, *sides),), bounds=BOUNDS)


def judged(observer: Observer, store: EvidenceStore | None = None, **changes: Any) -> Judged:
    judge = RolloutJudge(observer, store or MemoryEvidenceStore(), clock=ManualClock(NOW))
    return asyncio.run(judge.judged(replace(ROLLOUT, **changes)))


def verdicts(found: Judged) -> dict[str, list[tuple[str, GateVerdict]]]:
    return {name: [(each.name, each.verdict) for each in each_of] for name, each_of in found.judgements.items()}


def test_each_route_is_judged_by_the_rollouts_gates_since_its_station_began() -> None:
    observer = Observer(list=0, detail=200)
    assert verdicts(judged(observer)) == {
        DETAIL: [("errors", GateVerdict.FAIL)],
        LIST: [("errors", GateVerdict.INCONCLUSIVE)],
    }
    assert observer.asked == [(DETAIL, Stage.CANARY, NOW - 600), (LIST, Stage.CANARY, NOW - 600)]


def test_the_false_alarms_of_a_rollout_are_divided_among_its_toggles_and_stations() -> None:
    # Enough against one route alone, and not where forty others might fail by chance as well.
    observer = Observer(list=12, **{str(number): 12 for number in range(40)})
    many = tuple(f"catalog.{number}" for number in range(40))
    found = [judged(observer, toggles=toggles) for toggles in ((LIST,), (LIST, *many))]
    assert [verdicts(each)[LIST][0][1] for each in found] == [GateVerdict.FAIL, GateVerdict.INCONCLUSIVE]


def test_a_store_that_is_away_passes_nothing_and_fails_nobody() -> None:
    found = judged(Observer(list=0, detail=-1))
    assert verdicts(found)[DETAIL] == [("evidence", GateVerdict.INCONCLUSIVE)]


def test_gates_that_this_version_cannot_read_pass_nothing() -> None:
    assert judged(Observer(list=0, detail=0), schedule=schedule(gates={"luck": 1})) == Judged()


def test_the_releases_that_answered_in_the_last_minute_are_heard_of() -> None:
    store = MemoryEvidenceStore()
    for release, side, ago in (
        ("r1", "candidate", 90),
        ("r2", "candidate", 30),
        ("m9", "monolith", 10),
        ("", "candidate", 5),
        ("…", "candidate", 5),
    ):
        store.add_traffic({TrafficKey(LIST, side, "canary", release): Traffic(requests=1)}, at=NOW - ago)
    assert judged(Observer(list=0, detail=0), store).heard == {LIST: frozenset({"r2"}), DETAIL: frozenset()}
