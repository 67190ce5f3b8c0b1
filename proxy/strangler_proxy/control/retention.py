"""How long the audit of events is kept: the oldest go, by age and by number."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from strangler.documents import DocumentStore
from strangler.errors import StoreUnavailable
from strangler_proxy.config.values import EvidenceSettings

__all__ = ["Retention"]

_LOOK_EVERY: Final = 3600.0

_log = logging.getLogger("strangler.control")


def _now() -> datetime:
    return datetime.now(UTC)


class Retention:
    """Keeps of the events in `documents` what `settings` allow. Every replica does: what is gone is gone for all.

    No state is computed from events, and moves of toggles are not among them: those are kept for ever.
    """

    def __init__(
        self, documents: DocumentStore, settings: EvidenceSettings, *, clock: Callable[[], datetime] = _now
    ) -> None:
        self._documents = documents
        self._settings = settings
        self._clock = clock

    async def run(self) -> None:
        """Look now and once an hour, until cancelled."""
        while True:
            try:
                await self.look()
            except StoreUnavailable:
                # Whoever needs the store says so; the oldest can wait for another hour.
                pass
            except Exception:
                _log.exception("old events could not be taken away")
            await asyncio.sleep(_LOOK_EVERY)

    async def look(self) -> int:
        """Take away what is too old or too much; gives how many. Raises StoreUnavailable."""
        before = self._clock() - timedelta(seconds=self._settings.events_keep)
        gone = await asyncio.to_thread(self._documents.prune, before=before, most=self._settings.events)
        if gone:
            _log.info("%d events were too old or too many, and are gone", gone)
        return gone
