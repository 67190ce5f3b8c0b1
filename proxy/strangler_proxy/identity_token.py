"""The signed identity: what the monolith vouched for, tied to one request of one service, for seconds only."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any, Final

from strangler.errors import StranglerError
from strangler.identity.binding import bound_to, decoded
from strangler.identity.identity import TYPE
from strangler_proxy.identity_keys import SigningKey, SigningKeys

__all__ = ["LONGEST_TOKEN", "TokenTooLong", "TokenWriter"]

# Servers refuse header lines that are much longer: gunicorn those above 8,190 bytes.
LONGEST_TOKEN: Final = 7000
# How long, in seconds, a key is signed with before its file is looked at again.
_LOOK: Final = 5.0


class TokenTooLong(StranglerError):
    """An identity that no service would accept, for its permissions, groups or session data are too many."""


class TokenWriter:
    """Writes identities for this proxy's services. `lifetime` is in seconds; `now` tells seconds since the epoch."""

    __slots__ = ("_head", "_issuer", "_key", "_keys", "_lifetime", "_looked", "_now")

    def __init__(
        self, keys: SigningKeys, *, issuer: str, lifetime: float, now: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._lifetime = lifetime
        self._now = now
        self._key: SigningKey | None = None
        self._head = b""
        self._looked = 0.0

    def claims(self, facts: dict[str, Any]) -> bytes:
        """The claims that are the same for all requests of a client, as the inside of a JSON object."""
        claims: dict[str, Any] = {"iss": self._issuer}
        user = facts["user"]
        if user is None:
            claims["anonymous"] = True
        else:
            claims["sub"] = user["id"]
            if user["username"]:
                claims["username"] = user["username"]
            claims.update({name: True for name in ("staff", "superuser") if user[name]})
            claims.update({name: user[name] for name in ("groups", "permissions") if user[name]})
            if facts["auth_time"] is not None:
                claims["auth_time"] = facts["auth_time"]
        if facts["session"]:
            claims["sid"] = facts["session"]
        if facts["data"]:
            claims["data"] = facts["data"]
        return json.dumps(claims, separators=(",", ":")).encode()[1:-1]

    def token(
        self, claims: bytes, *, audience: bytes, method: bytes, path: bytes, query: bytes, request_id: bytes
    ) -> bytes:
        """The token for one request, which the service `audience` gets with this method, raw path and raw query.

        Raises TokenTooLong, and StranglerError where there are no keys to sign with.
        """
        now = self._now()
        key = self._signing(now)
        issued = int(now)
        binding = bound_to(method, decoded(path), query).encode()
        # What comes from outside is quoted; names of upstreams and base64 need no quoting.
        body = b'{%b,"aud":"%b","iat":%d,"exp":%d,"jti":%b,"binding":"%b"}' % (
            claims,
            audience,
            issued,
            issued + int(self._lifetime),
            json.dumps(request_id.decode("latin-1")).encode(),
            binding,
        )
        signed = b"%b.%b" % (self._head, _base64(body))
        token = b"%b.%b" % (signed, _base64(key.private.sign(signed)))
        if len(token) > LONGEST_TOKEN:
            raise TokenTooLong(
                f"An identity has {len(token)} bytes and may have {LONGEST_TOKEN}: pass on fewer `permissions` or"
                " `session` values, under [identity] in strangler.toml."
            )
        return token

    def _signing(self, now: float) -> SigningKey:
        key = self._key
        if key is None or not 0 <= now - self._looked < _LOOK:
            key = self._key = self._keys.signing(now)
            self._looked = now
            head = {"alg": "EdDSA", "kid": key.kid, "typ": TYPE}
            self._head = _base64(json.dumps(head, separators=(",", ":")).encode())
        return key


def _base64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
