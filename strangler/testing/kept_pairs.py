# ruff: noqa: S101 - a suite asserts
"""The part of the evidence stores' suite that is about whole pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from strangler.compare import Difference, DifferenceKind, Verdict
from strangler.evidence import EvidenceStore, KeptPair, Scope
from strangler.testing.evidence_batches import AT, SCOPE, batch_of, kept_pair

__all__ = ["KeptPairConformance"]


class KeptPairConformance:
    """Part of `EvidenceStoreConformance`."""

    def test_a_kept_pair_comes_back_byte_by_byte(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        kept = kept_pair("a", subject="s1", body=bytes(range(256)))
        store.add(batch_of(kept), at=AT)
        assert store.kept_pair("a") == kept
        assert store.kept() == [kept]
        store.close()

    def test_kept_pairs_are_found_by_all_that_is_known_of_them(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        other = SCOPE._replace(release="2.0")
        store.add(
            batch_of(
                kept_pair("a", at=AT, subject="s1"),
                kept_pair("b", at=AT + 2, field="$.name"),
                kept_pair("c", at=AT + 1, scope=other),
                kept_pair("d", at=AT + 3, verdict=Verdict.INCONCLUSIVE, cause="transient"),
                kept_pair("e", at=AT + 4, verdict=Verdict.AGREE),
                kept_pair("f", at=AT + 5, scope=Scope("orders.list")),
            ),
            at=AT,
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
            batch_of(
                kept_pair("a", at=AT),
                kept_pair("b", at=AT + 2, field="$.name"),
                kept_pair("c", at=AT + 1),
                kept_pair("d", at=AT + 3, scope=SCOPE._replace(release="2.0")),
                kept_pair("e", at=AT + 4, verdict=Verdict.AGREE),
                kept_pair("f", at=AT + 5, verdict=Verdict.INCONCLUSIVE, cause="transient"),
            ),
            at=AT,
        )
        assert store.examples(SCOPE) == {("$.price", "value"): ["c", "a"], ("$.name", "value"): ["b"]}
        assert store.examples(SCOPE._replace(release="3.0")) == {}
        store.close()

    def test_of_one_difference_the_newest_the_smallest_and_each_status_class_are_kept(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        for number in range(8):
            body = b"x" * (10 if number == 2 else 1000 + number)
            store.add(
                batch_of(kept_pair(f"{number}", at=AT + number, body=body, old=404 if number == 3 else 200)), at=AT
            )
        assert [each.id for each in store.kept()] == ["7", "3", "2"]
        store.close()

    def test_a_pair_stays_as_long_as_it_is_the_example_of_one_field(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        both = replace(
            kept_pair("both"),
            differences=(
                Difference("$.price", DifferenceKind.VALUE, "1", "2"),
                Difference("$.name", DifferenceKind.MISSING, "1", None),
            ),
        )
        store.add(batch_of(both), at=AT)
        store.add(batch_of(*(kept_pair(f"{number}", at=AT + 1 + number) for number in range(3))), at=AT)
        assert {each.id for each in store.kept(field="$.price")} == {"0", "1", "2"}
        assert [each.id for each in store.kept(field="$.name")] == ["both"]
        store.close()

    def test_pairs_judged_anew_take_the_place_of_the_old_judgement(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        store.add(batch_of(kept_pair("a"), kept_pair("b")), at=AT)
        anew = replace(kept_pair("a", verdict=Verdict.AGREE), scope=SCOPE._replace(rules="def"))
        assert store.replace([anew, kept_pair("gone")]) == 1
        assert store.kept_pair("a") == anew
        assert [each.id for each in store.kept(field="$.price")] == ["b"]
        assert [each.id for each in store.kept(scope=anew.scope)] == ["a"]
        assert store.kept_pair("gone") is None
        store.close()
