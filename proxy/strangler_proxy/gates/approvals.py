"""People's yes to routes, as documents of the control plane."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from strangler.documents import DocumentStore, Event
from strangler.errors import DocumentConflict
from strangler.gates import Approval

__all__ = ["approvals_of", "approve"]

_KIND: Final = "approval"
_MOST: Final = 100
_ATTEMPTS: Final = 5


def approvals_of(documents: DocumentStore, name: str) -> tuple[Approval, ...]:
    """All that were given for a route or seam, newest last. Raises StoreUnavailable."""
    document = documents.read(_KIND, name)
    return () if document is None else tuple(_approval(each) for each in document.content["approvals"])


def approve(documents: DocumentStore, name: str, given: Approval) -> None:
    """Keep one more, and put it into the audit; of a name the newest hundred are kept. Raises StoreUnavailable, or
    DocumentConflict where others keep writing the same one."""
    entry = {"who": given.who, "role": given.role, "word": given.word, "why": given.why, "at": given.at}
    at = datetime.fromtimestamp(given.at, UTC)
    event = Event(at, given.who, "gate.approve", name, given.why, {"word": given.word, "role": given.role})
    for attempt in range(_ATTEMPTS):
        document = documents.read(_KIND, name)
        before = [] if document is None else document.content["approvals"]
        expected = 0 if document is None else document.version
        try:
            documents.write(
                _KIND, name, {"approvals": [*before, entry][-_MOST:]}, expected=expected, at=at, event=event
            )
        except DocumentConflict:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _approval(entry: Mapping[str, Any]) -> Approval:
    return Approval(entry["who"], entry["role"], entry["word"], entry["why"], entry["at"])
