"""Signed words that put one person on a side of their choice: a tester, for some routes and some time."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any, Final

from strangler.toggles import Side

__all__ = [
    "COOKIE",
    "EXPIRED",
    "FORGED",
    "HEADER",
    "HONOURED",
    "LONGEST",
    "OTHER_ROUTE",
    "REVOKED",
    "Tester",
    "Testers",
]

HEADER: Final = "X-Strangler-Tester"
COOKIE: Final = "strangler_tester"
# What becomes of a word, as it is counted.
HONOURED: Final = "honoured"
EXPIRED: Final = "expired"
FORGED: Final = "forged"
OTHER_ROUTE: Final = "other-route"
REVOKED: Final = "revoked"
LONGEST: Final = 30 * 86400
"""How long a word may be good, in seconds."""

_VERSION: Final = b"v1"
_MOST_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class Tester:
    """Whoever has this word gets `side` on the routes that the glob `routes` names, until `expires` (seconds since
    1970). `name` says whose it is, `issued` since when (milliseconds since 1970)."""

    name: str
    routes: str
    side: Side
    expires: float
    issued: int = 0

    def takes(self, route: str) -> bool:
        """Whether the word counts on a route."""
        return fnmatchcase(route, self.routes)


class Testers:
    """Signs words, and tells those that it signed, and that are not revoked, from all others. `key` is the one that
    signs subjects; a signature of one is none of the other."""

    def __init__(self, key: bytes) -> None:
        self._signer = hmac.new(key, COOKIE.encode() + b":", sha256)
        self._revoked: Mapping[str, int] = {}

    def revoke(self, revoked: Mapping[str, int]) -> None:
        """Let words be good no more, from now on and no others: of each name those issued until then."""
        self._revoked = dict(revoked)

    def signed(self, tester: Tester) -> str:
        """The word, fit for a header and for a cookie."""
        document = {
            "n": tester.name,
            "r": tester.routes,
            "s": tester.side.value,
            "e": int(tester.expires),
            "i": tester.issued,
        }
        payload = _token(json.dumps(document, separators=(",", ":")).encode())
        return b".".join((_VERSION, payload, self._signature(payload))).decode("ascii")

    def verified(self, value: bytes) -> Tester | None:
        """Whom a word is of, whether its time is over or not; None for one that was not signed here."""
        parts = value.split(b".")
        if len(value) > _MOST_BYTES or len(parts) != 3 or parts[0] != _VERSION:
            return None
        if not hmac.compare_digest(parts[2], self._signature(parts[1])):
            return None
        return _tester(json.loads(urlsafe_b64decode(parts[1] + b"=" * (-len(parts[1]) % 4))))

    def outcome(self, value: bytes, route: str, now: float) -> tuple[str, Side | None]:
        """What becomes of a word on a route, and the side that it gives; None where it is to be passed over."""
        tester = self.verified(value)
        if tester is None:
            return FORGED, None
        if now >= tester.expires:
            return EXPIRED, None
        if tester.issued <= self._revoked.get(tester.name, -1):
            return REVOKED, None
        return (HONOURED, tester.side) if tester.takes(route) else (OTHER_ROUTE, None)

    def _signature(self, payload: bytes) -> bytes:
        signer = self._signer.copy()
        signer.update(_VERSION + b"." + payload)
        return _token(signer.digest())


def _tester(document: dict[str, Any]) -> Tester:
    return Tester(document["n"], document["r"], Side(document["s"]), float(document["e"]), int(document.get("i", 0)))


def _token(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
