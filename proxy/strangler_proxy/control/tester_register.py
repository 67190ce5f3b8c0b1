"""Which testers there are, and whose words are good no more: the same on every replica."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Final

from strangler.documents import Document, DocumentStore, Event
from strangler.errors import DocumentConflict, StoreUnavailable
from strangler_proxy.control.refused import Refused
from strangler_proxy.control.workers import Workers
from strangler_proxy.state import StateDir
from strangler_proxy.tester import LONGEST, Tester

__all__ = ["KIND", "MOST_TESTERS", "TesterRefused", "TesterRegister"]

KIND: Final = "tester"
# Every worker knows whose words are revoked.
MOST_TESTERS: Final = 1000
_LOOK_EVERY: Final = 1.0
_TRIES: Final = 5
_TOLD: Final = ("routes", "side", "expires", "made", "by")

_log = logging.getLogger("strangler.control")


class TesterRefused(Refused):
    """What is wanted of a tester cannot be."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A tester of one name: the words that may still be good, as they are kept, and the time at or before which a word
    was issued that is revoked (milliseconds since 1970; 0 where none is)."""

    words: tuple[Mapping[str, Any], ...] = ()
    revoked: int = 0

    def lasting(self, now: datetime) -> _Entry:
        """Without the words whose time is over, and a revocation that no word can outlast."""
        words = tuple(each for each in self.words if datetime.fromisoformat(each["expires"]) > now)
        return _Entry(words, self.revoked if _may_matter(self.revoked, now) else 0)

    def content(self) -> dict[str, Any] | None:
        """The content of its document; None where there is nothing to keep."""
        return {"words": [dict(each) for each in self.words], "revoked": self.revoked} if self else None

    def __bool__(self) -> bool:
        return bool(self.words or self.revoked)


def _now() -> datetime:
    return datetime.now(UTC)


class TesterRegister:
    """The testers that `documents` keep. `workers` are told whose words are revoked, and by a file in `state` so are
    those that start without us.

    They are looked at once a second: what another replica revoked counts here too. While the store does not answer,
    what is known goes on counting.
    """

    def __init__(
        self, documents: DocumentStore, workers: Workers, state: StateDir, *, clock: Callable[[], datetime] = _now
    ) -> None:
        self._documents = documents
        self._workers = workers
        self._state = state
        self._clock = clock
        self._revoked: dict[str, int] = {}
        self._number = 0
        self._error = ""
        self._unreadable: dict[str, int] = {}
        self._telling = asyncio.Lock()

    async def watch(self) -> None:
        """Tell the workers what was known last, and follow the store until cancelled."""
        self._revoked = self._state.read_testers()
        self._tell()
        while True:
            try:
                await self._look()
                self._error = ""
            except StoreUnavailable as error:
                if str(error) != self._error:
                    self._error = str(error)
                    _log.error("The testers cannot be looked at: %s Those known to be revoked stay so.", error)
            await asyncio.sleep(_LOOK_EVERY)

    async def listed(self) -> list[dict[str, Any]]:
        """The words that are good now, by name. Raises StoreUnavailable."""
        entries = await self._look()
        rows = ((name, word) for name, entry in sorted(entries.items()) for word in entry.words)
        return [{"name": name, **{key: word[key] for key in _TOLD}} for name, word in rows]

    async def add(self, tester: Tester, *, who: str, why: str) -> Tester:
        """Keep a tester whose word is about to be signed; gives it with the time at which that counts as signed.

        Raises TesterRefused where there are too many, StoreUnavailable.
        """
        entries = await self._look()
        if tester.name not in entries and len(entries) >= MOST_TESTERS:
            raise TesterRefused(
                "too_many_testers",
                f"There are {len(entries)} testers.",
                "Revoke those who are done, or sign one word for several people.",
            )
        told = {
            "routes": tester.routes,
            "side": tester.side.value,
            "expires": datetime.fromtimestamp(tester.expires, UTC).isoformat(),
        }
        event = Event(self._clock(), who, "tester.create", tester.name, why, told)

        def added(entry: _Entry, at: int) -> _Entry:
            # Whatever this replica's clock says: a word is younger than what was revoked before it.
            revoked = max(entry.revoked, self._revoked.get(tester.name, 0))
            word = {**told, "made": event.at.isoformat(), "by": who, "issued": max(at, revoked + 1)}
            return _Entry((*entry.words, word), entry.revoked)

        entry = await self._change(tester.name, added, event)
        return replace(tester, issued=int(entry.words[-1]["issued"]))

    async def revoke(self, name: str, *, who: str, why: str, wait_seconds: float) -> dict[str, Any]:
        """Let every word of that name be good no more: here once the workers have taken it, which is told, and within a
        second on every other replica. Raises TesterRefused for a name that there is not, StoreUnavailable."""
        entries = await self._look()
        if not entries.get(name, _Entry()).words:
            near = get_close_matches(name, [each for each, entry in entries.items() if entry.words], n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else "`strangler tester list` names those that there are."
            raise TesterRefused("unknown_tester", f"No word of a tester {name!r} is good.", remedy, status=404)
        words = [{key: each[key] for key in _TOLD} for each in entries[name].words]
        event = Event(self._clock(), who, "tester.revoke", name, why, {"words": words})

        def revoked(entry: _Entry, at: int) -> _Entry:
            return _Entry((), max(at, entry.revoked, *(int(each["issued"]) for each in entry.words)))

        await self._change(name, revoked, event)
        await self._look()
        taken, missing = await self._workers.revoked(self._number, wait_seconds=wait_seconds)
        return {"revoked": name, "words": len(words), "acknowledged": taken, "missing": missing}

    async def _change(self, name: str, change: Callable[[_Entry, int], _Entry], event: Event) -> _Entry:
        for _ in range(_TRIES):
            document = await asyncio.to_thread(self._documents.read, KIND, name)
            before = None if document is None else self._read(document)
            entry = change((before or _Entry()).lasting(event.at), _milliseconds(event.at))
            expected = 0 if document is None else document.version
            try:
                await asyncio.to_thread(
                    self._documents.write, KIND, name, entry.content(), expected=expected, at=event.at, event=event
                )
            except DocumentConflict:
                continue
            return entry
        raise TesterRefused("tester_changed", f"{name} changes all the time.", "Try again in a moment.")

    async def _look(self) -> dict[str, _Entry]:
        """What the store has now; the workers are told what is new. Raises StoreUnavailable."""
        # Not in turns: whoever revokes waits for nobody who only lists. What was read before another's look takes back
        # nothing that is revoked.
        found = await asyncio.to_thread(self._documents.listed, KIND)
        async with self._telling:
            now = self._clock()
            entries: dict[str, _Entry] = {}
            # Of a store that was lost or restored, what was revoked before stays so.
            revoked = {name: at for name, at in self._revoked.items() if _may_matter(at, now)}
            for each in found:
                read = self._read(each)
                if read is None:
                    continue
                entry = read.lasting(now)
                if not entry:
                    await self._forget(each, now)
                    continue
                entries[each.name] = entry
                if entry.revoked:
                    revoked[each.name] = max(entry.revoked, revoked.get(each.name, 0))
            if revoked != self._revoked:
                self._revoked = revoked
                self._tell()
                await asyncio.to_thread(self._keep, revoked)
            return entries

    def _read(self, document: Document) -> _Entry | None:
        """None for what another version wrote: that is left alone, and hinders no other."""
        try:
            words = tuple(dict(each) for each in document.content["words"])
            for each in words:
                int(each["issued"]), datetime.fromisoformat(each["expires"])
            return _Entry(words, int(document.content["revoked"]))
        except (ValueError, TypeError, KeyError) as error:
            if self._unreadable.get(document.name) != document.version:
                self._unreadable[document.name] = document.version
                _log.error("the tester %s cannot be read: %r", document.name, error)
            return None

    async def _forget(self, document: Document, now: datetime) -> None:
        try:
            await asyncio.to_thread(self._documents.write, KIND, document.name, None, expected=document.version, at=now)
        except DocumentConflict:
            # Another replica did, or somebody is a tester again.
            return

    def _tell(self) -> None:
        self._number += 1
        self._workers.revoke(self._number, self._revoked)

    def _keep(self, revoked: Mapping[str, int]) -> None:
        try:
            self._state.write_testers(revoked)
        except OSError as error:
            # The workers have it: only one that starts while nobody answers would not.
            _log.error("whose words are revoked cannot be kept in %s: %s", self._state.path, error.strerror)


def _may_matter(revoked: int, now: datetime) -> bool:
    """Whether a word that was signed by then may be good still, were it not revoked."""
    return revoked + LONGEST * 1000 > _milliseconds(now)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
