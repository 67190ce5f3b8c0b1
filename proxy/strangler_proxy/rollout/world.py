"""What a runner of rollouts needs of the world around it: who moves toggles, and who judges gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from strangler.gates import GateJudgement
from strangler.toggles import Move, Snapshot
from strangler_proxy.rollout.rollout import Rollout

__all__ = ["Judge", "Judged", "Mover"]


class Mover(Protocol):
    """Moves toggles. `strangler_proxy.control.ControlPlane` is one."""

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot in force here, which may be behind the store's for a moment."""
        ...

    async def refreshed(self) -> Snapshot:
        """The snapshot in force, after a look at the store. Raises StoreUnavailable."""
        ...

    async def flip(
        self,
        names: Sequence[str],
        move: Move,
        *,
        who: str,
        why: str,
        expected_revision: int | None = None,
        evidence: Mapping[str, Any] | None = None,
    ) -> object:
        """Move toggles, all or none, if the snapshot is at that revision still. Raises ToggleError or
        StoreUnavailable; then nothing moved."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """The judgements of a rollout's gates by toggle, and which releases of the candidate answered last, by toggle."""

    judgements: Mapping[str, Sequence[GateJudgement]] = field(default_factory=dict)
    heard: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Judge(Protocol):
    """Judges gates by what was seen since a rollout's station began."""

    async def judged(self, rollout: Rollout) -> Judged:
        """The judgements of the gates of `rollout.schedule` for each of its toggles, by what was seen since
        `rollout.since`. What cannot be looked at is inconclusive; it does not raise."""
        ...
