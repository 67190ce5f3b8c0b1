# ruff: noqa: S101 - a suite asserts
"""The suite that every evidence store must pass."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from strangler.compare import Difference, DifferenceKind, Severity, Verdict
from strangler.evidence import Batch, Evidence, EvidenceStore, Scope, SeenScope
from strangler.testing.compared_minutes import ComparedConformance
from strangler.testing.evidence_batches import AT, DAY, SCOPE, batch_of, kept_pair
from strangler.testing.kept_pairs import KeptPairConformance
from strangler.testing.traffic_windows import TrafficConformance

__all__ = ["EvidenceStoreConformance"]


def _full(scope: Scope = SCOPE, *, at: float = AT) -> Batch:
    batch = batch_of(scope=scope, pairs=3, at=at)
    batch.pair(
        scope,
        template="/products/<int>",
        method="HEAD",
        status=404,
        stage="canary",
        answering="candidate",
        verdict=Verdict.INCONCLUSIVE,
        cause="transient",
        group="staff",
        at=at + 5,
    )
    breaking = Difference("$.price", DifferenceKind.VALUE, "1", "2")
    batch.difference(scope, template="/products/<int>", difference=breaking, at=at + 1)
    batch.difference(scope, template="/products/<int>", difference=breaking, at=at + 2, count=4)
    warning = Difference("header:X-A", DifferenceKind.EXTRA, None, "2", Severity.WARNING)
    batch.difference(scope, template="/products/<int>", difference=warning, at=at)
    batch.noise(scope, template="/products/<int>", field="$.now", kind=DifferenceKind.VALUE, count=2)
    batch.parameters(scope, template="/products/<int>", names=["page", "q"])
    for seconds in (0.001, 0.002, 1.5):
        batch.latency(scope, side="monolith", position="first", seconds=seconds)
        batch.latency(scope, side="candidate", position="second", seconds=seconds * 2)
    for number in range(200):
        batch.distinct(scope, what="targets", hash64=number * 0x9E3779B97F4A7C15 % 2**64)
    batch.distinct(scope, what="subjects", hash64=7)
    batch.rules_met(scope, ["r1", "r2"])
    batch.changed(scope, asked=10, changed=1)
    batch.missed(scope.route, "queue-full", 6)
    return batch


def _same(left: Evidence, right: Evidence) -> bool:
    def form(evidence: Evidence) -> dict[str, object]:
        document = evidence.to_json()
        return {key: sorted(value) if isinstance(value, list) else value for key, value in document.items()}

    return form(left) == form(right)


class EvidenceStoreConformance(ComparedConformance, KeptPairConformance, TrafficConformance):
    """Subclass it in your tests and give a fixture `open_store`: a function that opens the same store each time it is
    called, made with `samples=3`."""

    def test_a_new_store_has_nothing(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        assert store.scopes() == []
        assert store.scopes("catalog.list") == []
        assert not store.read(SCOPE)
        assert store.missed("catalog.list") == {}
        assert store.compared("catalog.list", since=0.0) == []
        assert store.kept() == []
        assert store.kept_pair("a") is None
        assert store.erase("") == 0
        assert store.prune(now=AT, keep_seconds=1, most_bytes=0) == 0
        store.clear("catalog.list")
        store.close()

    def test_everything_in_a_batch_comes_back(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        batch = _full()
        assert store.add(batch, at=AT)
        assert _same(store.read(SCOPE), batch.scopes[SCOPE])
        assert store.missed("catalog.list") == {"queue-full": 6}
        assert store.missed("catalog") == {}
        assert store.scopes() == [SeenScope(SCOPE, 4, AT, AT + 5)]
        store.close()

    def test_batches_add_up(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        expected = Batch()
        for number in range(3):
            batch = _full(at=AT + number)
            batch.distinct(SCOPE, what="subjects", hash64=number)
            expected.merge(batch)
            assert store.add(batch, at=AT)
        assert _same(store.read(SCOPE), expected.scopes[SCOPE])
        assert store.missed("catalog.list") == {"queue-full": 18}
        store.close()

    def test_a_batch_that_is_sent_again_is_not_counted_again(self, open_store: Callable[[], EvidenceStore]) -> None:
        first, second = open_store(), open_store()
        batch = _full()
        assert first.add(batch, at=AT)
        assert not first.add(batch, at=AT + 1)
        assert not second.add(Batch.from_json(batch.to_json()), at=AT + 2)
        assert _same(second.read(SCOPE), batch.scopes[SCOPE])
        assert second.missed("catalog.list") == {"queue-full": 6}
        first.close()
        second.close()

    def test_an_empty_batch_leaves_no_scope_behind(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        batch = Batch()
        batch.durations(SCOPE, side="monolith", position="first")
        store.add(batch, at=AT)
        assert store.scopes() == []
        store.close()

    def test_scopes_are_kept_apart_and_listed_by_their_newest_pair(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        other_release = SCOPE._replace(release="")
        other_rules = SCOPE._replace(rules="def")
        other_route = SCOPE._replace(route="orders.list")
        for number, scope in enumerate((other_release, other_rules, other_route, SCOPE)):
            store.add(batch_of(scope=scope, pairs=number + 1, at=AT + number), at=AT)
        assert [each.scope for each in store.scopes()] == [SCOPE, other_route, other_rules, other_release]
        assert [each.scope for each in store.scopes("catalog.list")] == [SCOPE, other_rules, other_release]
        assert [each.pairs for each in store.scopes()] == [4, 3, 2, 1]
        assert sum(tally.count for tally in store.read(other_rules).pairs.values()) == 2
        store.close()

    def test_evidence_is_read_from_a_day_on_and_up_to_one(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        for day in range(3):
            store.add(_full(at=AT + day * DAY), at=AT + day * DAY)

        def asked(since: float) -> int:
            return store.read(SCOPE, since=since).asked

        assert (asked(0), asked(AT + DAY), asked(AT + 2 * DAY + 10_000), asked(AT + 9 * DAY)) == (30, 20, 10, 0)
        assert store.missed("catalog.list", since=AT + DAY) == {"queue-full": 12}
        one_day = [store.read(SCOPE, since=AT + day * DAY, until=AT + (day + 1) * DAY).asked for day in range(4)]
        assert one_day == [10, 10, 10, 0]
        assert store.read(SCOPE, until=AT + 2 * DAY).asked == 20
        store.close()

    def test_clearing_forgets_a_route_or_one_release(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        newer, other = SCOPE._replace(release="2.0"), Scope("orders.list")
        for scope in (SCOPE, newer, other):
            batch = _full(scope)
            batch.keep(kept_pair(str(scope), scope=scope))
            store.add(batch, at=AT)
        store.clear("catalog.list", release="1.0")
        assert {each.scope for each in store.scopes()} == {newer, other}
        assert not store.read(SCOPE)
        assert store.missed("catalog.list") == {"queue-full": 12}
        store.clear("catalog.list")
        assert {each.scope for each in store.scopes()} == {other}
        assert store.missed("catalog.list") == {}
        assert [each.id for each in store.kept()] == [str(other)]
        store.close()

    def test_a_subject_can_be_erased(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        store.add(batch_of(kept_pair("a", subject="s1"), kept_pair("b", subject="s2"), kept_pair("c")), at=AT)
        assert store.erase("s1") == 1
        assert store.erase("s1") == 0
        assert store.erase("") == 0
        assert {each.id for each in store.kept()} == {"b", "c"}
        store.close()

    def test_what_is_too_old_is_pruned_and_its_scope_with_it(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        old, new = SCOPE, SCOPE._replace(release="2.0")
        for scope, at in ((old, AT), (new, AT), (new, AT + 5 * DAY)):
            batch = _full(scope, at=at)
            batch.keep(kept_pair(f"{scope.release} {at}", scope=scope, at=at))
            store.add(batch, at=at)
        assert store.prune(now=AT + 6 * DAY, keep_seconds=3 * DAY, most_bytes=10**9) == 2
        assert [each.scope for each in store.scopes()] == [new]
        assert store.read(new).asked == 10
        assert store.missed("catalog.list") == {"queue-full": 6}
        assert [each.id for each in store.kept()] == [f"2.0 {AT + 5 * DAY}"]
        store.close()

    def test_what_takes_too_much_room_is_pruned_where_most_pairs_show_the_same(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        batch = batch_of(
            kept_pair("only", at=AT - 50, field="$.name", body=b"x" * 1000),
            *(kept_pair(f"{number}", at=AT + number, body=b"x" * 1000) for number in range(3)),
        )
        store.add(batch, at=AT)
        size = sum(each.size for each in store.kept())
        assert store.prune(now=AT, keep_seconds=DAY, most_bytes=size) == 0
        assert store.prune(now=AT, keep_seconds=DAY, most_bytes=size // 2) == 2
        assert [each.id for each in store.kept()] == ["2", "only"]
        assert store.prune(now=AT, keep_seconds=DAY, most_bytes=0) == 2
        assert store.read(SCOPE).pairs
        store.close()

    def test_names_without_end_are_counted_together(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        for part in range(3):
            batch = Batch()
            for number in range(600):
                field = Difference(f"$.k{part}_{number}", DifferenceKind.VALUE)
                batch.difference(SCOPE, template="/", difference=field, at=AT)
            store.add(batch, at=AT)
        differences = store.read(SCOPE).differences
        assert len(differences) <= 1001
        assert sum(tally.count for tally in differences.values()) == 1800
        for number in range(6):
            batch = Batch()
            for each in range(200):
                batch.missed("catalog.list", "skip")
                batch.noise(SCOPE._replace(release=f"{number}.{each}"), template="/", field="$", kind=_VALUE)
            store.add(batch, at=AT)
        assert len(store.scopes()) <= 1001
        store.close()

    def test_many_at_once_lose_nothing(self, open_store: Callable[[], EvidenceStore]) -> None:
        stores = [open_store() for _ in range(4)]
        start = threading.Barrier(8)

        def add(number: int) -> bool:
            start.wait()
            return all(stores[number % 4].add(_full(at=AT + number), at=AT) for _ in range(3))

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(add, range(8)))
        evidence = stores[0].read(SCOPE)
        assert evidence.asked == 240
        assert evidence.latency["monolith", "first"].count == 72
        assert sum(tally.count for tally in evidence.pairs.values()) == 96
        for store in stores:
            store.close()

    def test_what_was_added_outlives_closing(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        batch = _full()
        batch.keep(kept_pair("a"))
        store.add(batch, at=AT)
        store.close()
        store.close()
        again = open_store()
        assert _same(again.read(SCOPE), batch.scopes[SCOPE])
        assert again.kept_pair("a") == kept_pair("a")
        assert not again.add(batch, at=AT)
        again.close()


_VALUE = DifferenceKind.VALUE
