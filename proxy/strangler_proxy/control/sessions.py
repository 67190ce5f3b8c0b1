"""Who has signed in to the control room: the same for every replica, and after every restart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from strangler.documents import Document, DocumentStore, Event
from strangler.errors import DocumentConflict, StoreUnavailable
from strangler_proxy.control.session import (
    KIND,
    LIFETIME,
    Session,
    SignedIn,
    form_token_of,
    name_of,
    new_id,
    short_of,
)
from strangler_proxy.control.throttle import Throttle
from strangler_proxy.control.token import Caller, digest_of
from strangler_proxy.control.tokens import Tokens
from strangler_proxy.page.visitor import Visitor

__all__ = ["MOST_EACH", "Sessions", "TooManyBegun"]

# Of one token: the oldest makes room, so that nobody fills the store by signing in.
MOST_EACH: Final = 50
# Of one token so many a second, and so many at once: each leaves its mark in the store and its entries in the audit,
# from which others' would have to go.
_BEGUN: Final = (1 / 10, 100.0)
_LOOK_EVERY: Final = 1.0
_LOOK_AT_ONCE: Final = 0.25
_SWEPT_AT_ONCE: Final = 20

_log = logging.getLogger("strangler.control")


def _now() -> datetime:
    return datetime.now(UTC)


class TooManyBegun(Exception):
    """Somebody signs in by `token` again and again, and is to come again in so many `seconds`. It becomes a page."""

    def __init__(self, token: str, seconds: float) -> None:
        self.token = token
        self.seconds = seconds
        super().__init__()


class Sessions:
    """The sessions that `documents` keep, each good while the secret of `tokens` that it was begun with is.

    They are looked at once a second, and at once for one that is not known. While the store does not answer, those
    known last count; what begins and ends meanwhile does so on this replica, and is written down when the store is
    back.
    """

    def __init__(self, documents: DocumentStore, tokens: Tokens, *, clock: Callable[[], datetime] = _now) -> None:
        self._documents = documents
        self._tokens = tokens
        self._clock = clock
        self._known: Mapping[str, Session] = {}
        self._often = Throttle(*_BEGUN)
        self._begun: dict[str, tuple[Session, Event]] = {}
        self._ended: dict[str, Event] = {}
        self._error = ""
        self._looked = -_LOOK_EVERY
        self._changes = 0

    async def watch(self) -> None:
        """Follow the store until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_EVERY)

    async def look(self) -> None:
        """Take up what the store has now, and give it what it has missed."""
        self._looked, changes = monotonic(), self._changes
        try:
            await self._catch_up()
            found = await asyncio.to_thread(self._documents.listed, KIND)
            await asyncio.to_thread(self._sweep, found)
        except StoreUnavailable as error:
            if str(error) != self._error:
                self._error = str(error)
                _log.error("The sessions cannot be looked at: %s Those known before count.", error)
            return
        self._error = ""
        if changes == self._changes:
            # Else it was read before what was changed here meanwhile: one that has ended would come back for a while.
            self._known = {name: session for name, session in map(_read, found) if session is not None}

    async def begin(self, secret: str, who: str, address: str) -> str | None:
        """Begin a session with a token's secret, from `address`; gives its id, None where no such token is in force.
        Raises TooManyBegun."""
        caller = await self._tokens.caller_of(secret)
        if caller is None:
            return None
        if seconds := self._often.wait(caller.token):
            raise TooManyBegun(caller.token, seconds)
        now, session_id = self._clock(), new_id()
        session, name = Session.begun(session_id, caller.token, digest_of(secret), who, now), name_of(session_id)
        detail = {"address": address, "until": (now + LIFETIME).isoformat()}
        event = Event(now, f"{who} ({caller.token})", "session.begin", caller.token, detail=detail)
        self._changes += 1
        same = sorted((kept.made, other) for other, kept in self._known.items() if kept.token == caller.token)
        for _, oldest in same[: max(0, len(same) - MOST_EACH + 1)]:
            await self._end(oldest, address=address)
        self._known = {**self._known, name: session}
        try:
            await self._write(name, session, event)
        except StoreUnavailable as error:
            _log.warning("A session of %s is kept here until the store answers: %s", event.who, error)
            self._begun[name] = session, event
        # A look may have taken up meanwhile what the store had before.
        self._known = {**self._known, name: session}
        self._changes += 1
        return session_id

    async def end(self, session_id: str, address: str) -> None:
        """End the session of that id, wherever it was begun, if there is one."""
        name = name_of(session_id)
        if name not in self._known:
            await self.look()
        await self._end(name, address=address)

    def listed(self) -> list[SignedIn]:
        """The sessions whose time is not over and whose token is there, as far as is known here; the newest first."""
        now = self._clock()
        found = [
            SignedIn(short_of(name), session.who, session.token, session.made)
            for name, session in self._known.items()
            if not session.over(now) and self._tokens.named(session.token) is not None
        ]
        return sorted(found, key=lambda each: (each.made, each.id), reverse=True)

    async def end_of(self, ids: Collection[str], *, who: str, why: str) -> list[str]:
        """End the sessions that are told by these ids, for somebody else; gives those that there were."""
        names = [name for name in self._known if short_of(name) in ids]
        for name in names:
            await self._end(name, by=who, why=why)
        return [short_of(name) for name in names]

    async def visitor(self, session_id: str) -> Visitor | None:
        """Whose session that is, with the role that they have now; None where it is nobody's, or not in force."""
        found = self._of(session_id)
        if found is None and monotonic() - self._looked >= _LOOK_AT_ONCE:
            await asyncio.gather(self.look(), self._tokens.look())
            found = self._of(session_id)
        if found is None:
            return None
        session, caller = found
        told_by = short_of(name_of(session_id))
        return Visitor(caller.token, session.who, caller.role.value, form_token_of(session_id), told_by)

    def caller(self, visitor: Visitor) -> Caller | None:
        """Whose calls a visitor's are."""
        return self._tokens.named(visitor.token)

    def _of(self, session_id: str) -> tuple[Session, Caller] | None:
        session = self._known.get(name_of(session_id))
        if session is None or session.over(self._clock()):
            return None
        caller = self._tokens.proven(session.token, lambda digest: session.bound_to(session_id, digest))
        return None if caller is None else (session, caller)

    async def _end(self, name: str, *, address: str = "", by: str = "", why: str = "") -> None:
        """End it; `by` is who does, where that is not whose it is."""
        session = self._known.get(name)
        if session is None:
            return
        self._changes += 1
        self._known = {other: kept for other, kept in self._known.items() if other != name}
        who = f"{session.who} ({session.token})"
        detail = {"address": address} if address else {"id": short_of(name), "of": who}
        event = Event(self._clock(), by or who, "session.end", session.token, why, detail)
        try:
            if self._begun.pop(name, None) is None:
                await asyncio.to_thread(self._delete, name, event)
        except StoreUnavailable as error:
            _log.warning("The end of a session of %s is kept here until the store answers: %s", who, error)
            self._ended[name] = event
        # As above.
        self._known = {other: kept for other, kept in self._known.items() if other != name}
        self._changes += 1

    async def _catch_up(self) -> None:
        for name, (session, event) in list(self._begun.items()):
            await self._write(name, session, event)
            self._begun.pop(name, None)
        for name, event in list(self._ended.items()):
            await asyncio.to_thread(self._delete, name, event)
            self._ended.pop(name, None)

    async def _write(self, name: str, session: Session, event: Event) -> None:
        try:
            await asyncio.to_thread(
                self._documents.write, KIND, name, session.content(), expected=0, at=session.made, event=event
            )
        except DocumentConflict:
            # No other has its name: it was written, and only the answer was lost.
            return

    def _delete(self, name: str, event: Event | None) -> None:
        document = self._documents.read(KIND, name)
        if document is None:
            return
        try:
            self._documents.write(KIND, name, None, expected=document.version, at=self._clock(), event=event)
        except DocumentConflict:
            # Nobody writes a session twice: another replica has just ended it.
            return

    def _sweep(self, found: Sequence[Document]) -> None:
        now = self._clock()
        over = [name for name, session in map(_read, found) if session is None or session.over(now)]
        for name in over[:_SWEPT_AT_ONCE]:
            self._delete(name, None)


def _read(document: Document) -> tuple[str, Session | None]:
    try:
        return document.name, Session.from_content(document.content)
    except (ValueError, TypeError, KeyError) as error:
        _log.error("a session cannot be read, and opens nothing: %r", error)
        return document.name, None
