from __future__ import annotations

from collections.abc import Callable

import pytest

from strangler.errors import StoreUnavailable
from strangler.testing.toggle_store import MemoryToggleStore, ToggleStoreConformance
from strangler.toggles import ToggleStore


class TestMemoryToggleStore(ToggleStoreConformance):
    @pytest.fixture
    def open_store(self) -> Callable[[], ToggleStore]:
        store = MemoryToggleStore()
        return lambda: store


def test_an_outage_can_be_played() -> None:
    store = MemoryToggleStore()
    store.outage = "on strike"
    with pytest.raises(StoreUnavailable, match="on strike"):
        store.load()
    store.outage = None
    assert store.load().revision == 0
