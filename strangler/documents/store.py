"""The port behind which documents, their audit, leases, leaders and the heartbeats of replicas are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from strangler.documents.call_count import CallCount
from strangler.documents.document import Document
from strangler.documents.event import Event

__all__ = ["DocumentStore"]


class DocumentStore(Protocol):
    """Keeps documents by kind and name under a version each, an audit that is only ever added to, until `prune` takes
    the oldest away, and beside it how often who called what.

    Every method raises StoreUnavailable when the store does not answer. A content or detail that is not plain JSON
    (NaN is not) raises TypeError or ValueError, and nothing is written. A store can be shared between threads. The
    suite that an adapter must pass is `strangler.testing.DocumentStoreConformance`.
    """

    def read(self, kind: str, name: str) -> Document | None:
        """The document of that kind and name; None where there is none, or none any more."""
        ...

    def listed(self, kind: str) -> list[Document]:
        """All documents of a kind, by name."""
        ...

    def write(
        self,
        kind: str,
        name: str,
        content: Mapping[str, Any] | None,
        *,
        expected: int,
        at: datetime,
        event: Event | None = None,
    ) -> Document | None:
        """Put `content` in the place of version `expected` (0: there must be none); None deletes, and gives None.

        `event` goes into the audit in the same transaction. Raises DocumentConflict when the document is at another
        version; then nothing was changed.
        """
        ...

    def record(self, event: Event) -> None:
        """Add to the audit; the store gives the id."""
        ...

    def events(
        self, *, name: str | None = None, action: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[Event]:
        """The audit, newest first; `name` and `action` may be globs, `before` leaves out that id and those above."""
        ...

    def prune(self, *, before: datetime, most: int) -> int:
        """Drop the oldest of the audit: all up to the first that is of `before` (UTC) or later, and all but the newest
        `most`; gives how many. Ids go on growing."""
        ...

    def add_calls(self, counts: Iterable[CallCount]) -> None:
        """Count calls, all of them or none: what is of the same minute, caller (`who`, `token` and `address`), verb and
        status becomes one entry, whichever opening counts it. Counts only grow."""
        ...

    def calls(self, *, limit: int = 100, before: int | None = None) -> list[CallCount]:
        """The counted calls, newest entry first; `before` leaves out that id and those above."""
        ...

    def prune_calls(self, *, before: datetime, most: int) -> int:
        """Drop the oldest of the counted calls, as `prune` does of the audit."""
        ...

    def lease(self, name: str, holder: str, *, seconds: float, now: float) -> str:
        """Take or renew the lease until `now` + `seconds` (seconds since 1970) and give `holder`; while somebody else
        has it, give their name, and nothing changes."""
        ...

    def holder(self, name: str, *, now: float) -> str:
        """Who has the lease at `now` (seconds since 1970); empty for nobody. Nothing changes."""
        ...

    def release(self, name: str, holder: str) -> None:
        """Give the lease up, if `holder` has it."""
        ...

    def lead(self, name: str) -> bool:
        """Whether this opening of the store leads what `name` says; it tries to when nobody does, and never waits.

        One leads among all openings, in whatever process; it stops by `resign`, by `close` and with its process.
        An adapter that reaches its store by a connection stops leading with it, so ask again before each act.
        """
        ...

    def resign(self, name: str) -> None:
        """Lead no more; nothing happens where it does not."""
        ...

    def beat(self, replica: str, content: Mapping[str, Any], *, at: float) -> None:
        """Keep what a replica says of itself at `at` (seconds since 1970), in the place of what it said before."""
        ...

    def beats(self) -> list[tuple[str, Mapping[str, Any], float]]:
        """What every replica said last and when, by name."""
        ...

    def forget(self, replica: str) -> None:
        """Drop what a replica said."""
        ...

    def close(self) -> None:
        """Let go of files, connections and of what is led. Calling it twice does no harm."""
        ...
