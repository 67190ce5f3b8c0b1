"""What was asked of an operation, so that nobody takes few requests for many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from strangler.compare import Pair

__all__ = ["COVERED", "Covered"]

COVERED: Final = "parity"
"""The name of the property under which a test's report tells what was covered."""


@dataclass(slots=True)
class Covered:
    """Counts of one operation: distinct requests, the old side's statuses, and how often each query parameter of the
    schema was there. `inconclusive` are those among them that could not be compared, and were let pass."""

    label: str
    parameters: Sequence[str] = ()
    requests: int = 0
    inconclusive: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)

    def count(self, pair: Pair, *, inconclusive: bool) -> None:
        """One more pair."""
        self.requests += 1
        self.inconclusive += inconclusive
        self.statuses[pair.old.status] += 1
        query = pair.request.target.partition("?")[2]
        self.used.update({name for name, _ in parse_qsl(query, keep_blank_values=True)} & set(self.parameters))

    def __str__(self) -> str:
        statuses = ", ".join(f"{count} × {status}" for status, count in sorted(self.statuses.items()))
        said = f"{self.label}: {self.requests} request{'s' if self.requests != 1 else ''} ({statuses or 'none'})"
        if self.parameters:
            said += "; parameters " + ", ".join(f"{name} {self.used[name]}" for name in self.parameters)
        never = [name for name in self.parameters if not self.used[name]]
        return said + (f"; never: {', '.join(never)}" if never else "") + self._unclear()

    def _unclear(self) -> str:
        return f"; {self.inconclusive} inconclusive" if self.inconclusive else ""
