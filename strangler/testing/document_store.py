# ruff: noqa: S101 - a suite asserts
"""The suite that every document store must pass."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from strangler.documents import Document, DocumentStore, Event
from strangler.errors import DocumentConflict
from strangler.testing.counted_calls import CountedCallConformance
from strangler.testing.raising import raises

__all__ = ["DocumentStoreConformance"]

_AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
_LATER = _AT + timedelta(minutes=1)
_NOW = 1_700_000_000.5


def _event(action: str = "rollout.start", name: str = "catalog", **more: Any) -> Event:
    return Event(at=_AT, who="ana", action=action, name=name, **more)


class DocumentStoreConformance(CountedCallConformance):
    """What a document store must do. Subclass it in a test module and give the fixture `open_store`:

        class TestMyStore(DocumentStoreConformance):
            @pytest.fixture
            def open_store(self, tmp_path):
                return lambda: MyStore(tmp_path / "documents")

    `open_store()` opens the store, empty at first; each further call of one test opens the same store once more, as
    another process would, and never gives an object that it gave before.
    """

    def test_a_new_store_holds_nothing(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        assert store.read("rollout", "catalog") is None
        assert (store.listed("rollout"), store.events(), store.beats()) == ([], [], [])
        store.close()

    def test_what_is_written_is_read(self, open_store: Callable[[], DocumentStore]) -> None:
        store, other = open_store(), open_store()
        content = {"stage": "canary", "shares": [1, 5.5], "客户": {"none": None, "yes": True, "zero": "\x00"}}
        written = store.write("rollout", "Zoë's 'catalog' \"*\"", content, expected=0, at=_AT)
        assert written == Document("rollout", "Zoë's 'catalog' \"*\"", 1, content, _AT)
        assert store.read("rollout", "Zoë's 'catalog' \"*\"") == written == other.read(written.kind, written.name)
        store.close()
        other.close()

    def test_a_write_goes_in_the_place_of_the_version_before(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        store.write("plan", "shop", {"step": 1}, expected=0, at=_AT)
        second = store.write("plan", "shop", {"step": 2}, expected=1, at=_LATER)
        assert second == Document("plan", "shop", 2, {"step": 2}, _LATER) == store.read("plan", "shop")
        store.close()

    def test_another_version_than_the_expected_is_a_conflict_and_changes_nothing(
        self, open_store: Callable[[], DocumentStore]
    ) -> None:
        store = open_store()
        written = store.write("plan", "shop", {}, expected=0, at=_AT)
        for expected in (0, 2, 99):
            for content in ({"step": 2}, None):
                with raises(DocumentConflict) as caught:
                    store.write("plan", "shop", content, expected=expected, at=_LATER, event=_event())
                assert (caught[0].expected, caught[0].actual) == (expected, 1)
        with raises(DocumentConflict) as caught:
            store.write("plan", "other", {}, expected=1, at=_AT)
        assert (caught[0].kind, caught[0].name, caught[0].actual) == ("plan", "other", 0)
        assert store.listed("plan") == [written]
        assert store.events() == []
        store.close()

    def test_a_kind_lists_its_own_documents_by_name(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        for name in ("b", "a", "C"):
            store.write("plan", name, {"name": name}, expected=0, at=_AT)
        store.write("plan.draft", "d", {}, expected=0, at=_AT)
        assert [(each.name, each.content) for each in store.listed("plan")] == [
            (name, {"name": name}) for name in ("C", "a", "b")
        ]
        assert store.listed("pla") == []
        store.close()

    def test_none_deletes_and_a_version_is_never_given_twice(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        store.write("token", "ci", {"hash": "x"}, expected=0, at=_AT)
        assert store.write("token", "ci", None, expected=1, at=_AT) is None
        assert store.read("token", "ci") is None
        assert store.listed("token") == []
        with raises(DocumentConflict) as caught:
            store.write("token", "ci", {}, expected=1, at=_AT)
        assert caught[0].actual == 0
        again = store.write("token", "ci", {"hash": "y"}, expected=0, at=_LATER)
        assert again is not None
        assert again.version > 1
        with raises(DocumentConflict):
            store.write("token", "ci", {}, expected=1, at=_AT)
        assert store.read("token", "ci") == again
        store.close()

    def test_what_is_not_json_is_refused_and_nothing_is_written(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        wrong: list[dict[str, Any]] = [{"share": float("nan")}, {"at": _AT}]
        for content in wrong:
            with raises(TypeError, ValueError):
                store.write("plan", "shop", content, expected=0, at=_AT)
            with raises(TypeError, ValueError):
                store.write("plan", "shop", {}, expected=0, at=_AT, event=_event(detail=content))
            with raises(TypeError, ValueError):
                store.record(_event(detail=content))
        assert store.read("plan", "shop") is None
        assert store.events() == []
        store.close()

    def test_a_change_of_what_was_written_or_read_changes_nothing_here(
        self, open_store: Callable[[], DocumentStore]
    ) -> None:
        store = open_store()
        content: dict[str, Any] = {"marks": ["a"]}
        store.write("plan", "shop", content, expected=0, at=_AT, event=_event(detail=content))
        content["marks"].append("b")
        read = store.read("plan", "shop")
        assert read is not None
        read.content["marks"].append("c")
        again = store.read("plan", "shop")
        assert again is not None
        assert again.content == {"marks": ["a"]} == store.events()[0].detail
        store.close()

    def test_of_many_at_the_same_version_exactly_one_wins(self, open_store: Callable[[], DocumentStore]) -> None:
        stores = [open_store() for _ in range(4)]
        stores[0].write("plan", "shop", {"number": -1}, expected=0, at=_AT)
        start = threading.Barrier(8)

        def write(number: int) -> bool:
            start.wait()
            try:
                event = _event(why=str(number))
                stores[number % 4].write("plan", "shop", {"number": number}, expected=1, at=_AT, event=event)
            except DocumentConflict:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            won = [number for number, result in enumerate(pool.map(write, range(8))) if result]
        read = stores[0].read("plan", "shop")
        assert read is not None
        assert len(won) == 1
        assert (read.version, read.content) == (2, {"number": won[0]})
        assert [each.why for each in stores[1].events()] == [str(won[0])]
        for store in stores:
            store.close()

    def test_of_many_that_create_exactly_one_wins(self, open_store: Callable[[], DocumentStore]) -> None:
        stores = [open_store() for _ in range(4)]
        start = threading.Barrier(4)

        def write(number: int) -> bool:
            start.wait()
            try:
                stores[number].write("lock", "x", {"number": number}, expected=0, at=_AT)
            except DocumentConflict:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(write, range(4))) == 1
        for store in stores:
            store.close()

    def test_the_audit_keeps_all_of_an_event(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        event = _event(why="schön 🎉", detail={"share": 5.5, "seen": [None, "客户"]})
        store.record(event)
        store.record(_event("plan.approve", "shop"))
        newest, oldest = store.events()
        assert oldest == replace(event, id=oldest.id)
        assert newest == replace(_event("plan.approve", "shop"), id=newest.id)
        assert newest.id > oldest.id > 0
        store.close()

    def test_a_write_s_event_is_in_the_audit(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        store.write("rollout", "catalog", {}, expected=0, at=_AT, event=_event(why="begin"))
        store.write("rollout", "catalog", None, expected=1, at=_AT, event=_event("rollout.end", why="done"))
        assert [(each.action, each.why) for each in store.events()] == [
            ("rollout.end", "done"),
            ("rollout.start", "begin"),
        ]
        store.close()

    def test_the_audit_is_read_by_name_by_action_by_glob_and_up_to_a_limit(
        self, open_store: Callable[[], DocumentStore]
    ) -> None:
        store = open_store()
        for action, name in (("rollout.start", "a.b"), ("rollout.end", "a.b"), ("plan.approve", "a.c"), ("x.y", "[d")):
            store.record(_event(action, name))
        found = [
            [each.action for each in store.events(**wanted)]
            for wanted in (
                {"name": "a.b"},
                {"name": "a.*"},
                {"action": "rollout.*"},
                {"action": "rollout.*", "name": "a.c"},
                {"name": "a.b", "limit": 1},
                {"limit": 0},
                {"name": "[[]d"},
            )
        ]
        assert found == [
            ["rollout.end", "rollout.start"],
            ["plan.approve", "rollout.end", "rollout.start"],
            ["rollout.end", "rollout.start"],
            [],
            ["rollout.end"],
            [],
            ["x.y"],
        ]
        store.close()

    def test_the_audit_is_read_on_from_any_of_its_entries(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        for action, name in (("rollout.start", "a.b"), ("rollout.end", "a.b"), ("plan.approve", "a.c")):
            store.record(_event(action, name))
        newest, *older = store.events()
        assert store.events(before=newest.id) == older
        assert store.events(before=newest.id, limit=1) == older[:1]
        assert [each.action for each in store.events(name="a.b", before=older[0].id)] == ["rollout.start"]
        assert [each.action for each in store.events(action="rollout.*", before=older[0].id)] == ["rollout.start"]
        assert store.events(before=older[-1].id) == store.events(before=0) == []
        store.close()

    def test_the_oldest_of_the_audit_goes_by_age_and_by_number(self, open_store: Callable[[], DocumentStore]) -> None:
        store, other = open_store(), open_store()
        assert store.prune(before=_AT, most=1) == 0
        store.write("plan", "shop", {}, expected=0, at=_AT, event=replace(_event("a.a"), at=_AT.replace(microsecond=0)))
        for action, later in (("a.b", 0), ("a.c", 60), ("a.d", 120), ("a.e", 180)):
            store.record(replace(_event(action), at=_AT + timedelta(seconds=later)))
        newest = other.events()[0]
        assert store.prune(before=_AT - timedelta(days=1), most=5) == 0
        assert store.prune(before=_AT, most=5) == 1
        assert other.prune(before=_AT + timedelta(seconds=61), most=5) == 2
        assert [each.action for each in other.events()] == ["a.e", "a.d"]
        assert store.prune(before=_AT, most=1) == 1
        assert store.events() == [newest]
        assert store.prune(before=_AT + timedelta(days=1), most=5) == 1
        assert (store.events(), store.read("plan", "shop")) == ([], Document("plan", "shop", 1, {}, _AT))
        store.record(_event("a.f"))
        assert store.events()[0].id > newest.id
        for each in (store, other):
            each.close()

    def test_of_the_audit_only_the_oldest_goes_whatever_a_clock_had_said(
        self, open_store: Callable[[], DocumentStore]
    ) -> None:
        store = open_store()
        for action, later in (("a.a", 0), ("a.b", 600), ("a.c", -600)):
            store.record(replace(_event(action), at=_AT + timedelta(seconds=later)))
        assert store.prune(before=_AT + timedelta(seconds=1), most=5) == 1
        assert [each.action for each in store.events()] == ["a.c", "a.b"]
        store.close()

    def test_a_lease_is_one_holder_s_until_it_ends(self, open_store: Callable[[], DocumentStore]) -> None:
        store, other = open_store(), open_store()
        assert store.lease("plan", "ana", seconds=10, now=_NOW) == "ana"
        assert other.lease("plan", "ben", seconds=10, now=_NOW + 9.9) == "ana"
        assert other.lease("gates", "ben", seconds=10, now=_NOW) == "ben"
        assert store.lease("plan", "ana", seconds=10, now=_NOW + 9) == "ana"
        assert other.lease("plan", "ben", seconds=10, now=_NOW + 18.9) == "ana"
        assert other.lease("plan", "ben", seconds=10, now=_NOW + 19) == "ben"
        assert store.lease("plan", "ana", seconds=10, now=_NOW + 19) == "ben"
        store.close()
        other.close()

    def test_who_has_a_lease_is_told_without_taking_it(self, open_store: Callable[[], DocumentStore]) -> None:
        store, other = open_store(), open_store()
        assert store.holder("plan", now=_NOW) == ""
        store.lease("plan", "ana", seconds=10, now=_NOW)
        assert other.holder("plan", now=_NOW + 9.9) == "ana"
        assert other.holder("gates", now=_NOW) == ""
        assert other.holder("plan", now=_NOW + 10) == ""
        assert other.lease("plan", "ben", seconds=10, now=_NOW + 10) == "ben"
        store.release("plan", "ben")
        assert other.holder("plan", now=_NOW + 10) == ""
        store.close()
        other.close()

    def test_only_its_holder_releases_a_lease(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        store.release("plan", "ana")
        store.lease("plan", "ana", seconds=10, now=_NOW)
        store.release("plan", "ben")
        assert store.lease("plan", "ben", seconds=10, now=_NOW) == "ana"
        store.release("plan", "ana")
        assert store.lease("plan", "ben", seconds=10, now=_NOW) == "ben"
        store.close()

    def test_of_many_that_want_a_lease_one_gets_it(self, open_store: Callable[[], DocumentStore]) -> None:
        stores = [open_store() for _ in range(4)]
        start = threading.Barrier(4)

        def lease(number: int) -> str:
            start.wait()
            return stores[number].lease("plan", str(number), seconds=10, now=_NOW)

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(lease, range(4)))) == 1
        for store in stores:
            store.close()

    def test_one_opening_leads_until_it_resigns_or_closes(self, open_store: Callable[[], DocumentStore]) -> None:
        first, second, third = open_store(), open_store(), open_store()
        assert [first.lead("rollouts"), second.lead("rollouts"), first.lead("rollouts")] == [True, False, True]
        assert second.lead("plans")
        second.resign("rollouts")
        assert not second.lead("rollouts")
        first.resign("rollouts")
        first.resign("rollouts")
        assert [second.lead("rollouts"), first.lead("rollouts")] == [True, False]
        second.close()
        assert [third.lead("rollouts"), first.lead("rollouts"), third.lead("plans")] == [True, False, True]
        first.close()
        third.close()

    def test_of_many_that_want_to_lead_one_does(self, open_store: Callable[[], DocumentStore]) -> None:
        stores = [open_store() for _ in range(4)]
        start = threading.Barrier(4)

        def lead(number: int) -> bool:
            start.wait()
            return stores[number].lead("rollouts")

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(lead, range(4))) == 1
        for store in stores:
            store.close()

    def test_a_replica_s_last_beat_is_kept_until_it_is_forgotten(self, open_store: Callable[[], DocumentStore]) -> None:
        store, other = open_store(), open_store()
        store.beat("b", {"revision": 1}, at=_NOW)
        other.beat("a", {"revision": 2, "workers": [{"slot": 0}]}, at=_NOW + 1)
        store.beat("b", {"revision": 3}, at=_NOW + 2.25)
        expected = [("a", {"revision": 2, "workers": [{"slot": 0}]}, _NOW + 1), ("b", {"revision": 3}, _NOW + 2.25)]
        assert store.beats() == expected == other.beats()
        other.forget("b")
        other.forget("b")
        assert [name for name, _, _ in store.beats()] == ["a"]
        store.close()
        other.close()

    def test_what_was_written_outlives_closing(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        written = store.write("plan", "shop", {"a": 1}, expected=0, at=_AT, event=_event())
        store.lease("plan", "ana", seconds=10, now=_NOW)
        store.close()
        store.close()
        again = open_store()
        assert again.listed("plan") == [written]
        assert len(again.events()) == 1
        assert again.lease("plan", "ben", seconds=10, now=_NOW) == "ana"
        again.close()
