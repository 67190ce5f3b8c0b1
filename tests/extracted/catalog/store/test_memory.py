from __future__ import annotations

import pytest

from extracted.catalog.errors import StoreGone
from extracted.catalog.store import MemoryStore
from tests.extracted.catalog.store.conformance import StoreConformance


class TestMemoryStore(StoreConformance):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


def test_a_store_that_is_gone_says_so() -> None:
    store = MemoryStore()
    store.gone = True
    with pytest.raises(StoreGone), store.reading():
        pass
    with pytest.raises(StoreGone), store.writing():
        pass
