"""The port by which people are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, Protocol

from strangler_proxy.notify.notice import Notice

__all__ = ["OUTCOMES", "MemoryNotifier", "Notifier", "Silent"]

OUTCOMES: Final = ("sent", "failed", "dropped")
"""What becomes of notices: told; given up after all attempts; not taken, for too many waited."""


class Notifier(Protocol):
    """Tells people. Nobody waits for it, and nobody fails because of it."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many notices came to which of `OUTCOMES`, since the start."""
        ...

    def tell(self, notice: Notice) -> None:
        """Take a notice: at once, whatever becomes of it, and without ever raising."""
        ...

    async def run(self) -> None:
        """Send what was taken, until cancelled."""
        ...


class Silent:
    """Where nobody is to be told."""

    counts: Mapping[str, int] = dict.fromkeys(OUTCOMES, 0)

    def tell(self, notice: Notice) -> None:
        """Nothing."""

    async def run(self) -> None:
        """Nothing."""


class MemoryNotifier:
    """The fake: remembers what was told."""

    def __init__(self) -> None:
        self.told: list[Notice] = []
        self.counts: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))

    def tell(self, notice: Notice) -> None:
        """Remember it."""
        self.told.append(notice)
        self.counts["sent"] += 1

    async def run(self) -> None:
        """Nothing: it is told already."""
