"""The whole stack as processes, started once for all tests that ask for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.addresses import Addresses
from demo.stack import Seeding, Stack

__all__ = ["QuickStack", "stack"]


class QuickStack(Stack):
    """A stack whose monolith stores passwords at once: in earnest a processor is busy with each for half a second."""

    @property
    def environment(self) -> dict[str, str]:
        """What the processes find in their environment."""
        return {**super().environment, "DJANGO_SETTINGS_MODULE": "tests.stack_settings"}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The shop, the catalogue service and the proxy, running; all toggles at stage `monolith`."""
    stack = QuickStack(tmp_path_factory.mktemp("stack"), Addresses.free())
    stack.prepare(Seeding(products=150, customers=20, orders=40))
    stack.start()
    yield stack
    stack.stop()
