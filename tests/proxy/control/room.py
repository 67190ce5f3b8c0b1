"""A control room that several tests share, and somebody who has just signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.page.visit import Visit, visiting

__all__ = ["BACK", "shared", "somebody"]

BACK = {"name": "catalog.list", "why": "p99 doubled"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    with visiting(plane(tmp_path_factory.mktemp("room"), MemoryToggleStore(), workers=0), signed_in=False) as visit:
        yield visit


@pytest.fixture
def somebody(shared: Visit) -> Visit:
    """Somebody who has just signed in to a room that others were in before."""
    shared.client.cookies.clear()
    assert shared.sign_in().status_code == 303
    return shared
