"""The whole stack as processes, started once for all tests that ask for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.addresses import Addresses
from demo.stack import Seeding, Stack

__all__ = ["stack"]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The shop, the catalogue service and the proxy, running; all toggles at stage `monolith`."""
    stack = Stack(tmp_path_factory.mktemp("stack"), Addresses.free())
    stack.prepare(Seeding(products=150, customers=20, orders=40))
    stack.start()
    yield stack
    stack.stop()
