# ruff: noqa: S101 - a suite asserts
"""The suite that every evidence store must pass."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from strangler.compare import Answer, Difference, DifferenceKind, Pair, Request, Severity, Verdict
from strangler.evidence import Batch, Evidence, EvidenceStore, KeptPair, Scope, SeenScope
from strangler.testing.traffic_windows import TrafficConformance

__all__ = ["EvidenceStoreConformance"]

_DAY = 86_400
_AT = 20_000.0 * _DAY + 3600
_SCOPE = Scope("catalog.list", "1.0", "abc")


def _kept(
    name: str,
    *,
    at: float = _AT,
    scope: Scope = _SCOPE,
    field: str = "$.price",
    verdict: Verdict = Verdict.DIFFER,
    cause: str = "",
    subject: str = "",
    old: int = 200,
    body: bytes = b"{}",
) -> KeptPair:
    differences = (Difference(field, DifferenceKind.VALUE, "1", "2"),) if verdict is Verdict.DIFFER else ()
    return KeptPair(
        id=name,
        at=at,
        scope=scope,
        template="/products/<int>",
        stage="shadow",
        answering="monolith",
        verdict=verdict,
        cause=cause,
        differences=differences,
        subject=subject,
        seconds=(0.25, 0.5),
        pair=Pair(
            Request("GET", "/products/1?a=ü", "catalog.list", (("Accept", "*/*"),), b"\x00\xff"),
            Answer(old, (("Content-Type", "application/json"),), body),
            Answer(200, (), b"x"),
        ),
    )


def _batch(*kept: KeptPair, scope: Scope = _SCOPE, pairs: int = 1, at: float = _AT) -> Batch:
    batch = Batch()
    if pairs:
        batch.pair(
            scope,
            template="/products/<int>",
            method="GET",
            status=200,
            stage="shadow",
            answering="monolith",
            verdict=Verdict.AGREE,
            at=at,
            count=pairs,
        )
    for each in kept:
        batch.keep(each)
    return batch


def _full(scope: Scope = _SCOPE, *, at: float = _AT) -> Batch:
    batch = _batch(scope=scope, pairs=3, at=at)
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


class EvidenceStoreConformance(TrafficConformance):
    """Subclass it in your tests and give a fixture `open_store`: a function that opens the same store each time it is
    called, made with `samples=3`."""

    def test_a_new_store_has_nothing(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        assert store.scopes() == []
        assert store.scopes("catalog.list") == []
        assert not store.read(_SCOPE)
        assert store.missed("catalog.list") == {}
        assert store.kept() == []
        assert store.kept_pair("a") is None
        assert store.erase("") == 0
        assert store.prune(now=_AT, keep_seconds=1, most_bytes=0) == 0
        store.clear("catalog.list")
        store.close()

    def test_everything_in_a_batch_comes_back(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        batch = _full()
        assert store.add(batch, at=_AT)
        assert _same(store.read(_SCOPE), batch.scopes[_SCOPE])
        assert store.missed("catalog.list") == {"queue-full": 6}
        assert store.missed("catalog") == {}
        assert store.scopes() == [SeenScope(_SCOPE, 4, _AT, _AT + 5)]
        store.close()

    def test_batches_add_up(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        expected = Batch()
        for number in range(3):
            batch = _full(at=_AT + number)
            batch.distinct(_SCOPE, what="subjects", hash64=number)
            expected.merge(batch)
            assert store.add(batch, at=_AT)
        assert _same(store.read(_SCOPE), expected.scopes[_SCOPE])
        assert store.missed("catalog.list") == {"queue-full": 18}
        store.close()

    def test_a_batch_that_is_sent_again_is_not_counted_again(self, open_store: Callable[[], EvidenceStore]) -> None:
        first, second = open_store(), open_store()
        batch = _full()
        assert first.add(batch, at=_AT)
        assert not first.add(batch, at=_AT + 1)
        assert not second.add(Batch.from_json(batch.to_json()), at=_AT + 2)
        assert _same(second.read(_SCOPE), batch.scopes[_SCOPE])
        assert second.missed("catalog.list") == {"queue-full": 6}
        first.close()
        second.close()

    def test_an_empty_batch_leaves_no_scope_behind(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        batch = Batch()
        batch.durations(_SCOPE, side="monolith", position="first")
        store.add(batch, at=_AT)
        assert store.scopes() == []
        store.close()

    def test_scopes_are_kept_apart_and_listed_by_their_newest_pair(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        other_release = _SCOPE._replace(release="")
        other_rules = _SCOPE._replace(rules="def")
        other_route = _SCOPE._replace(route="orders.list")
        for number, scope in enumerate((other_release, other_rules, other_route, _SCOPE)):
            store.add(_batch(scope=scope, pairs=number + 1, at=_AT + number), at=_AT)
        assert [each.scope for each in store.scopes()] == [_SCOPE, other_route, other_rules, other_release]
        assert [each.scope for each in store.scopes("catalog.list")] == [_SCOPE, other_rules, other_release]
        assert [each.pairs for each in store.scopes()] == [4, 3, 2, 1]
        assert sum(tally.count for tally in store.read(other_rules).pairs.values()) == 2
        store.close()

    def test_evidence_is_read_from_a_day_on_and_up_to_one(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        for day in range(3):
            store.add(_full(at=_AT + day * _DAY), at=_AT + day * _DAY)

        def asked(since: float) -> int:
            return store.read(_SCOPE, since=since).asked

        assert (asked(0), asked(_AT + _DAY), asked(_AT + 2 * _DAY + 10_000), asked(_AT + 9 * _DAY)) == (30, 20, 10, 0)
        assert store.missed("catalog.list", since=_AT + _DAY) == {"queue-full": 12}
        one_day = [store.read(_SCOPE, since=_AT + day * _DAY, until=_AT + (day + 1) * _DAY).asked for day in range(4)]
        assert one_day == [10, 10, 10, 0]
        assert store.read(_SCOPE, until=_AT + 2 * _DAY).asked == 20
        store.close()

    def test_a_kept_pair_comes_back_byte_by_byte(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        kept = _kept("a", subject="s1", body=bytes(range(256)))
        store.add(_batch(kept), at=_AT)
        assert store.kept_pair("a") == kept
        assert store.kept() == [kept]
        store.close()

    def test_kept_pairs_are_found_by_all_that_is_known_of_them(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        other = _SCOPE._replace(release="2.0")
        store.add(
            _batch(
                _kept("a", at=_AT, subject="s1"),
                _kept("b", at=_AT + 2, field="$.name"),
                _kept("c", at=_AT + 1, scope=other),
                _kept("d", at=_AT + 3, verdict=Verdict.INCONCLUSIVE, cause="transient"),
                _kept("e", at=_AT + 4, verdict=Verdict.AGREE),
                _kept("f", at=_AT + 5, scope=Scope("orders.list")),
            ),
            at=_AT,
        )

        def ids(pairs: list[KeptPair]) -> str:
            return "".join(each.id for each in pairs)

        assert ids(store.kept()) == "fedbca"
        assert ids(store.kept(limit=2)) == "fe"
        assert ids(store.kept(limit=0)) == ""
        assert ids(store.kept(route="catalog.list")) == "edbca"
        assert ids(store.kept(scope=other)) == "c"
        assert ids(store.kept(field="$.price")) == "fca"
        assert ids(store.kept(route="catalog.list", field="$.name", kind="value")) == "b"
        assert ids(store.kept(kind="value")) == "fbca"
        assert ids(store.kept(kind="missing")) == ""
        assert ids(store.kept(kind="agree")) == ""
        assert ids(store.kept(verdict=Verdict.AGREE)) == "e"
        assert ids(store.kept(cause="transient")) == "d"
        assert ids(store.kept(subject="s1")) == "a"
        assert ids(store.kept(template="/products/<int>")) == "fedbca"
        assert ids(store.kept(template="/products")) == ""
        store.close()

    def test_examples_of_a_scope_are_named_by_field_and_kind_newest_first(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        store.add(
            _batch(
                _kept("a", at=_AT),
                _kept("b", at=_AT + 2, field="$.name"),
                _kept("c", at=_AT + 1),
                _kept("d", at=_AT + 3, scope=_SCOPE._replace(release="2.0")),
                _kept("e", at=_AT + 4, verdict=Verdict.AGREE),
                _kept("f", at=_AT + 5, verdict=Verdict.INCONCLUSIVE, cause="transient"),
            ),
            at=_AT,
        )
        assert store.examples(_SCOPE) == {("$.price", "value"): ["c", "a"], ("$.name", "value"): ["b"]}
        assert store.examples(_SCOPE._replace(release="3.0")) == {}
        store.close()

    def test_of_one_difference_the_newest_the_smallest_and_each_status_class_are_kept(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        for number in range(8):
            body = b"x" * (10 if number == 2 else 1000 + number)
            store.add(_batch(_kept(f"{number}", at=_AT + number, body=body, old=404 if number == 3 else 200)), at=_AT)
        assert [each.id for each in store.kept()] == ["7", "3", "2"]
        store.close()

    def test_a_pair_stays_as_long_as_it_is_the_example_of_one_field(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        both = replace(
            _kept("both"),
            differences=(
                Difference("$.price", DifferenceKind.VALUE, "1", "2"),
                Difference("$.name", DifferenceKind.MISSING, "1", None),
            ),
        )
        store.add(_batch(both), at=_AT)
        store.add(_batch(*(_kept(f"{number}", at=_AT + 1 + number) for number in range(3))), at=_AT)
        assert {each.id for each in store.kept(field="$.price")} == {"0", "1", "2"}
        assert [each.id for each in store.kept(field="$.name")] == ["both"]
        store.close()

    def test_pairs_judged_anew_take_the_place_of_the_old_judgement(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        store.add(_batch(_kept("a"), _kept("b")), at=_AT)
        anew = replace(_kept("a", verdict=Verdict.AGREE), scope=_SCOPE._replace(rules="def"))
        assert store.replace([anew, _kept("gone")]) == 1
        assert store.kept_pair("a") == anew
        assert [each.id for each in store.kept(field="$.price")] == ["b"]
        assert [each.id for each in store.kept(scope=anew.scope)] == ["a"]
        assert store.kept_pair("gone") is None
        store.close()

    def test_clearing_forgets_a_route_or_one_release(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        newer, other = _SCOPE._replace(release="2.0"), Scope("orders.list")
        for scope in (_SCOPE, newer, other):
            batch = _full(scope)
            batch.keep(_kept(str(scope), scope=scope))
            store.add(batch, at=_AT)
        store.clear("catalog.list", release="1.0")
        assert {each.scope for each in store.scopes()} == {newer, other}
        assert not store.read(_SCOPE)
        assert store.missed("catalog.list") == {"queue-full": 12}
        store.clear("catalog.list")
        assert {each.scope for each in store.scopes()} == {other}
        assert store.missed("catalog.list") == {}
        assert [each.id for each in store.kept()] == [str(other)]
        store.close()

    def test_a_subject_can_be_erased(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        store.add(_batch(_kept("a", subject="s1"), _kept("b", subject="s2"), _kept("c")), at=_AT)
        assert store.erase("s1") == 1
        assert store.erase("s1") == 0
        assert store.erase("") == 0
        assert {each.id for each in store.kept()} == {"b", "c"}
        store.close()

    def test_what_is_too_old_is_pruned_and_its_scope_with_it(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        old, new = _SCOPE, _SCOPE._replace(release="2.0")
        for scope, at in ((old, _AT), (new, _AT), (new, _AT + 5 * _DAY)):
            batch = _full(scope, at=at)
            batch.keep(_kept(f"{scope.release} {at}", scope=scope, at=at))
            store.add(batch, at=at)
        assert store.prune(now=_AT + 6 * _DAY, keep_seconds=3 * _DAY, most_bytes=10**9) == 2
        assert [each.scope for each in store.scopes()] == [new]
        assert store.read(new).asked == 10
        assert store.missed("catalog.list") == {"queue-full": 6}
        assert [each.id for each in store.kept()] == [f"2.0 {_AT + 5 * _DAY}"]
        store.close()

    def test_what_takes_too_much_room_is_pruned_where_most_pairs_show_the_same(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        batch = _batch(
            _kept("only", at=_AT - 50, field="$.name", body=b"x" * 1000),
            *(_kept(f"{number}", at=_AT + number, body=b"x" * 1000) for number in range(3)),
        )
        store.add(batch, at=_AT)
        size = sum(each.size for each in store.kept())
        assert store.prune(now=_AT, keep_seconds=_DAY, most_bytes=size) == 0
        assert store.prune(now=_AT, keep_seconds=_DAY, most_bytes=size // 2) == 2
        assert [each.id for each in store.kept()] == ["2", "only"]
        assert store.prune(now=_AT, keep_seconds=_DAY, most_bytes=0) == 2
        assert store.read(_SCOPE).pairs
        store.close()

    def test_names_without_end_are_counted_together(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        for part in range(3):
            batch = Batch()
            for number in range(600):
                field = Difference(f"$.k{part}_{number}", DifferenceKind.VALUE)
                batch.difference(_SCOPE, template="/", difference=field, at=_AT)
            store.add(batch, at=_AT)
        differences = store.read(_SCOPE).differences
        assert len(differences) <= 1001
        assert sum(tally.count for tally in differences.values()) == 1800
        for number in range(6):
            batch = Batch()
            for each in range(200):
                batch.missed("catalog.list", "skip")
                batch.noise(_SCOPE._replace(release=f"{number}.{each}"), template="/", field="$", kind=_VALUE)
            store.add(batch, at=_AT)
        assert len(store.scopes()) <= 1001
        store.close()

    def test_many_at_once_lose_nothing(self, open_store: Callable[[], EvidenceStore]) -> None:
        stores = [open_store() for _ in range(4)]
        start = threading.Barrier(8)

        def add(number: int) -> bool:
            start.wait()
            return all(stores[number % 4].add(_full(at=_AT + number), at=_AT) for _ in range(3))

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(add, range(8)))
        evidence = stores[0].read(_SCOPE)
        assert evidence.asked == 240
        assert evidence.latency["monolith", "first"].count == 72
        assert sum(tally.count for tally in evidence.pairs.values()) == 96
        for store in stores:
            store.close()

    def test_what_was_added_outlives_closing(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        batch = _full()
        batch.keep(_kept("a"))
        store.add(batch, at=_AT)
        store.close()
        store.close()
        again = open_store()
        assert _same(again.read(_SCOPE), batch.scopes[_SCOPE])
        assert again.kept_pair("a") == _kept("a")
        assert not again.add(batch, at=_AT)
        again.close()


_VALUE = DifferenceKind.VALUE
