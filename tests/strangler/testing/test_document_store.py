from __future__ import annotations

from collections.abc import Callable

import pytest

from strangler.documents import DocumentStore
from strangler.errors import StoreUnavailable
from strangler.testing import DocumentStoreConformance, MemoryDocumentStore


class TestMemoryDocumentStore(DocumentStoreConformance):
    @pytest.fixture
    def open_store(self) -> Callable[[], DocumentStore]:
        store = MemoryDocumentStore()
        return lambda: MemoryDocumentStore(beside=store)


def test_an_outage_can_be_played() -> None:
    store = MemoryDocumentStore()
    store.outage = "on strike"
    with pytest.raises(StoreUnavailable, match="on strike"):
        store.listed("plan")
    store.outage = None
    assert store.listed("plan") == []
