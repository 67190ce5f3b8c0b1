# ruff: noqa: S101 - a suite asserts
"""The part of the evidence stores' suite that is about pairs by their verdicts, minute by minute."""

from __future__ import annotations

from collections.abc import Callable

from strangler.compare import Verdict
from strangler.evidence import COMPARED_FOR, MINUTE, Batch, Compared, EvidenceStore
from strangler.testing.evidence_batches import AT, SCOPE, batch_of, kept_pair

__all__ = ["ComparedConformance"]

_START = int(AT)


def _batch(*, differ: int = 0, inconclusive: int = 0, cause: str = "transient") -> Batch:
    batch = Batch()
    for verdict, count in ((Verdict.DIFFER, differ), (Verdict.INCONCLUSIVE, inconclusive)):
        if count:
            batch.pair(
                SCOPE,
                template="/products/<int>",
                method="GET",
                status=200,
                stage="canary",
                answering="candidate",
                verdict=verdict,
                cause=cause if verdict is Verdict.INCONCLUSIVE else "",
                at=AT,
                count=count,
            )
    return batch


class ComparedConformance:
    """Part of `EvidenceStoreConformance`."""

    def test_pairs_add_up_by_minute_and_scope(self, open_store: Callable[[], EvidenceStore]) -> None:
        first, second = open_store(), open_store()
        newer, other = SCOPE._replace(release="2.0"), SCOPE._replace(route="orders.list")
        assert first.add(batch_of(pairs=3), at=AT)
        assert second.add(_batch(differ=2, inconclusive=5), at=AT + MINUTE - 1)
        assert first.add(_batch(inconclusive=1, cause="fallback"), at=AT + 5)
        assert first.add(batch_of(scope=newer, pairs=4), at=AT + 5)
        assert first.add(batch_of(scope=other, pairs=9), at=AT + 5)
        assert second.add(batch_of(pairs=1), at=AT + MINUTE)
        assert first.compared("catalog.list", since=AT) == [
            Compared(SCOPE, _START, MINUTE, agree=3, differ=2, inconclusive=6, open=1),
            Compared(newer, _START, MINUTE, agree=4),
            Compared(SCOPE, _START + MINUTE, MINUTE, agree=1),
        ]
        later = [Compared(SCOPE, _START + MINUTE, MINUTE, agree=1)]
        assert second.compared("catalog.list", since=AT + 1) == later
        assert [each.agree for each in second.compared("catalog.list", since=0, until=AT + MINUTE)] == [3, 4]
        assert first.compared("catalog", since=0) == []
        first.close()
        second.close()

    def test_what_is_no_pair_and_what_is_told_again_makes_no_minute(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        batch = batch_of(pairs=2)
        assert store.add(batch, at=AT)
        assert not store.add(batch, at=AT + MINUTE)
        unpaired = batch_of(kept_pair("a"), pairs=0)
        unpaired.changed(SCOPE, asked=1, changed=0)
        assert store.add(unpaired, at=AT + MINUTE)
        assert store.compared("catalog.list", since=0) == [Compared(SCOPE, _START, MINUTE, agree=2)]
        store.close()

    def test_clearing_and_time_make_minutes_go_and_days_stay(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        newer = SCOPE._replace(release="2.0")
        for scope in (SCOPE, newer):
            for late in (0.0, COMPARED_FOR):
                store.add(batch_of(scope=scope, pairs=1, at=AT + late), at=AT + late)
        store.clear("catalog.list", release="1.0")
        assert {each.scope for each in store.compared("catalog.list", since=0)} == {newer}
        store.prune(now=AT + COMPARED_FOR + MINUTE, keep_seconds=9 * COMPARED_FOR, most_bytes=10**9)
        assert [each.start for each in store.compared("catalog.list", since=0)] == [_START + COMPARED_FOR]
        assert sum(tally.count for tally in store.read(newer).pairs.values()) == 2
        store.clear("catalog.list")
        assert store.compared("catalog.list", since=0) == []
        store.close()
