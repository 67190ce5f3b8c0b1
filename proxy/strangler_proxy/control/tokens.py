"""Whose token it is: all tokens in force, the same for every replica."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Final

from strangler.documents import Document, DocumentStore, Event
from strangler.errors import DocumentConflict, StoreUnavailable
from strangler_proxy.control.bootstrap import BOOTSTRAP, Bootstrap
from strangler_proxy.control.roles import Role
from strangler_proxy.control.token import KIND, Caller, Token, TokenRefused, digest_of, new_secret

__all__ = ["MOST_TOKENS", "Tokens"]

# Each request is held against all of them.
MOST_TOKENS: Final = 1000
_LOOK_EVERY: Final = 1.0
_LOOK_AT_ONCE: Final = 0.25

_log = logging.getLogger("strangler.control")


def _now() -> datetime:
    return datetime.now(UTC)


class Tokens:
    """The tokens that `documents` keep, and this replica's own `bootstrap`.

    They are looked at once a second, and at once for a secret that is not known: one made on another replica opens the
    door here too. While the store does not answer, those known last count; their times run out all the same.
    """

    def __init__(self, documents: DocumentStore, bootstrap: Bootstrap, *, clock: Callable[[], datetime] = _now) -> None:
        self._documents = documents
        self._bootstrap = bootstrap
        self._clock = clock
        self._known: Sequence[Token] = ()
        self._used: dict[str, datetime] = {}
        self._error = ""
        self._looked = -_LOOK_EVERY
        self._changes = 0

    async def watch(self) -> None:
        """Follow the store until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_EVERY)

    async def look(self) -> None:
        """Take up what the store has now."""
        self._looked, changes = monotonic(), self._changes
        try:
            found = await asyncio.to_thread(self._documents.listed, KIND)
        except StoreUnavailable as error:
            if str(error) != self._error:
                self._error = str(error)
                _log.error("The tokens cannot be looked at: %s Those known before count.", error)
            return
        self._error = ""
        if changes != self._changes:
            # Read before what was changed here meanwhile: one that was revoked would come back for a while.
            return
        self._known = [token for token in map(_read, found) if token is not None]
        names = {token.name for token in self._known}
        self._used = {name: at for name, at in self._used.items() if name in names}

    async def caller_of(self, secret: str) -> Caller | None:
        """Whose secret that is; None for nobody's, or one whose time is over."""
        digest = digest_of(secret)
        caller = self._of(digest)
        if caller is None and monotonic() - self._looked >= _LOOK_AT_ONCE:
            await self.look()
            caller = self._of(digest)
        return caller

    def _of(self, digest: str) -> Caller | None:
        """Every token is looked at, whichever it is: how long that takes tells nothing."""
        now = self._clock()
        found: Caller | None = Bootstrap.caller if self._bootstrap.shown_by(digest) else None
        for token in self._known:
            if token.shown_by(digest, now):
                self._used[token.name] = now
                found = token.caller
        return found

    def named(self, name: str) -> Caller | None:
        """Whoever shows the token of that name; None where it is not in force."""
        return self.proven(name, lambda _: True)

    def proven(self, name: str, proof: Callable[[str], bool]) -> Caller | None:
        """Whoever shows the token of that name, where `proof` holds of the digest of a secret that is good now; None
        otherwise."""
        if name == BOOTSTRAP:
            return Bootstrap.caller if proof(self._bootstrap.digest) else None
        now = self._clock()
        for token in self._known:
            if token.name == name and any(proof(digest) for digest in token.digests(now)):
                self._used[name] = now
                return token.caller
        return None

    def listed(self) -> list[dict[str, Any]]:
        """What may be told of each token, by name; `used` is when one was shown last to this replica since it started,
        and `in_force` whether its time is not over."""
        now = self._clock()
        return [
            {
                **token.to_json(),
                "in_force": not token.expired(now),
                "used": self._used[token.name].isoformat() if token.name in self._used else None,
            }
            for token in sorted(self._known, key=lambda token: token.name)
        ]

    async def create(self, name: str, role: Role, *, seconds: float | None, who: str, why: str) -> tuple[Token, str]:
        """Make a token that is good for so many `seconds` (None: for ever); gives it and its secret, told once.

        Raises TokenRefused for a name that is taken or when there are too many, StoreUnavailable.
        """
        if name == BOOTSTRAP:
            raise TokenRefused("first_token", f"{name} is the name of the first token.", "Choose another name.")
        if len(self._known) >= MOST_TOKENS:
            raise TokenRefused(
                "too_many_tokens",
                f"There are {len(self._known)} tokens, and each request is held against all of them.",
                "Revoke those that nobody uses: `strangler token list` says when each was used.",
            )
        now, secret = self._clock(), new_secret()
        expires = None if seconds is None else now + timedelta(seconds=seconds)
        token = Token(name, role, digest_of(secret), made=now, by=who, expires=expires)
        event = Event(now, who, "token.create", name, why, {"role": role.value, "expires": token.to_json()["expires"]})
        remedy = f"Choose another name, or give it another secret: `strangler token rotate {name}`."
        await self._put(name, token, 0, event, TokenRefused("token_exists", f"There is a token {name!r}.", remedy))
        return token, secret

    async def revoke(self, name: str, *, who: str, why: str) -> None:
        """Let a token be good no more: at once here, and within a second on every other replica.

        Raises TokenRefused for one that there is not and for the first token, StoreUnavailable.
        """
        if name == BOOTSTRAP:
            raise TokenRefused(
                "first_token",
                f"{name} is the first token, which each replica keeps for itself.",
                "`strangler token rotate control.token` gives it another secret.",
            )
        document, token = await self._kept(name)
        event = Event(self._clock(), who, "token.revoke", name, why, {"role": token.role.value})
        await self._put(name, None, document.version, event, _overtaken(name))

    async def rotate(self, name: str, *, grace: float, who: str, why: str) -> str:
        """Give a token another secret, which is told once; the present one is good for `grace` seconds more.

        Raises StoreUnavailable, and TokenRefused for one that there is not and for a grace of the first token, which
        has none: whoever reads it from its file has the new one at once.
        """
        now = self._clock()
        if name == BOOTSTRAP:
            if grace:
                wrong = "The first token changes at once: it has no grace."
                raise TokenRefused("first_token", wrong, "Leave --grace away.")
            # Written down first: once it is done, nobody could be told that it was not.
            await asyncio.to_thread(self._documents.record, Event(now, who, "token.rotate", name, why))
            return await asyncio.to_thread(self._bootstrap.rotate)
        document, token = await self._kept(name)
        secret = new_secret()
        turned = token.turned(digest_of(secret), at=now, former_until=now + timedelta(seconds=grace))
        event = Event(now, who, "token.rotate", name, why, {"grace": grace})
        await self._put(name, turned, document.version, event, _overtaken(name))
        return secret

    async def _kept(self, name: str) -> tuple[Document, Token]:
        document = await asyncio.to_thread(self._documents.read, KIND, name)
        token = None if document is None else _read(document)
        if document is None or token is None:
            raise TokenRefused(
                "unknown_token", f"There is no token {name!r}.", "`strangler token list` lists them.", status=404
            )
        return document, token

    async def _put(self, name: str, token: Token | None, expected: int, event: Event, taken: TokenRefused) -> None:
        content = None if token is None else token.content()
        try:
            await asyncio.to_thread(
                self._documents.write, KIND, name, content, expected=expected, at=event.at, event=event
            )
        except DocumentConflict:
            raise taken from None
        self._changes += 1
        others = [each for each in self._known if each.name != name]
        self._known = others if token is None else [*others, token]


def _overtaken(name: str) -> TokenRefused:
    wrong = f"Somebody else has just changed the token {name!r}."
    return TokenRefused("token_changed", wrong, "Nothing was done: look with `strangler token list`, and say it again.")


def _read(document: Document) -> Token | None:
    try:
        return Token.from_content(document.content)
    except (ValueError, TypeError, KeyError) as error:
        # One that cannot be read opens nothing, and must not keep the others from doing so.
        _log.error("the token %s cannot be read: %r", document.name, error)
        return None
