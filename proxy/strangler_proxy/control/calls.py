"""The audit of calls: whoever wanted the control plane to change something, and what became of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from strangler.documents import DocumentStore, Event
from strangler.errors import StoreUnavailable
from strangler_proxy.control.throttle import Throttle

__all__ = ["Call", "Calls"]

_REFUSED: Final = 400
# Of one caller, and of all together: refusals are free to ask for, and a store is not to be filled by them.
_EACH: Final = (1 / 6, 10.0)
_ALL: Final = (1 / 10, 100.0)
_EVERYBODY: Final = "*"

_log = logging.getLogger("strangler.control")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the `verb` (method and path), `who` it says it is, the name of the `token` it showed (empty: none that
    counts), the caller's `address`, and the `status` of the answer."""

    verb: str
    who: str
    token: str
    address: str
    status: int


class Calls:
    """Records calls in `documents`, refused ones too, of which only so many: the others are counted, and told with the
    next that is recorded."""

    def __init__(self, documents: DocumentStore, *, clock: Callable[[], float] = monotonic) -> None:
        self._documents = documents
        self._each = Throttle(*_EACH, clock=clock)
        self._all = Throttle(*_ALL, clock=clock)
        self._unrecorded = 0

    async def record(self, call: Call) -> None:
        """Put a call into the audit. Where the store does not answer it stands in the log."""
        refused = call.status >= _REFUSED
        if refused and (self._each.wait(call.token or call.address) or self._all.wait(_EVERYBODY)):
            self._unrecorded += 1
            return
        detail: dict[str, Any] = {"status": call.status, "token": call.token, "address": call.address}
        if self._unrecorded:
            detail["refused_before"], self._unrecorded = self._unrecorded, 0
        event = Event(datetime.now(UTC), call.who, "api.call", call.verb, detail=detail)
        try:
            await asyncio.to_thread(self._documents.record, event)
        except StoreUnavailable as error:
            _log.warning("%s by %s answered %d is not in the audit: %s", call.verb, call.who, call.status, error)
