"""How often the control plane was called: the part of the audit that is counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from strangler.documents.event import Event

__all__ = ["CallCount"]


@dataclass(frozen=True, slots=True)
class CallCount:
    """That somebody called one `verb` (method and path template) `count` times within one minute, and was answered
    with that `status`: first `at` and last at `last` (both UTC, and of the same minute).

    `token` is the name of the one that was shown (empty: none that counts), `address` where the calls came from. The
    store gives the `id`, which grows; it is 0 before that.
    """

    at: datetime
    last: datetime
    who: str
    token: str
    address: str
    verb: str
    status: int
    count: int = 1
    id: int = 0

    @property
    def minute(self) -> datetime:
        """The minute that is counted."""
        return self.at.replace(second=0, microsecond=0)

    def to_event(self) -> Event:
        """The entry in the form of the audit's other entries."""
        detail = {
            "status": self.status,
            "count": self.count,
            "last": self.last.isoformat(),
            "token": self.token,
            "address": self.address,
        }
        return Event(self.at, self.who, "api.calls", self.verb, detail=detail, id=self.id)
