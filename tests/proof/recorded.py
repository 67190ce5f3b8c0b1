"""The running monolith, asked each question once."""

from __future__ import annotations

from strangler.compare import Answer
from tests.parity.cases import Case
from tests.parity.sides import Asker

__all__ = ["Recorded"]


class Recorded:
    """What `asker` answers, remembered: nothing changes in the shop meanwhile."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._known: dict[str, Answer] = {}

    def ask(self, case: Case) -> Answer:
        """The whole answer."""
        key = str((case.method, case.target, sorted(case.headers.items())))
        if key not in self._known:
            self._known[key] = self._asker.ask(case)
        return self._known[key]
