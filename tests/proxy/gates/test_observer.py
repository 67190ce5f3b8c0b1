"""What the control plane sees of a route for its gates."""

from __future__ import annotations

from pathlib import Path

import pytest
from strangler_proxy.gates import Gatekeeper, Observer
from strangler_proxy.gates.approvals import approve

from strangler.compare import Rules, Verdict
from strangler.errors import StoreUnavailable
from strangler.evidence import AgreementWanted, Batch, Scope, Traffic, TrafficKey, hash64
from strangler.evidence.traffic import BOUNDS
from strangler.gates import Approval, Gates, Observed, ProbeGate, ProbeSeen, PrometheusGate, PrometheusSeen
from strangler.testing import ManualClock, MemoryDocumentStore, MemoryEvidenceStore
from strangler.toggles import AuditEntry, Stage, Toggle
from tests.proxy.control.fakes import config
from tests.proxy.gates.test_began import entry

ROUTE = "catalog.list"
BEGAN = 1_000_000.0
ANYTHING = Gates(agreement=AgreementWanted())


class Scene:
    """A store of evidence, one of documents, a clock, and an outside that answers as it is told."""

    def __init__(self, folder: Path) -> None:
        self.evidence = MemoryEvidenceStore()
        self.documents = MemoryDocumentStore()
        self.clock = ManualClock(BEGAN + 600)
        self.asked: list[str] = []
        self.config = config(folder)
        self.observer = Observer(
            self.config, self.evidence, self.documents, probe=self._probe, prometheus=self._query, clock=self.clock
        )

    def _probe(self, gate: ProbeGate) -> ProbeSeen:
        self.asked.append(gate.url)
        return ProbeSeen(200 + len(self.asked))

    def _query(self, gate: PrometheusGate) -> PrometheusSeen:
        self.asked.append(gate.query)
        return PrometheusSeen(float(len(self.asked)))

    def answer(self, at: float, side: str, requests: int, errors: int = 0, release: str = "") -> None:
        buckets = (requests, *[0] * len(BOUNDS))
        rows = {TrafficKey(ROUTE, side, "canary", release): Traffic(requests, errors, 0, 1.0, buckets)}
        self.evidence.add_traffic(rows, at=at, opened={})

    def agree(self, count: int, *, release: str = "1", at: float = BEGAN, rules: str | None = None) -> None:
        batch = Batch()
        scope = Scope(ROUTE, release, Rules().revision if rules is None else rules)
        for number in range(count):
            batch.pair(scope, template="/p/", method="GET", status=200, stage="canary", answering="candidate",
                       verdict=Verdict.AGREE, at=at)  # fmt: skip
            batch.distinct(scope, what="targets", hash64=hash64(str(number).encode()))
        self.evidence.add(batch, at=at)

    def look(self, gates: Gates = ANYTHING, name: str = ROUTE, *, since: float = BEGAN) -> Observed:
        return self.observer.observe(name, gates, stage=Stage.CANARY, since=since)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def pairs(seen: Observed) -> int:
    assert seen.evidence is not None
    return sum(tally.count for tally in seen.evidence.pairs.values())


def test_both_sides_are_seen_since_the_stage_began_and_the_monolith_before_it(scene: Scene) -> None:
    scene.answer(BEGAN - 100, "monolith", 50, 5)
    scene.answer(BEGAN - 100, "candidate", 70, 70)
    scene.answer(BEGAN + 10, "monolith", 20)
    scene.answer(BEGAN + 10, "candidate", 10, 1)
    # This one is over, but not told to its end perhaps.
    scene.answer(BEGAN + 595, "candidate", 1000, 1000)
    seen = scene.look()
    (span,) = seen.spans
    assert (span.candidate.requests, span.candidate.errors, span.monolith.requests) == (10, 1, 20)
    assert (seen.before.requests, seen.before.errors) == (50, 5)
    assert (seen.stage, seen.now, seen.bounds) == ("canary", BEGAN + 600, BOUNDS)
    assert (seen.methods, seen.templates) == (frozenset({"GET"}), ("/catalog.list/<int:id>/",))


