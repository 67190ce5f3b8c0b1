"""The port behind which toggles are kept, with the audit of who moved what, when and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from strangler.toggles.snapshot import Snapshot
from strangler.toggles.toggle import Toggle

__all__ = ["AuditEntry", "Change", "ToggleStore"]


@dataclass(frozen=True, slots=True)
class Change:
    """Toggles as they should become, with who wants it, why, when (UTC) and whether a rule was forced.

    `evidence` is what was known of each at that moment, by the toggle's name and in plain JSON types: moves that hold
    themselves back hand it along.
    """

    toggles: Sequence[Toggle]
    who: str
    why: str
    at: datetime
    forced: bool = False
    evidence: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One toggle's part of one change. `before` is None for a toggle that was new, `evidence` where none was given."""

    id: int
    revision: int
    at: datetime
    who: str
    why: str
    name: str
    before: Toggle | None
    after: Toggle
    forced: bool
    evidence: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """The entry as plain JSON types."""
        return {
            "id": self.id,
            "revision": self.revision,
            "at": self.at.isoformat(),
            "who": self.who,
            "why": self.why,
            "name": self.name,
            "from": None if self.before is None else self.before.to_json(),
            "to": self.after.to_json(),
            "forced": self.forced,
            "evidence": None if self.evidence is None else dict(self.evidence),
        }


class ToggleStore(Protocol):
    """Keeps the toggles under one revision, and an audit that is only ever added to.

    Every method raises StoreUnavailable when the store does not answer. The suite that an adapter must pass is
    `strangler.testing.ToggleStoreConformance`.
    """

    def load(self) -> Snapshot:
        """The present snapshot; revision 0 without toggles in a new store."""
        ...

    def commit(self, change: Change, *, expected_revision: int) -> Snapshot:
        """Put `change.toggles` in and audit each, in one transaction, under `expected_revision` + 1.

        From then on everybody who asks gets it, whichever process ends; `settle` waits until it outlives a power cut
        too. Raises RevisionConflict when the store is at another revision, and TypeError or ValueError for evidence
        that is not plain JSON (NaN is not); then nothing was changed.
        """
        ...

    def settle(self) -> None:
        """Wait until what was committed or adopted here outlives a power cut. What is said to be done is done then."""
        ...

    def adopt(self, snapshot: Snapshot, *, who: str, why: str, at: datetime) -> Snapshot:
        """Make the store hold exactly the toggles of `snapshot`, whatever it held, each change audited.

        The revision becomes one more than the higher of the two, so that nobody takes the outcome for something old.
        It is the remedy for a store that was lost or restored from an old backup; moves go through `commit`. An adapter
        whose store is gone altogether makes a new one.
        """
        ...

    def history(self, name: str | None = None, *, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """The audit, newest first; `name` is a toggle's name or a glob, `before` leaves out that id and those above."""
        ...

    def changed(self, revision: int, *, seconds: float) -> bool:
        """Wait until the store is at another revision than `revision`, whoever moved; False when it is not after
        `seconds`, or at `close`. To be called in a thread of its own."""
        ...

    def close(self) -> None:
        """Let go of files and connections. Calling it twice does no harm."""
        ...
