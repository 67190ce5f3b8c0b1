"""How surely the sides of every route agree, without reading all evidence each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.control.agreements import Agreements

from strangler.compare import Verdict
from strangler.evidence import AgreementWanted, Batch, Evidence, Scope, hash64
from strangler.gates import Gates
from strangler.testing.memory_evidence import MemoryEvidenceStore
from strangler.toggles import Stage
from tests.proxy.control.fakes import config

SHADOW = {"catalog.list": Stage.SHADOW, "catalog.detail": Stage.SHADOW}


class Counted(MemoryEvidenceStore):
    """Remembers what was read."""

    def __init__(self) -> None:
        super().__init__()
        self.read_scopes: list[Scope] = []

    def read(self, scope: Scope, **asked: Any) -> Evidence:
        self.read_scopes.append(scope)
        return super().read(scope, **asked)


def observe(
    store: MemoryEvidenceStore,
    route: str,
    *,
    release: str = "v1",
    at: float = 1000.0,
    agree: int = 400,
    differ: int = 0,
) -> None:
    batch, scope = Batch(), Scope(route, release, "rules")
    for verdict, count in ((Verdict.AGREE, agree), (Verdict.DIFFER, differ)):
        if count:
            batch.pair(scope, template="/", method="GET", status=200, stage="shadow", answering="monolith",
                       verdict=verdict, at=at, count=count)  # fmt: skip
    for number in range(400):
        batch.distinct(scope, what="targets", hash64=hash64(f"{route}{number}".encode()))
    batch.durations(scope, side="candidate", position="second").add(0.01)
    store.add(batch, at=at)


@pytest.fixture
def store() -> Counted:
    store = Counted()
    observe(store, "catalog.list")
    observe(store, "catalog.detail", agree=50, differ=350)
    return store


def test_each_route_has_the_agreement_of_its_newest_release(tmp_path: Path, store: Counted) -> None:
    observe(store, "catalog.list", release="v2", at=5000.0)
    found, behind = Agreements(config(tmp_path), store).look(SHADOW, seconds=9)
    assert behind == 0
    told = {name: (each.seen.scope.release, each.judgement.verdict.value) for name, each in found.items()}
    assert told == {"catalog.list": ("v2", "pass"), "catalog.detail": ("v1", "fail")}
    assert found["catalog.list"].to_json()["wanted"] == 0.99


def test_what_the_next_stage_wants_is_what_a_route_is_held_to(tmp_path: Path, store: Counted) -> None:
    gates = {Stage.CANARY: Gates(agreement=AgreementWanted(bound=0.999)), Stage.EXTRACTED: Gates()}
    agreements = Agreements(config(tmp_path, gates=gates), store)

    def wanted(stage: Stage) -> tuple[float, str]:
        found, _ = agreements.look({"catalog.list": stage}, seconds=9)
        return found["catalog.list"].wanted.bound, found["catalog.list"].judgement.verdict.value

    assert wanted(Stage.SHADOW) == (0.999, "inconclusive")
    assert wanted(Stage.CANARY) == (0.99, "pass")
    assert wanted(Stage.RETIRED) == (0.99, "pass")


def test_what_has_not_changed_is_not_read_again(tmp_path: Path, store: Counted) -> None:
    agreements = Agreements(config(tmp_path), store)
    agreements.look(SHADOW, seconds=9)
    store.read_scopes.clear()
    agreements.look(SHADOW, seconds=9)
    assert store.read_scopes == []
    observe(store, "catalog.list", at=2000.0)
    found, _ = agreements.look(SHADOW, seconds=9)
    assert [each.route for each in store.read_scopes] == ["catalog.list"]
    assert found["catalog.list"].agreement.pairs == 800


def test_without_time_nothing_is_read_and_what_is_known_is_told_with_how_much_is_not(
    tmp_path: Path, store: Counted
) -> None:
    agreements = Agreements(config(tmp_path), store)
    assert agreements.look(SHADOW, seconds=0) == ({}, 2)
    agreements.look(SHADOW, seconds=9)
    observe(store, "catalog.list", at=2000.0)
    found, behind = agreements.look(SHADOW, seconds=0)
    assert (found["catalog.list"].agreement.pairs, behind) == (400, 1)


def test_evidence_that_is_gone_is_told_no_more(tmp_path: Path, store: Counted) -> None:
    agreements = Agreements(config(tmp_path), store)
    agreements.look(SHADOW, seconds=9)
    store.clear("catalog.list")
    found, _ = agreements.look(SHADOW, seconds=9)
    assert list(found) == ["catalog.detail"]


def test_of_copies_alone_it_is_told_how_long_the_candidate_takes(tmp_path: Path, store: Counted) -> None:
    agreements = Agreements(config(tmp_path), store)
    times = agreements.look(SHADOW, seconds=9)[0]["catalog.list"].times
    assert times["p50"]["monolith"] is None
    assert times["p50"]["candidate"] == pytest.approx(0.01, rel=0.03)
    batch = Batch()
    batch.durations(Scope("catalog.list", "v1", "rules"), side="monolith", position="again").add(0.02)
    batch.pair(Scope("catalog.list", "v1", "rules"), template="/", method="GET", status=200, stage="shadow",
               answering="monolith", verdict=Verdict.AGREE, at=3000.0)  # fmt: skip
    store.add(batch, at=3000.0)
    times = agreements.look(SHADOW, seconds=9)[0]["catalog.list"].times
    assert times["p99"]["monolith"] == pytest.approx(0.02, rel=0.03)


def test_a_route_that_is_not_configured_has_none(tmp_path: Path, store: Counted) -> None:
    without = replace(config(tmp_path), routes=())
    assert Agreements(without, store).look(SHADOW, seconds=9) == ({}, 0)
