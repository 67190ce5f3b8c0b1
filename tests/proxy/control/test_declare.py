from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from strangler_proxy.config.values import Config, Seam
from strangler_proxy.control.declare import declare, estrangement
from strangler_proxy.routes.route import Route

from strangler.toggles import BUCKETS, Kind, Snapshot, Stage, Toggle


def config(*routes: Route, seams: tuple[Seam, ...] = ()) -> Config:
    return Config(path=Path("strangler.toml"), upstreams={}, routes=routes, seams=seams)


def route(name: str, *, salt: str = "", twin: bool = True) -> Route:
    return Route(name, frozenset({"GET"}), "/", "catalog", salt=salt, twin=twin)


def snapshot(*toggles: Toggle, revision: int = 5) -> Snapshot:
    return Snapshot(revision=revision, toggles={toggle.name: toggle for toggle in toggles})


def test_new_routes_and_seams_begin_at_the_monolith() -> None:
    declared = declare(Snapshot(), config(route("catalog.list"), seams=(Seam("catalog.facts", salt="x"),)))
    assert declared.toggles == (Toggle("catalog.list"), Toggle("catalog.facts", Kind.SEAM, salt="x"))
    assert declared.notes == ()


def test_a_route_without_a_twin_needs_no_toggle() -> None:
    assert declare(Snapshot(), config(route("wishlist", twin=False))).toggles == ()


def test_what_is_known_already_is_left_alone() -> None:
    known = snapshot(Toggle("catalog.list", stage=Stage.CANARY, share=5, revision=4))
    assert declare(known, config(route("catalog.list"))).toggles == ()


def test_what_is_no_longer_configured_stays() -> None:
    assert declare(snapshot(Toggle("old")), config()) == declare(Snapshot(), config())


@pytest.mark.parametrize(
    ("stage", "share"), [(Stage.MONOLITH, 0), (Stage.EXTRACTED, 0), (Stage.CANARY, 0), (Stage.CANARY, BUCKETS)]
)
def test_another_salt_is_taken_over_while_no_share_depends_on_it(stage: Stage, share: int) -> None:
    known = Toggle("catalog.list", stage=stage, share=share, revision=4)
    declared = declare(snapshot(known), config(route("catalog.list", salt="new")))
    assert declared.toggles == (replace(known, salt="new"),)


def test_what_another_replica_changed_is_left_alone_and_noted() -> None:
    ours = config(route("catalog.list", salt="ours"))
    declared = declare(snapshot(Toggle("catalog.list", salt="ours")), ours)
    assert declared.settled == {"catalog.list"}
    theirs = snapshot(Toggle("catalog.list", salt="theirs"))
    assert declare(theirs, ours).settled == {"catalog.list"}
    again = declare(theirs, ours, settled=declared.settled)
    assert (again.toggles, again.settled) == ((), frozenset())
    assert "give all replicas the same" in again.notes[0]


def test_another_salt_is_refused_while_it_would_move_customers() -> None:
    known = Toggle("catalog.list", stage=Stage.CANARY, share=10, revision=4)
    declared = declare(snapshot(known), config(route("catalog.list", salt="new")))
    assert declared.toggles == ()
    assert "keeps the salt 'catalog'" in declared.notes[0]


def test_a_route_that_became_a_seam_changes_kind() -> None:
    declared = declare(snapshot(Toggle("catalog.facts")), config(seams=(Seam("catalog.facts"),)))
    assert [toggle.kind for toggle in declared.toggles] == [Kind.SEAM]


def test_a_seam_in_shadow_becomes_a_route_in_shadow() -> None:
    known = Toggle("catalog.facts", Kind.SEAM, Stage.SHADOW)
    declared = declare(snapshot(known), config(route("catalog.facts")))
    assert [(toggle.kind, toggle.stage) for toggle in declared.toggles] == [(Kind.ROUTE, Stage.SHADOW)]
    assert declared.notes == ()


def test_a_store_that_went_on_from_what_is_in_force_belongs_to_it() -> None:
    served = snapshot(Toggle("a", revision=3), Toggle("b", revision=5))
    assert estrangement(served, served) is None
    later = snapshot(Toggle("a", revision=3), Toggle("b", stage=Stage.EXTRACTED, revision=7), Toggle("c"), revision=7)
    assert estrangement(later, served) is None


def test_any_store_belongs_to_a_proxy_that_has_nothing_in_force() -> None:
    assert estrangement(Snapshot(), Snapshot()) is None
    assert estrangement(snapshot(Toggle("a", revision=1)), Snapshot()) is None


def test_a_store_that_is_behind_is_a_stranger() -> None:
    reason = estrangement(Snapshot(revision=3), snapshot(Toggle("a", revision=5)))
    assert reason is not None
    assert "at revision 3, behind revision 5" in reason


def test_another_store_that_happens_to_be_ahead_is_a_stranger() -> None:
    served = snapshot(Toggle("a", stage=Stage.EXTRACTED, revision=3))
    assert "does not know a" in str(estrangement(snapshot(Toggle("b"), revision=9), served))
    assert "another state of a" in str(estrangement(snapshot(Toggle("a", revision=2), revision=9), served))
