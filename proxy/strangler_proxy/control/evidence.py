"""The control plane's intake of evidence: workers and comparers tell it, and it goes into the store every second or
few."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

from strangler.errors import StoreUnavailable
from strangler.evidence import OTHERS, Batch, EvidenceStore, Scope
from strangler_proxy.complaints import Complaints
from strangler_proxy.config.store_url import without_password
from strangler_proxy.config.values import EvidenceSettings
from strangler_proxy.control.news import difference_notices
from strangler_proxy.control.traffic import TrafficIntake
from strangler_proxy.notify import Notifier, Silent

__all__ = ["EvidenceIntake"]

# What many routes have gathered is much to write, however little each has: the more it was, the longer is gathered
# before the next time, so that writing has half a percent of a processor.
_WRITE_EVERY: Final = 1.0
_WRITE_AT_LEAST_EVERY: Final = 5.0
_REST: Final = 200
_PRUNE_EVERY: Final = 600.0
# Batches are bounded, and so is what many are merged to; until they are, a store that hangs must not fill the memory.
_MOST_UNREAD_BYTES: Final = 16 * 1024 * 1024
_MOST_REMEMBERED: Final = 4096
_MOST_SCOPES: Final = 1024
# Known places: of a scope as many as its evidence tells apart, and of all scopes.
_MOST_PLACES: Final = 1000
_MOST_KNOWN: Final = 50_000
# A stop does not wait for a store that hangs.
_LAST_SECONDS: Final = 3.0

_Place = tuple[str, str]

_log = logging.getLogger("strangler.evidence")


class EvidenceIntake:
    """Merges what is told and adds it to `store`, off the event loop, and keeps there what `settings` allow.

    A store that does not answer loses nothing for a while: what was given to it last is given to it again as it was,
    and what comes meanwhile is merged, within the bounds of a batch. `error` says what the store lacks, None where it
    lacks nothing. What customers got goes through `traffic`, for which `candidates` is each route's candidate upstream,
    and `releases` what upstreams are that do not say it.

    A batch that cannot be read or stored would be no better the next time: it is dropped, and `lost` counts how many,
    by cause.
    """

    def __init__(
        self,
        store: EvidenceStore,
        settings: EvidenceSettings,
        *,
        candidates: Mapping[str, str] | None = None,
        releases: Mapping[str, str] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.traffic = TrafficIntake(store, candidates or {}, releases or {}, now=now)
        self.lost: Counter[str] = Counter()
        self.store = store
        self.settings = settings
        self.error: str | None = None
        self.notifier: Notifier = Silent()
        self._now = now
        # Seconds of processor time since writing began the last time.
        self._spent = 0.0
        self._unread: list[Any] = []
        self._unread_bytes = 0
        self._merging = threading.Lock()
        self._merged = Batch()
        self._writing: Batch | None = None
        self._told: OrderedDict[str, None] = OrderedDict()
        # Which differences are known of which scope, so that each is told of once.
        self._known: OrderedDict[Scope, set[_Place]] = OrderedDict()
        self._pruned = 0.0
        self._busy = asyncio.Lock()
        self._complaints = Complaints(_log)

    def taken(self, document: Any, size: int) -> bytes:
        """Take in a batch that was told in `size` bytes; returns the line that confirms it."""
        return json.dumps({"type": "taken", "id": self.take(document, size)}).encode() + b"\n"

    def take(self, document: Any, size: int = 0) -> str:
        """Take in a batch as it was told, once; returns its id, by which it is confirmed, also where it is dropped.

        It is read when it is written, and not while a worker that shares the processor has customers waiting.
        """
        name = document.get("id") if isinstance(document, dict) else None
        if not isinstance(name, str):
            name = ""
        if name in self._told:
            return name
        self._unread.append(document)
        self._unread_bytes += size
        if self._unread_bytes > _MOST_UNREAD_BYTES:
            self._read(self._take_unread())
        if name:
            self._told[name] = None
            if len(self._told) > _MOST_REMEMBERED:
                self._told.popitem(last=False)
        return name

    def _take_unread(self) -> list[Any]:
        unread, self._unread, self._unread_bytes = self._unread, [], 0
        return unread

    def _read(self, documents: list[Any]) -> None:
        """Merge what was taken in, in whichever thread."""
        began = time.thread_time()
        for each in documents:
            try:
                batch = Batch.from_json(each)
                with self._merging:
                    self._merged.merge(batch)
            except Exception as error:
                self._drop("unreadable", error)
        self._spent += time.thread_time() - began

    async def run(self) -> None:
        """Write once a second, less often where there is much, and prune now and then, until cancelled."""
        while True:
            await asyncio.sleep(min(max(_WRITE_EVERY, self._spent * _REST), _WRITE_AT_LEAST_EVERY))
            self._spent = 0.0
            try:
                await self.write()
                await self._prune()
            except Exception:
                # Whatever it was: without this loop, memory would be all that evidence is kept in.
                _log.exception("evidence could not be looked after")

    async def write(self) -> None:
        """Give the store what was taken in since the last time."""
        async with self._busy:
            news: list[tuple[Scope, str, str]] = []
            try:
                if self._unread:
                    await asyncio.to_thread(self._read, self._take_unread())
                wrote = await self.traffic.write()
                if self._writing is None and self._merged:
                    self._writing, self._merged = self._merged, Batch()
                if self._writing is not None:
                    news = await self._write(self._writing)
                    wrote = True
            except StoreUnavailable as error:
                self._lose(str(error))
                return
            if wrote:
                self._found()
        for scope, field, kind in news:
            place = (scope.route, scope.release or "unknown", field, kind)
            _log.warning("%s, release %s: a kind of difference not seen before: %s (%s)", *place)
        for notice in difference_notices(news):
            self.notifier.tell(notice)

    async def _write(self, batch: Batch) -> list[tuple[Scope, str, str]]:
        news: list[tuple[Scope, str, str]] = []
        try:
            news = await asyncio.to_thread(self._add, batch)
        except StoreUnavailable:
            raise
        except Exception as error:
            self._drop("unstorable", error)
        self._writing = None
        return news

    def _drop(self, cause: str, error: Exception) -> None:
        self.lost[cause] += 1
        self._complaints.note(error, f"A batch of evidence is {cause}, and dropped")

    def _add(self, batch: Batch) -> list[tuple[Scope, str, str]]:
        """Add a batch, in a thread; the places of differences that the store did not know before."""
        began = time.thread_time()
        news: list[tuple[Scope, str, str]] = []
        for scope, evidence in batch.scopes.items():
            if not evidence.differences:
                continue
            known = self._known_of(scope)
            found = {(key.field, key.kind.value) for key in evidence.differences}
            news += [(scope, *place) for place in _not_known(found, known)]
        self.store.add(batch, at=self._now())
        for scope, field, kind in news:
            self._known[scope].add((field, kind))
        self._forget()
        self._spent += time.thread_time() - began
        return news

    def _known_of(self, scope: Scope) -> set[_Place]:
        if scope not in self._known:
            evidence = self.store.read(scope)
            self._known[scope] = {(key.field, key.kind.value) for key in evidence.differences}
        self._known.move_to_end(scope)
        if len(self._known) > _MOST_SCOPES:
            self._known.popitem(last=False)
        return self._known[scope]

    def _forget(self) -> None:
        """Forget what is known of the scopes that were told of longest ago: the store knows it."""
        number = sum(map(len, self._known.values()))
        while number > _MOST_KNOWN:
            _, places = self._known.popitem(last=False)
            number -= len(places)

    async def _prune(self) -> None:
        now = self._now()
        if now - self._pruned < _PRUNE_EVERY:
            return
        self._pruned = now
        try:
            async with self._busy:
                gone = await asyncio.to_thread(
                    self.store.prune, now=now, keep_seconds=self.settings.keep, most_bytes=self.settings.bytes
                )
        except StoreUnavailable as error:
            self._lose(str(error))
            return
        if gone:
            _log.info("%d kept pairs were too old or too many, and are gone", gone)

    async def close(self) -> None:
        """Write what there is, if the store takes it now, and close it."""
        try:
            async with asyncio.timeout(_LAST_SECONDS):
                # What failed before comes first, then what was merged since.
                for _ in range(2):
                    await self.write()
        except TimeoutError:
            _log.error("the store of evidence does not answer: what was told last is lost")
            return
        self.store.close()

    def status(self) -> dict[str, Any]:
        """How it stands, as the control API tells it."""
        return {"ok": self.error is None, "error": self.error, "url": without_password(self.settings.url)}

    def _lose(self, reason: str) -> None:
        if reason != self.error:
            _log.error("%s Evidence waits in memory.", reason)
        self.error = reason

    def _found(self) -> None:
        if self.error is not None:
            _log.info("the store of evidence answers again")
            self.error = None


def _not_known(found: set[_Place], known: set[_Place]) -> list[_Place]:
    """The places that are not known, in order. Where a client or a candidate makes them up there is no end of them:
    those beyond a bound are one of their kind, as in the evidence."""
    fresh = sorted(found - known)
    room = max(_MOST_PLACES - len(known), 0)
    beyond = {(OTHERS, kind) for _, kind in fresh[room:]} - known
    return sorted({*fresh[:room], *beyond})
