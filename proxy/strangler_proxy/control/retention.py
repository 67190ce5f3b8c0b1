"""How long events and counted calls are kept: the oldest go, by age and by number."""

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
    """Keeps of the events and the counted calls in `documents` what `settings` allow. Every replica does: what is gone
    is gone for all.

    No state is computed from them, and moves of toggles are not among them: those are kept for ever.
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
        settings, now = self._settings, self._clock()
        before = now - timedelta(seconds=settings.events_keep)
        events = await asyncio.to_thread(self._documents.prune, before=before, most=settings.events)
        before = now - timedelta(seconds=settings.calls_keep)
        calls = await asyncio.to_thread(self._documents.prune_calls, before=before, most=settings.calls)
        if events or calls:
            _log.info("%d events and %d counts of calls were too old or too many, and are gone", events, calls)
        return events + calls
