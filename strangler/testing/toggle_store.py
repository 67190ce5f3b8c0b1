# ruff: noqa: S101 - a suite asserts
"""A toggle store in memory, and the suite that every toggle store must pass."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from strangler.errors import RevisionConflict, StoreUnavailable
from strangler.testing.raising import raises
from strangler.toggles import AuditEntry, Change, Kind, Side, Snapshot, Stage, Toggle, ToggleStore

__all__ = ["MemoryToggleStore", "ToggleStoreConformance"]


class MemoryToggleStore:
    """A toggle store that lives and dies with its process, for tests.

    Set `outage` to a reason and every call raises StoreUnavailable with it, until `outage` is None again.
    """

    def __init__(self) -> None:
        self.outage: str | None = None
        self._snapshot = Snapshot()
        self._audit: list[AuditEntry] = []
        self._lock = threading.Condition()
        self._closings = 0

    def load(self) -> Snapshot:
        """The present snapshot."""
        with self._lock:
            self._answer()
            return self._snapshot

    def commit(self, change: Change, *, expected_revision: int) -> Snapshot:
        """Put `change` in under `expected_revision` + 1, or raise RevisionConflict."""
        evidence = {name: json.dumps(dict(each), allow_nan=False) for name, each in change.evidence.items()}
        with self._lock:
            self._answer()
            if self._snapshot.revision != expected_revision:
                raise RevisionConflict(expected_revision, self._snapshot.revision)
            moved = self._snapshot.moved(change.toggles, revision=expected_revision + 1, at=change.at)
            return self._keep(moved, change, evidence)

    def settle(self) -> None:
        """Nothing outlives the process, so there is nothing to wait for."""
        with self._lock:
            self._answer()

    def adopt(self, snapshot: Snapshot, *, who: str, why: str, at: datetime) -> Snapshot:
        """Hold exactly the toggles of `snapshot`, under a revision above both."""
        with self._lock:
            self._answer()
            revision = max(snapshot.revision, self._snapshot.revision) + 1
            changed = [
                each for name, each in snapshot.toggles.items() if not each.says_as(self._snapshot.toggles.get(name))
            ]
            kept = {name: self._snapshot.toggles.get(name, each) for name, each in snapshot.toggles.items()}
            adopted = Snapshot(toggles=kept).moved(changed, revision=revision, at=at)
            return self._keep(adopted, Change(toggles=changed, who=who, why=why, at=at), {})

    def history(self, name: str | None = None, *, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """The audit, newest first."""
        with self._lock:
            self._answer()
            found = [
                entry
                for entry in reversed(self._audit)
                if (before is None or entry.id < before) and (name is None or fnmatchcase(entry.name, name))
            ]
            return found[: max(limit, 0)]

    def changed(self, revision: int, *, seconds: float) -> bool:
        """Wait until the revision is another one than `revision`."""
        with self._lock:
            self._answer()
            closings = self._closings
            self._lock.wait_for(lambda: self._snapshot.revision != revision or self._closings != closings, seconds)
            self._answer()
            return self._snapshot.revision != revision

    def close(self) -> None:
        """Let whoever waits for a change go."""
        with self._lock:
            self._closings += 1
            self._lock.notify_all()

    def _answer(self) -> None:
        if self.outage is not None:
            raise StoreUnavailable(self.outage)

    def _keep(self, snapshot: Snapshot, change: Change, evidence: Mapping[str, str]) -> Snapshot:
        for toggle in change.toggles:
            self._audit.append(
                AuditEntry(
                    id=len(self._audit) + 1,
                    revision=snapshot.revision,
                    at=change.at,
                    who=change.who,
                    why=change.why,
                    name=toggle.name,
                    before=self._snapshot.toggles.get(toggle.name),
                    after=snapshot.toggles[toggle.name],
                    forced=change.forced,
                    evidence=json.loads(evidence[toggle.name]) if toggle.name in evidence else None,
                )
            )
        self._snapshot = snapshot
        self._lock.notify_all()
        return snapshot


_AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def _change(*toggles: Toggle, why: str = "because", forced: bool = False, minutes: int = 0) -> Change:
    return Change(toggles=toggles, who="ana", why=why, at=_AT + timedelta(minutes=minutes), forced=forced)


class ToggleStoreConformance:
    """What a toggle store must do. Subclass it in a test module and give the fixture `open_store`:

        class TestMyStore(ToggleStoreConformance):
            @pytest.fixture
            def open_store(self, tmp_path):
                return lambda: MyStore(tmp_path / "toggles")

    `open_store()` opens the store, empty at first; each further call of one test opens the same store once more, as
    another process would (a store in memory may give the same object).
    """

    def test_a_new_store_is_at_revision_0_without_toggles(self, open_store: Callable[[], ToggleStore]) -> None:
        store = open_store()
        snapshot = store.load()
        assert (snapshot.revision, dict(snapshot.toggles)) == (0, {})
        assert store.history() == []
        store.close()

    def test_a_commit_is_what_is_loaded_next(self, open_store: Callable[[], ToggleStore]) -> None:
        store = open_store()
        committed = store.commit(_change(Toggle("catalog.list"), Toggle("orders")), expected_revision=0)
        assert committed.revision == 1
        assert committed.at == _AT
        assert {name: toggle.revision for name, toggle in committed.toggles.items()} == {"catalog.list": 1, "orders": 1}
        assert store.load() == committed
        store.close()

    def test_what_was_settled_is_there_for_others_as_before(self, open_store: Callable[[], ToggleStore]) -> None:
        store, other = open_store(), open_store()
        store.settle()
        committed = store.commit(_change(Toggle("catalog.list")), expected_revision=0)
        assert other.load() == committed
        store.settle()
        assert store.load() == other.load() == committed
        store.close()
        other.close()

    def test_everything_of_a_toggle_survives(self, open_store: Callable[[], ToggleStore]) -> None:
        store = open_store()
        toggle = Toggle(
            "catalog.facts",
            kind=Kind.SEAM,
            stage=Stage.CANARY,
            share=12_345,
            overrides={"客户-7": Side.CANDIDATE, "user 'x' \"y\"": Side.MONOLITH},
            salt="Zoë",
        )
        store.commit(_change(toggle), expected_revision=0)
        assert store.load().toggles["catalog.facts"] == replace(toggle, revision=1)
        store.close()

    def test_a_commit_leaves_the_other_toggles_alone(self, open_store: Callable[[], ToggleStore]) -> None:
        store = open_store()
        store.commit(_change(Toggle("a"), Toggle("b")), expected_revision=0)
        store.commit(_change(Toggle("b", stage=Stage.EXTRACTED)), expected_revision=1)
        loaded = store.load()
        assert loaded.revision == 2
        assert loaded.toggles["a"] == Toggle("a", revision=1)
        assert loaded.toggles["b"] == Toggle("b", stage=Stage.EXTRACTED, revision=2)
        store.close()

    def test_another_revision_than_the_expected_is_a_conflict_and_changes_nothing(
        self, open_store: Callable[[], ToggleStore]
    ) -> None:
        store = open_store()
        store.commit(_change(Toggle("a")), expected_revision=0)
        before = store.load()
        for expected in (0, 2, 99):
            with raises(RevisionConflict) as caught:
                store.commit(_change(Toggle("a", stage=Stage.EXTRACTED)), expected_revision=expected)
            assert (caught[0].expected, caught[0].actual) == (expected, 1)
        assert store.load() == before
        assert len(store.history()) == 1
        store.close()

    def test_the_audit_tells_who_why_when_from_and_to(self, open_store: Callable[[], ToggleStore]) -> None:
        store = open_store()
        store.commit(_change(Toggle("a"), why="declared"), expected_revision=0)
        moved = Toggle("a", stage=Stage.EXTRACTED)
        store.commit(_change(moved, why="schön 🎉", forced=True, minutes=1), expected_revision=1)
        newest, oldest = store.history()
        assert (newest.who, newest.why, newest.at) == ("ana", "schön 🎉", _AT + timedelta(minutes=1))
        assert (newest.name, newest.revision, newest.forced) == ("a", 2, True)
        assert newest.before == Toggle("a", revision=1)
        assert newest.after == replace(moved, revision=2)
        assert (oldest.before, oldest.forced, oldest.why) == (None, False, "declared")
        assert newest.id > oldest.id
        store.close()

    def test_the_audit_keeps_the_evidence_of_each_toggle(self, open_store: Callable[[], ToggleStore]) -> None:
        store = open_store()
        evidence: dict[str, dict[str, Any]] = {"a": {"agreement": 0.999, "said": ["schön 🎉", None]}, "b": {}}
        change = replace(_change(Toggle("a"), Toggle("b"), Toggle("c")), evidence=evidence)
        store.commit(change, expected_revision=0)
        evidence["a"]["agreement"] = 0
        assert {entry.name: entry.evidence for entry in store.history()} == {
            "a": {"agreement": 0.999, "said": ["schön 🎉", None]},
            "b": {},
            "c": None,
        }
        store.close()

    def test_evidence_that_is_not_json_is_refused_and_nothing_is_changed(
        self, open_store: Callable[[], ToggleStore]
    ) -> None:
        store = open_store()
        wrong: list[dict[str, Any]] = [{"agreement": float("nan")}, {"at": _AT}]
        for evidence in wrong:
            with raises(TypeError, ValueError):
                store.commit(replace(_change(Toggle("a")), evidence={"a": evidence}), expected_revision=0)
        assert store.load().revision == 0
        store.close()

    def test_who_waits_for_a_change_hears_of_one_by_another_opening(
        self, open_store: Callable[[], ToggleStore]
    ) -> None:
        store, other = open_store(), open_store()
        assert not store.changed(0, seconds=0)
        assert store.changed(7, seconds=60)
        with ThreadPoolExecutor(1) as pool:
            for revision in range(3):
                waiting = pool.submit(store.changed, revision, seconds=60)
                other.commit(_change(Toggle("a", share=revision)), expected_revision=revision)
                assert waiting.result()
        assert not store.changed(3, seconds=0.01)
        store.close()
        other.close()

    def test_closing_lets_whoever_waits_for_a_change_go(self, open_store: Callable[[], ToggleStore]) -> None:
        store = open_store()
        store.load()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(store.changed, 0, seconds=600)
            # It may not be waiting yet: then it must not begin to.
            while not waiting.done():
                store.close()
            assert not waiting.result()

    def test_the_audit_is_read_newest_first_by_name_by_glob_and_up_to_a_limit(
        self, open_store: Callable[[], ToggleStore]
    ) -> None:
        store = open_store()
        names = ["catalog.list", "catalog.detail", "orders"]
        store.commit(_change(*(Toggle(name) for name in names)), expected_revision=0)
        store.commit(_change(Toggle("catalog.list", stage=Stage.EXTRACTED)), expected_revision=1)
        assert [entry.name for entry in store.history("catalog.list")] == ["catalog.list", "catalog.list"]
        assert [entry.revision for entry in store.history("catalog.*")] == [2, 1, 1]
        assert [entry.name for entry in store.history("[!c]*")] == ["orders"]
        assert [entry.revision for entry in store.history(limit=2)] == [2, 1]
        assert store.history("catalog") == []
        assert store.history(limit=0) == []
        store.close()

    def test_the_audit_is_read_on_from_any_of_its_entries(self, open_store: Callable[[], ToggleStore]) -> None:
        store = open_store()
        store.commit(_change(Toggle("catalog.list"), Toggle("orders")), expected_revision=0)
        store.commit(_change(Toggle("catalog.list", stage=Stage.EXTRACTED)), expected_revision=1)
        newest, *older = store.history()
        assert store.history(before=newest.id) == older
        assert store.history(before=newest.id, limit=1) == older[:1]
        assert [entry.revision for entry in store.history("catalog.list", before=newest.id)] == [1]
        assert [entry.revision for entry in store.history("catalog.*", before=newest.id)] == [1]
        assert store.history(before=older[-1].id) == store.history(before=0) == []
        store.close()

    def test_a_second_opening_sees_what_the_first_committed(self, open_store: Callable[[], ToggleStore]) -> None:
        first, second = open_store(), open_store()
        first.commit(_change(Toggle("a")), expected_revision=0)
        assert second.load().revision == 1
        second.commit(_change(Toggle("a", stage=Stage.EXTRACTED)), expected_revision=1)
        with raises(RevisionConflict):
            first.commit(_change(Toggle("a")), expected_revision=1)
        assert first.load() == second.load()
        first.close()
        second.close()

    def test_of_many_at_the_same_revision_exactly_one_wins(self, open_store: Callable[[], ToggleStore]) -> None:
        stores = [open_store() for _ in range(4)]
        stores[0].commit(_change(Toggle("a")), expected_revision=0)
        start = threading.Barrier(8)

        def commit(number: int) -> bool:
            start.wait()
            try:
                change = _change(Toggle("a", stage=Stage.CANARY, share=number), why=str(number))
                stores[number % 4].commit(change, expected_revision=1)
            except RevisionConflict:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            won = [number for number, result in enumerate(pool.map(commit, range(8))) if result]
        assert len(won) == 1
        loaded = stores[0].load()
        assert (loaded.revision, loaded.toggles["a"].share) == (2, won[0])
        assert [entry.why for entry in stores[1].history("a", limit=1)] == [str(won[0])]
        for store in stores:
            store.close()

    def test_what_was_committed_outlives_closing(self, open_store: Callable[[], ToggleStore]) -> None:
        store = open_store()
        committed = store.commit(_change(Toggle("a", stage=Stage.EXTRACTED)), expected_revision=0)
        store.close()
        again = open_store()
        assert again.load() == committed
        assert len(again.history()) == 1
        again.close()

    def test_closing_twice_does_no_harm(self, open_store: Callable[[], ToggleStore]) -> None:
        store = open_store()
        store.load()
        store.close()
        store.close()

    def test_an_empty_store_adopts_a_snapshot_above_its_revision(self, open_store: Callable[[], ToggleStore]) -> None:
        store = open_store()
        toggles = {"a": Toggle("a", stage=Stage.EXTRACTED, revision=9), "b": Toggle("b", revision=3)}
        adopted = store.adopt(Snapshot(revision=14, toggles=toggles), who="ana", why="store was lost", at=_AT)
        assert adopted.revision == 15
        assert adopted.toggles["a"].stage is Stage.EXTRACTED
        assert store.load() == adopted
        assert {entry.name: entry.before for entry in store.history()} == {"a": None, "b": None}
        moved = store.commit(_change(Toggle("b", stage=Stage.EXTRACTED)), expected_revision=15)
        assert moved.revision == 16
        store.close()

    def test_adopting_drops_what_the_snapshot_does_not_hold_and_audits_what_it_changes(
        self, open_store: Callable[[], ToggleStore]
    ) -> None:
        store = open_store()
        store.commit(_change(Toggle("a"), Toggle("b"), Toggle("c")), expected_revision=0)
        wanted = Snapshot(revision=1, toggles={"a": Toggle("a", stage=Stage.EXTRACTED), "b": Toggle("b")})
        adopted = store.adopt(wanted, who="ana", why="restored", at=_AT)
        assert adopted.revision == 2
        assert sorted(adopted.toggles) == ["a", "b"]
        assert store.load() == adopted
        (entry,) = [entry for entry in store.history() if entry.revision == 2]
        assert entry.before == Toggle("a", revision=1)
        assert entry.after == Toggle("a", stage=Stage.EXTRACTED, revision=2)
        store.close()
