# ruff: noqa: S101 - a suite asserts
"""The part of the document stores' suite that is about counted calls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from strangler.documents import CallCount, DocumentStore, Event

__all__ = ["CountedCallConformance"]

_AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def _call(seconds: float = 0.0, count: int = 1, **more: str | int) -> CallCount:
    at = _AT + timedelta(seconds=seconds)
    call = CallCount(at, at, "ana (ci)", "ci", "192.0.2.1", "GET /api/v1/status", 200, count)
    return replace(call, **more)  # type: ignore[arg-type]


class CountedCallConformance:
    """What a document store must do with calls that are counted."""

    def test_calls_of_one_minute_that_are_alike_are_one_entry(self, open_store: Callable[[], DocumentStore]) -> None:
        store, other = open_store(), open_store()
        store.add_calls([_call(10, 2), _call(20, 3)])
        other.add_calls([_call(5), _call(30)])
        (entry,) = store.calls()
        first, last = _AT + timedelta(seconds=5), _AT + timedelta(seconds=30)
        assert entry == replace(_call(), at=first, last=last, count=7, id=entry.id)
        assert entry.id > 0
        assert other.calls() == [entry]
        for each in (store, other):
            each.close()

    def test_whatever_is_unlike_is_another_entry(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        unlike = [
            _call(who="ben (ci)"),
            _call(token="other"),  # noqa: S106 - the name of a token
            _call(address="客户/64"),
            _call(verb="GET /metrics"),
            _call(status=403),
            _call(60),
        ]
        store.add_calls([_call(), *unlike])
        store.add_calls([_call(), *unlike])
        found = store.calls()
        assert {replace(each, id=0) for each in found} == {replace(each, count=2) for each in (_call(), *unlike)}
        assert len({each.id for each in found}) == 7
        store.close()

    def test_counted_calls_are_read_newest_entry_first_and_on_from_any(
        self, open_store: Callable[[], DocumentStore]
    ) -> None:
        store = open_store()
        for minute in range(4):
            store.add_calls([_call(60 * minute, minute + 1)])
        assert [each.count for each in store.calls()] == [4, 3, 2, 1]
        newest, *older = store.calls()
        assert store.calls(before=newest.id) == older
        assert store.calls(before=newest.id, limit=1) == older[:1]
        assert store.calls(before=older[-1].id) == store.calls(limit=0) == []
        store.close()

    def test_counting_nothing_is_no_entry(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        assert store.calls() == []
        store.add_calls([])
        assert store.calls() == []
        store.close()

    def test_the_oldest_counted_calls_go_by_age_and_by_number_and_no_event_does(
        self, open_store: Callable[[], DocumentStore]
    ) -> None:
        store = open_store()
        store.record(Event(_AT, "ana", "plan.approve", "shop"))
        assert store.prune_calls(before=_AT, most=1) == 0
        store.add_calls([_call()])
        for minute in range(1, 5):
            store.add_calls([_call(60 * minute, minute + 1)])
        assert store.prune_calls(before=_AT, most=5) == 0
        assert store.prune_calls(before=_AT + timedelta(seconds=61), most=5) == 2
        assert [each.count for each in store.calls()] == [5, 4, 3]
        assert store.prune_calls(before=_AT, most=1) == 2
        (newest,) = store.calls()
        assert store.prune_calls(before=_AT + timedelta(days=1), most=5) == 1
        store.add_calls([_call(600)])
        assert [each.id > newest.id for each in store.calls()] == [True]
        assert len(store.events()) == 1
        assert store.prune(before=_AT + timedelta(days=1), most=5) == 1
        assert len(store.calls()) == 1
        store.close()

    def test_of_many_that_count_at_once_none_is_lost(self, open_store: Callable[[], DocumentStore]) -> None:
        stores = [open_store() for _ in range(4)]
        kinds = [_call(status=status) for status in (200, 403, 404, 422)]
        start = threading.Barrier(4)

        def count(number: int) -> None:
            start.wait()
            for _ in range(5):
                stores[number].add_calls(kinds if number % 2 else reversed(kinds))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(count, range(4)))
        assert sorted((each.status, each.count) for each in stores[0].calls()) == [
            (200, 20), (403, 20), (404, 20), (422, 20),
        ]  # fmt: skip
        for store in stores:
            store.close()

    def test_counted_calls_outlive_closing(self, open_store: Callable[[], DocumentStore]) -> None:
        store = open_store()
        store.add_calls([_call()])
        kept = store.calls()
        store.close()
        again = open_store()
        assert again.calls() == kept
        again.add_calls([_call()])
        assert [(each.id, each.count) for each in again.calls()] == [(kept[0].id, 2)]
        again.close()
