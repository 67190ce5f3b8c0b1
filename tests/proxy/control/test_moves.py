"""The audit, remembered: since when each toggle stands where it stands, and how far all were when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from strangler_proxy.control import moves as module
from strangler_proxy.control.moves import Moves, State

from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import BUCKETS, AuditEntry, Change, Stage, Toggle

HALF = BUCKETS // 2


class Audited(MemoryToggleStore):
    """Remembers how many entries were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def history(self, name: str | None = None, *, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        self.asked.append(limit)
        return super().history(name, limit=limit, before=before)


def move(store: MemoryToggleStore, at: float, *toggles: Toggle) -> None:
    change = Change(toggles, "ada", "x", datetime.fromtimestamp(at, UTC), forced=True)
    store.commit(change, expected_revision=store.load().revision)


def moves_of(store: MemoryToggleStore) -> Moves:
    return Moves(store.history, lambda: store.load().revision)


@pytest.fixture
def store() -> Audited:
    store = Audited()
    move(store, 100, Toggle("a.list"), Toggle("a.detail"))
    move(store, 200, Toggle("a.list", stage=Stage.SHADOW))
    move(store, 300, Toggle("a.list", stage=Stage.CANARY, share=HALF))
    return store


def test_a_toggle_is_where_it_is_since_its_stage_or_share_changed(store: Audited) -> None:
    moves = moves_of(store)
    assert moves.since() == {"a.list": 300, "a.detail": 100}
    move(store, 400, Toggle("a.list", stage=Stage.CANARY, share=HALF, overrides={"ada": "candidate"}))  # type: ignore[dict-item]
    assert moves.since()["a.list"] == 300
    move(store, 500, Toggle("a.list", stage=Stage.CANARY, share=HALF + 1))
    assert moves.since()["a.list"] == 500


def test_a_toggle_has_left_the_monolith_since_it_was_last_there(store: Audited) -> None:
    moves = moves_of(store)
    assert moves.left() == {"a.list": 200}
    move(store, 400, Toggle("a.list"))
    assert moves.left() == {}
    move(store, 500, Toggle("a.list", stage=Stage.SHADOW))
    assert moves.left() == {"a.list": 500}


def test_how_far_all_were_is_told_for_any_moments(store: Audited) -> None:
    move(store, 400, Toggle("a.detail", stage=Stage.RETIRED))
    move(store, 500, Toggle("a.list"))
    gone = frozenset({"a.detail"})
    assert moves_of(store).at([50, 100, 299, 300, 450, 600]) == [
        State(0.0, 0),
        State(0.0, 2),
        State(0.0, 2),
        State(0.5, 2),
        State(1.5, 2, gone),
        State(1.0, 2, gone),
    ]


def test_only_what_is_new_is_read_and_nothing_while_the_revision_stands(store: Audited) -> None:
    moves = moves_of(store)
    moves.since()
    moves.left()
    moves.at([0])
    assert store.asked == [256]
    move(store, 400, Toggle("a.detail", stage=Stage.SHADOW))
    assert moves.since()["a.detail"] == 400
    assert store.asked == [256, 256]


def test_a_long_audit_is_read_to_its_beginning(store: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST", 1)
    assert moves_of(store).since() == {"a.list": 300, "a.detail": 100}
    assert store.asked == [1, 8]


def test_of_an_audit_that_is_too_long_the_oldest_entries_are_left_out(
    store: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FIRST", 2)
    monkeypatch.setattr(module, "_MOST", 2)
    assert moves_of(store).since() == {"a.list": 300}


def test_of_moves_without_end_the_oldest_are_forgotten_but_not_where_each_toggle_stood(
    store: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 5)
    moves = moves_of(store)
    for at in range(400, 500):
        move(store, at, Toggle("a.list", stage=Stage.CANARY, share=at))
        moves.since()
    assert len(moves.newest_first()) <= 11
    assert moves.at([499]) == [State(round(499 / BUCKETS, 6), 2)]
    assert moves.newest_first()[-1].name == "a.detail"


def test_another_audit_is_read_anew(store: Audited) -> None:
    stores = [store]
    moves = Moves(lambda name=None, *, limit=100: stores[0].history(name, limit=limit), lambda: len(stores))
    assert "a.list" in moves.since()
    other = Audited()
    move(other, 900, Toggle("b.list", stage=Stage.SHADOW))
    stores[:] = [other, store]
    assert moves.since() == {"b.list": 900}
    assert moves.left() == {"b.list": 900}
