from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TypeVar

import httpx
from anyio import CapacityLimiter, to_thread

from extracted.catalog.errors import NotFilled, StoreGone
from extracted.catalog.importer import Feed, Following, Importer, poll
from extracted.catalog.public.throttle import Throttle
from extracted.catalog.settings import Settings
from extracted.catalog.store import Reading, SqlStore, Store
from extracted.catalog.store.engine import READERS

__all__ = ["Service"]

log = logging.getLogger(__name__)

_Data = TypeVar("_Data")


class Service:
    """The parts of one running service, put together once."""

    def __init__(
        self,
        settings: Settings,
        store: Store | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`store` and `transport` (of the feed's client) are for tests; by default both come from the settings."""
        self.settings = settings
        self.store: Store = store if store is not None else SqlStore(settings.database_url)
        self.throttle = Throttle(settings.anon_rate, settings.proxy_count)
        self.feed = Feed(settings.monolith_url, settings.feed_token.get_secret_value(), transport)
        self.following = Following()
        self.importer = Importer(self.store, self.feed, settings.feed_page)
        self._threads = CapacityLimiter(READERS)
        self._filled = False
        self._poller: asyncio.Task[None] | None = None

    async def read(self, question: Callable[[Reading], _Data]) -> _Data:
        """Puts the question to one consistent view of the store, in a thread. Raises StoreGone, NotFilled."""
        try:
            return await to_thread.run_sync(self._read, question, limiter=self._threads)
        except StoreGone as error:
            log.error("a request could not be answered", extra={"fields": {"error": str(error)}})
            raise

    def _read(self, question: Callable[[Reading], _Data]) -> _Data:
        with self.store.reading() as reading:
            if not self._filled:
                self._filled = reading.position().complete
                if not self._filled:
                    raise NotFilled("The first import has not reached the end of the monolith's feed.")
            return question(reading)

    def start_following(self) -> None:
        self._poller = asyncio.create_task(poll(self.importer, self.following, self.settings.poll_seconds))

    async def close(self) -> None:
        if self._poller is not None:
            self._poller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._poller
        await self.feed.close()
        await to_thread.run_sync(self.store.close)
