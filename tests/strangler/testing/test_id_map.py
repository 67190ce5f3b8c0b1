from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from strangler.compare import IdMap, IdPair, Meeting, MemoryIdMap
from strangler.testing import IdMapConformance


class TestMemoryIdMap(IdMapConformance):
    @pytest.fixture
    def make_map(self) -> Callable[[], IdMap]:
        return MemoryIdMap


class TestMemoryIdMapThatWasStored(IdMapConformance):
    """Every map as it is in another process: what it learned goes through JSON."""

    @pytest.fixture
    def make_map(self) -> Callable[[], IdMap]:
        return Restarting


class Restarting:
    def __init__(self) -> None:
        self._learned: dict[str, Any] = {}

    def meet(self, pair: IdPair) -> Meeting:
        return MemoryIdMap(learned=json.loads(json.dumps(self._learned))).meet(pair)

    def learn(self, pairs: Iterable[IdPair]) -> None:
        known = MemoryIdMap(learned=self._learned)
        known.learn(pairs)
        self._learned = known.learned()