def test_traffic_is_asked_for_once_a_window(scene: Scene) -> None:
    scene.answer(BEGAN + 10, "candidate", 10)
    assert len(scene.look().spans) == 1
    scene.answer(BEGAN + 595, "candidate", 1)
    scene.clock.advance(1)
    assert len(scene.look().spans) == 1
    scene.clock.advance(1)
    assert len(scene.look().spans) == 2
    # Another beginning is another question.
    assert (
        scene.observer.observe(ROUTE, ANYTHING, stage=Stage.CANARY, since=BEGAN + 100).spans == scene.look().spans[1:]
    )


def test_a_new_release_begins_with_nothing(scene: Scene) -> None:
    scene.answer(BEGAN + 10, "candidate", 10, 10, release="1")
    scene.agree(7, release="1", at=BEGAN + 10)
    assert (pairs(scene.look()), scene.look().spans[0].candidate.errors) == (7, 10)
    scene.clock.advance(5)
    scene.answer(BEGAN + 60, "candidate", 5, release="2")
    # What failed without saying of which release it is counts too.
    scene.answer(BEGAN + 70, "candidate", 2, 2)
    seen = scene.look()
    assert sum(span.candidate.requests for span in seen.spans) == 7
    assert sum(span.candidate.errors for span in seen.spans) == 2
    assert pairs(seen) == 0
    scene.agree(3, release="2", at=BEGAN + 70)
    assert pairs(scene.look()) == 3
    # A late pair of the old one changes nothing.
    scene.agree(1, release="1", at=BEGAN + 75)
    assert pairs(scene.look()) == 3


def test_before_customers_meet_any_release_the_one_with_the_newest_pairs_is_looked_at(scene: Scene) -> None:
    scene.agree(5, release="", at=BEGAN + 10)
    scene.agree(2, release="1", at=BEGAN + 20)
    assert pairs(scene.look()) == 2


def test_evidence_under_other_rules_is_none(scene: Scene) -> None:
    scene.agree(9, rules="other", at=BEGAN + 10)
    assert pairs(scene.look()) == 0
    scene.agree(2)
    assert pairs(scene.look()) == 2


def test_of_a_seam_only_what_others_say_is_seen(scene: Scene) -> None:
    seen = scene.look(Gates(breaker=True), "catalog.facts")
    assert (seen.evidence, seen.spans, seen.opened) == (None, (), None)


def test_breakers_are_those_of_the_candidate_since_the_stage_began(scene: Scene) -> None:
    gates = Gates(breaker=True)
    assert scene.look(gates).opened == 0
    assert scene.look().opened is None
    scene.evidence.add_traffic({}, at=BEGAN - 10, opened={"catalog": 1})
    scene.evidence.add_traffic({}, at=BEGAN + 10, opened={"catalog": 2, "monolith": 5})
    assert scene.look(gates).opened == 2


def test_a_breaker_that_opened_in_the_window_in_which_the_stage_began_is_seen(scene: Scene) -> None:
    gates = Gates(breaker=True)
    scene.evidence.add_traffic({}, at=BEGAN - 5, opened={"catalog": 1})
    scene.evidence.add_traffic({}, at=BEGAN, opened={"catalog": 1})
    assert scene.look(gates, since=BEGAN + 3).opened == 1


def test_approvals_are_looked_at_where_one_is_wanted(scene: Scene) -> None:
    given = Approval("ana", "approve", "go", "", BEGAN + 1)
    approve(scene.documents, ROUTE, given)
    assert scene.look(Gates(approval="go")).approvals == (given,)
    assert scene.look().approvals == ()


