from __future__ import annotations

from collections.abc import Callable

import pytest

from strangler.errors import StoreUnavailable
from strangler.evidence import Batch, EvidenceStore
from strangler.testing import EvidenceStoreConformance, MemoryEvidenceStore


class TestConformance(EvidenceStoreConformance):
    @pytest.fixture
    def open_store(self) -> Callable[[], EvidenceStore]:
        store = MemoryEvidenceStore(samples=3)
        return lambda: store


def test_an_outage_is_answered_with_its_reason() -> None:
    store = MemoryEvidenceStore()
    store.outage = "the disk is full"
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        store.add(Batch(), at=0.0)
    with pytest.raises(StoreUnavailable):
        store.scopes()
    store.outage = None
    assert store.scopes() == []
