"""The steps of the plan that wait for a person."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from strangler.documents import DocumentStore
from strangler.errors import ConfigError, PlanError
from strangler.toggles import Snapshot
from strangler_proxy.control.plan_api import CONSENTS, MARKS
from strangler_proxy.plan import Plan, Standing, StepState, standings
from strangler_proxy.plan.facts import Facts
from strangler_proxy.plan.moves import ApprovalMove
from strangler_proxy.plan.on_disk import PlanOnDisk
from strangler_proxy.plan.remote import facts_of
from strangler_proxy.rollout.archive import KIND

__all__ = ["PlanNeeds"]

_FRESH: Final = 5.0
_WRONG: Final = frozenset({StepState.FAILED, StepState.DRIFTED, StepState.CHANGED})


class PlanNeeds:
    """Looks at the plan in the file `path`, which need not be there, and at what `documents` hold of it: at most every
    five seconds, for where each step stands takes a while to say. Safe to share between threads; it may block."""

    def __init__(self, path: Path, documents: DocumentStore, *, clock: Callable[[], float] = time.time) -> None:
        self._plan = PlanOnDisk(path)
        self._documents = documents
        self._clock = clock
        self._lock = threading.Lock()
        self._told: tuple[float, int, list[tuple[str, str]]] = (float("-inf"), -1, [])

    def look(self, snapshot: Snapshot, since: Mapping[str, float]) -> list[tuple[str, str]]:
        """The steps that wait for somebody's word, failed, or are not any more as they were done, each with why. None
        where there is no plan that can be read, which its page says. `since` is when each toggle came to where it is in
        `snapshot`. Raises StoreUnavailable."""
        with self._lock:
            now = self._clock()
            at, revision, told = self._told
            if revision == snapshot.revision and 0 <= now - at < _FRESH:
                return told
            try:
                plan = self._plan.load()
                told = list(_waiting(plan, self._facts(snapshot, since, now)))
            except (ConfigError, PlanError):
                told = []
            self._told = now, snapshot.revision, told
            return told

    def _facts(self, snapshot: Snapshot, since: Mapping[str, float], now: float) -> Facts:
        documents, name = self._documents, self._plan.name

        def kept(kind: str) -> Iterator[Mapping[str, Any]]:
            return (each.content for each in documents.listed(kind) if each.content.get("plan") == name)

        seen = {
            "now": now,
            "holder": documents.holder(f"plan/{name}", now=now),
            "toggles": [
                {"name": each.name, "stage": each.stage.value, "share": each.share, "since": since.get(each.name, 0.0)}
                for each in snapshot.toggles.values()
            ],
            "marks": {each["step"]: {"mark": each["mark"]} for each in kept(MARKS)},
            "consents": {each["step"]: each["consent"] for each in kept(CONSENTS)},
        }
        return facts_of(seen, [{**each.content, "doing": ""} for each in documents.listed(KIND)])


def _waiting(plan: Plan, facts: Facts) -> Iterator[tuple[str, str]]:
    for name, standing in standings(plan, facts).items():
        if standing.state in _WRONG or (standing.state is StepState.WAITING and _wants_word(standing)):
            yield name, standing.reason


def _wants_word(standing: Standing) -> bool:
    """Whether what holds it is a person's word, and not time or a rollout, which tells of itself."""
    moves = (move for move, made in zip(standing.step.moves, standing.made, strict=True) if not made)
    return isinstance(next(moves, None), ApprovalMove)