def test_what_is_outside_is_asked_once_in_five_seconds_for_all_routes(scene: Scene) -> None:
    probe, query = ProbeGate("http://a/"), PrometheusGate("http://p", "up", 1.0)
    gates = Gates(probes=(probe,), prometheus=(query,))
    first, other = scene.look(gates), scene.look(gates, "catalog.detail")
    assert scene.asked == ["http://a/", "up"]
    assert first.probes == other.probes == {probe: ProbeSeen(201)}
    assert first.prometheus == other.prometheus == {query: PrometheusSeen(2.0)}
    scene.clock.advance(5)
    assert scene.look(gates).probes == {probe: ProbeSeen(203)}
    # A clock that is put back is no reason to believe an old answer for long.
    scene.clock.advance(-1000)
    assert scene.look(gates).probes == {probe: ProbeSeen(205)}


def test_a_store_that_does_not_answer_is_told(scene: Scene) -> None:
    scene.evidence.outage = "The evidence is gone."
    with pytest.raises(StoreUnavailable):
        scene.look()


SHADOW = Toggle(ROUTE, stage=Stage.SHADOW)
CANARY = Toggle(ROUTE, stage=Stage.CANARY, share=1_000)


class TestGatekeeper:
    """What may enter a stage."""

    @pytest.fixture
    def history(self) -> list[AuditEntry]:
        return [entry(BEGAN, Toggle(ROUTE), SHADOW)]

    def keeper(self, scene: Scene, history: list[AuditEntry], folder: Path, **gates: Gates) -> Gatekeeper:
        wanted = {Stage(name): each for name, each in gates.items()}
        return Gatekeeper(config(folder, gates=wanted), scene.observer, lambda _: history, clock=scene.clock)

    def test_a_stage_that_nothing_is_asked_before_is_open(
        self, scene: Scene, history: list[AuditEntry], tmp_path: Path
    ) -> None:
        keeper = self.keeper(scene, history, tmp_path, extracted=Gates(requests=1))
        assert keeper.may_move(SHADOW, CANARY) is None
        # To widen a share enters no stage.
        extracted = self.keeper(scene, history, tmp_path, canary=Gates(requests=10**6))
        assert extracted.may_move(CANARY, Toggle(ROUTE, stage=Stage.CANARY, share=9_000)) is None

    def test_a_refusal_names_every_gate_that_does_not_pass(
        self, scene: Scene, history: list[AuditEntry], tmp_path: Path
    ) -> None:
        gates = Gates(agreement=AgreementWanted(0.9), requests=50, seconds=300)
        keeper = self.keeper(scene, history, tmp_path, canary=gates)
        refusal = keeper.may_move(SHADOW, CANARY)
        assert refusal is not None
        assert refusal.name == ROUTE
        assert refusal.wrong == (
            "catalog.list may not enter `canary` before its gates pass."
            " agreement (inconclusive): There are no pairs; at least 90 % must surely agree."
            " requests (inconclusive): The candidate had 0 pairs; 50 are wanted."
        )
        assert refusal.remedy == "`strangler gate catalog.list --watch` shows when they do."

    def test_gates_that_pass_open_the_stage(self, scene: Scene, history: list[AuditEntry], tmp_path: Path) -> None:
        keeper = self.keeper(scene, history, tmp_path, canary=Gates(agreement=AgreementWanted(0.9), seconds=600))
        assert keeper.may_move(SHADOW, CANARY) is not None
        scene.agree(100)
        assert keeper.may_move(SHADOW, CANARY) is None
        scene.clock.advance(-1)
        assert keeper.may_move(SHADOW, CANARY) is not None

    def test_a_stage_of_which_nobody_knows_when_it_began_has_only_begun(self, scene: Scene, tmp_path: Path) -> None:
        keeper = self.keeper(scene, [], tmp_path, canary=Gates(seconds=1))
        refusal = keeper.may_move(SHADOW, CANARY)
        assert refusal is not None
        assert "lasted 0 s" in refusal.wrong
