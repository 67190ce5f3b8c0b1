"""A token as it is kept: its role, how long it lasts, and a digest of its secret, never the secret."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from strangler_proxy.control.refused import Refused
from strangler_proxy.control.roles import Role

__all__ = ["KIND", "Caller", "Token", "TokenRefused", "digest_of", "new_secret"]

KIND: Final = "token"
# So that whoever looks through code and logs for secrets knows one of ours.
_MARK: Final = "strangler_"


def new_secret() -> str:
    """What the bearer of a new token shows: 256 random bits."""
    return _MARK + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is kept of a secret.

    A fast hash is enough, and right: among 2^256 secrets none is found by trying, which is all that a slow one would
    hinder, and each request is checked.
    """
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class TokenRefused(Refused):
    """What is wanted of a token cannot be."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who showed a token: its name and role."""

    token: str
    role: Role


@dataclass(frozen=True, slots=True)
class Token:
    """A token: made at `made` by `by`, good until `expires` (None: for ever), all UTC.

    After a rotation the secret before it is good until `former_until`, where `former` is its digest.
    """

    name: str
    role: Role
    digest: str
    made: datetime
    by: str
    expires: datetime | None = None
    rotated: datetime | None = None
    former: str = ""
    former_until: datetime | None = None

    @property
    def caller(self) -> Caller:
        """Whoever shows it."""
        return Caller(self.name, self.role)

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires is not None and now >= self.expires

    def shown_by(self, digest: str, now: datetime) -> bool:
        """Whether it is this token whose secret has that digest, in a time that does not tell how nearly."""
        present = compare_digest(self.digest, digest)
        former = self.former_until is not None and now < self.former_until and compare_digest(self.former, digest)
        return (present or former) and not self.expired(now)

    def digests(self, now: datetime) -> tuple[str, ...]:
        """Those of the secrets that are good now."""
        if self.expired(now):
            return ()
        former = self.former_until is not None and now < self.former_until
        return (self.digest, self.former) if former else (self.digest,)

    def turned(self, digest: str, *, at: datetime, former_until: datetime) -> Token:
        """This token with another secret; the present one is good until `former_until`."""
        return replace(self, digest=digest, rotated=at, former=self.digest, former_until=former_until)

    def to_json(self) -> dict[str, Any]:
        """What may be told of it, as plain JSON types: nothing that its secret could be known by."""
        return {
            "name": self.name,
            "role": self.role.value,
            "made": self.made.isoformat(),
            "by": self.by,
            "expires": _text(self.expires),
            "rotated": _text(self.rotated),
            "former_until": _text(self.former_until),
        }

    def content(self) -> dict[str, Any]:
        """The content of its document."""
        return {**self.to_json(), "digest": self.digest, "former": self.former}

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Token:
        """The token that `content` gave. Raises ValueError, TypeError or KeyError for anything else."""
        return cls(
            name=str(content["name"]),
            role=Role(content["role"]),
            digest=str(content["digest"]),
            made=datetime.fromisoformat(content["made"]),
            by=str(content["by"]),
            expires=_time(content["expires"]),
            rotated=_time(content["rotated"]),
            former=str(content["former"]),
            former_until=_time(content["former_until"]),
        )


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
