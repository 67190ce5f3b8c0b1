"""A session of the control room as it is kept: whose it is and how long it lasts, never what it is known by."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest, new
from typing import Any, Final

__all__ = ["KIND", "LIFETIME", "Session", "SignedIn", "form_token_of", "name_of", "new_id", "short_of"]

KIND: Final = "session"
# A working day. Nothing makes it longer: a page left open asks for news for ever.
LIFETIME: Final = timedelta(hours=12)


def new_id() -> str:
    """What a browser shows of a new session: 256 random bits."""
    return secrets.token_urlsafe(32)


def name_of(session_id: str) -> str:
    """The name of the document of the session of that id."""
    return sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()


def short_of(name: str) -> str:
    """What a session is told by, of its document's name: nobody comes in with it."""
    return name[:16]


def form_token_of(session_id: str) -> str:
    """What forms of that session's pages carry: the id cannot be known from it."""
    return _keyed(session_id, "form")


@dataclass(frozen=True, slots=True)
class Session:
    """A session of `who`, begun with the token of that name at `made` (UTC). `bond` holds it to the secret that was
    shown: without the session's id nobody can try secrets on it, and another secret of the same token is not its."""

    token: str
    who: str
    bond: str
    made: datetime

    @classmethod
    def begun(cls, session_id: str, token: str, digest: str, who: str, at: datetime) -> Session:
        """The session of that id, with a secret of that digest."""
        return cls(token, who, _keyed(session_id, digest), at)

    def over(self, now: datetime) -> bool:
        """Whether its time is over."""
        return now >= self.made + LIFETIME

    def bound_to(self, session_id: str, digest: str) -> bool:
        """Whether it was begun with the secret of that digest, as the session of that id."""
        return compare_digest(self.bond, _keyed(session_id, digest))

    def content(self) -> dict[str, Any]:
        """The content of its document."""
        return {"token": self.token, "who": self.who, "bond": self.bond, "made": self.made.isoformat()}

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Session:
        """The session that `content` gave. Raises ValueError, TypeError or KeyError for anything else."""
        made = datetime.fromisoformat(content["made"])
        return cls(str(content["token"]), str(content["who"]), str(content["bond"]), made)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session as it may be told: `id` is its `short_of`."""

    id: str
    who: str
    token: str
    made: datetime

    def to_json(self) -> dict[str, Any]:
        """It as a JSON document."""
        until = self.made + LIFETIME
        return {
            "id": self.id,
            "who": self.who,
            "token": self.token,
            "made": self.made.isoformat(),
            "until": until.isoformat(),
        }


def _keyed(session_id: str, text: str) -> str:
    return new(session_id.encode("utf-8", "surrogatepass"), text.encode(), sha256).hexdigest()
