from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from anyio import to_thread

from extracted.catalog.domain import Category
from extracted.catalog.errors import CursorRefused, FeedGarbled, TranslationError
from extracted.catalog.importer.feed import Entry, Feed, FeedPage
from extracted.catalog.importer.following import now
from extracted.catalog.store import Position, Rejection, Store
from extracted.catalog.translate import Removal, Upsert, change

__all__ = ["Importer", "Step"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """What one page of the feed brought. `more` says that the end has not been reached."""

    applied: int
    rejected: int
    swept: int
    more: bool


class Importer:
    """Carries the changes feed into the store, page by page.

    Each page and the cursor behind it are written in one transaction: an import that is cut off goes on where it was,
    and a page that comes twice changes nothing. Rows may come in any order: a product whose category is not there yet
    is kept and shown once the category has come. A row that cannot be translated is skipped and noted; of an
    earlier version, that one stays.
    """

    def __init__(self, store: Store, feed: Feed, page: int = 500, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._feed = feed
        self._page = page
        self._clock = clock

    async def step(self) -> Step:
        """Takes in the next page. Raises FeedError, StoreError."""
        before = await to_thread.run_sync(self._position)
        try:
            page = await self._feed.page(before.cursor, self._page)
        except CursorRefused:
            if not before.cursor:
                raise FeedGarbled("The monolith's feed refuses even to begin. Look at the monolith's log.") from None
            log.warning("the monolith does not know our cursor: the import begins anew")
            await self.start_anew()
            return Step(0, 0, 0, more=True)
        if page.more and page.next == before.cursor:
            raise FeedGarbled("The monolith's feed says that there is more, but gives no way to it.")
        return await to_thread.run_sync(self._apply, before, page)

    async def start_anew(self) -> None:
        """Makes the next step begin at the start of the feed; what it then does not meet is taken out at its end."""
        await to_thread.run_sync(self._start_anew)

    def _position(self) -> Position:
        with self._store.reading() as reading:
            return reading.position()

    def _start_anew(self) -> None:
        with self._store.writing() as writing:
            before = writing.position()
            writing.move(before, replace(before, cursor="", run=before.run + 1, sweeping=True))

    def _apply(self, before: Position, page: FeedPage) -> Step:
        run = max(before.run, 1)
        sweeping = before.sweeping or before.run == 0
        after = Position(
            cursor=page.next, run=run, complete=before.complete or not page.more, sweeping=sweeping and page.more
        )
        if after == before and not page.entries:
            return Step(0, 0, 0, page.more)
        things, gone, rejections = self._translate(page.entries)
        swept = 0
        with self._store.writing() as writing:
            # First of all, so that of two importers the slower one writes nothing.
            writing.move(before, after)
            writing.put((upsert.thing for upsert in things), run)
            writing.remove((removal.kind, removal.id) for removal in gone)
            writing.reject(rejections, run)
            if sweeping and not page.more:
                swept = writing.sweep(run)
            if swept or any(removal.kind == "category" for removal in gone) or _has_category(things):
                writing.place_categories()
        return Step(len(things) + len(gone), len(rejections), swept, page.more)

    def _translate(self, entries: Iterable[Entry]) -> tuple[list[Upsert], list[Removal], list[Rejection]]:
        # Of two changes of one thing only the later counts, whatever it turns out to be.
        latest = {(entry.kind, entry.id): entry for entry in entries}
        things: list[Upsert] = []
        gone: list[Removal] = []
        rejections: list[Rejection] = []
        for entry in latest.values():
            try:
                translated = change(entry.kind, entry.id, entry.op, entry.data)
            except TranslationError as error:
                rejections.append(self._rejection(entry, error))
                continue
            if isinstance(translated, Upsert):
                things.append(translated)
            else:
                gone.append(translated)
        return things, gone, rejections

    def _rejection(self, entry: Entry, error: TranslationError) -> Rejection:
        rejection = Rejection(entry.kind, entry.id, error.field, error.value, error.wrong, error.remedy, self._clock())
        log.warning(
            "a row of the monolith was rejected",
            extra={
                "fields": {
                    "kind": entry.kind,
                    "id": entry.id,
                    "field": error.field,
                    "value": error.value,
                    "wrong": error.wrong,
                    "remedy": error.remedy,
                }
            },
        )
        return rejection


def _has_category(things: Iterable[Upsert]) -> bool:
    return any(isinstance(upsert.thing, Category) for upsert in things)
