"""From a token to an identity, or to the reason why it is not believed."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import jwt

from strangler.errors import IdentityRefused
from strangler.identity.binding import bound_to
from strangler.identity.identity import HEADER, TYPE, Identity
from strangler.identity.keys import IdentityKeys

__all__ = ["Verifier"]

_ALGORITHM: Final = "EdDSA"
_REQUIRED: Final = ("iss", "aud", "exp", "iat", "jti", "binding")
_LONGEST: Final = 32768


class Verifier:
    """Verifies identities meant for `audience`, this service's name as an upstream in strangler.toml.

    `issuer` is what strangler.toml says under `[identity]` (default `strangler`). `leeway` is how far, in seconds, this
    machine's clock may be from the proxy's (default 5). `now` tells the time in seconds since the epoch. One verifier
    serves all threads.
    """

    def __init__(
        self,
        keys: IdentityKeys,
        *,
        audience: str,
        issuer: str = "strangler",
        leeway: float = 5.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._audience = audience
        self._issuer = issuer
        self._leeway = leeway
        self._now = now

    def ready(self, token: str) -> bool:
        """Whether `verify` would read no keys, and so neither wait for a network nor for a disk."""
        try:
            return self._keys.known(_kid(token))
        except IdentityRefused:
            return True

    def verify(self, token: str | None, method: str, path: bytes, query: bytes) -> Identity:
        """Who asks, by the `token` of a request with this method, decoded path and raw query.

        Raises IdentityRefused, and KeysUnavailable where no keys can be read.
        """
        if not token:
            raise IdentityRefused("missing", f"The request has no {HEADER}: it did not come through the proxy.")
        kid = _kid(token)
        key = self._keys.find(kid)
        if key is None:
            raise IdentityRefused("key", f"The identity is signed with a key that the proxy does not publish: {kid!r}.")
        try:
            # Times are judged below, by a clock that tests can set.
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "require": list(_REQUIRED),
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "strict_aud": True,
                },
            )
        except jwt.PyJWTError as error:
            raise IdentityRefused(_why(error), f"The identity is not believed: {error}.") from error
        self._check_times(claims)
        expected = bound_to(method.encode("latin-1"), path, query)
        if not hmac.compare_digest(str(claims["binding"]).encode(), expected.encode()):
            raise IdentityRefused(
                "binding", "The identity belongs to another request: its method, path or query differs."
            )
        return _identity(claims)

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        expires, issued, now = claims["exp"], claims["iat"], self._now()
        if not _is_time(expires) or not _is_time(issued):
            raise IdentityRefused("claims", "The identity does not say when it was made and when it ends.")
        if now >= expires + self._leeway:
            raise IdentityRefused("expired", f"The identity ended {now - expires:.0f} s ago.")
        if now < issued - self._leeway:
            raise IdentityRefused("early", f"The identity was made {issued - now:.0f} s from now: compare the clocks.")


def _kid(token: str) -> str:
    """The id of the key in a token's head, once that head is what ours would be."""
    if len(token) > _LONGEST:
        raise IdentityRefused("malformed", "The identity is too long to be one.")
    try:
        head = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise IdentityRefused("malformed", f"The identity is no token: {error}.") from error
    if head.get("alg") != _ALGORITHM:
        raise IdentityRefused("algorithm", f"The identity is signed by {head.get('alg')!r} instead of {_ALGORITHM!r}.")
    if head.get("typ") != TYPE or "crit" in head:
        raise IdentityRefused("type", f"The token is a {head.get('typ')!r} and not a {TYPE!r}.")
    kid = head.get("kid")
    if not isinstance(kid, str) or not kid:
        raise IdentityRefused("key", "The identity does not say by which key it is signed.")
    return kid


def _why(error: jwt.PyJWTError) -> str:
    if isinstance(error, jwt.InvalidSignatureError):
        return "signature"
    if isinstance(error, jwt.InvalidAudienceError):
        return "audience"
    if isinstance(error, jwt.InvalidIssuerError):
        return "issuer"
    return "claims" if isinstance(error, jwt.MissingRequiredClaimError) else "malformed"


def _is_time(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _identity(claims: Mapping[str, Any]) -> Identity:
    data = claims.get("data", {})
    if not isinstance(data, dict):
        raise IdentityRefused("claims", "The identity's session data is no table.")
    session, request_id = _text(claims, "sid"), _text(claims, "jti")
    expires: int = claims["exp"]
    if claims.get("anonymous") is True and "sub" not in claims:
        return Identity(session=session, data=MappingProxyType(data), expires=expires, request_id=request_id)
    subject = _text(claims, "sub")
    if not subject or claims.get("anonymous"):
        raise IdentityRefused("claims", "The identity names neither a user nor an anonymous client.")
    auth_time = claims.get("auth_time")
    return Identity(
        id=subject,
        username=_text(claims, "username"),
        staff=claims.get("staff") is True,
        superuser=claims.get("superuser") is True,
        groups=_names(claims, "groups"),
        permissions=_names(claims, "permissions"),
        session=session,
        auth_time=auth_time if _is_time(auth_time) else None,
        data=MappingProxyType(data),
        expires=expires,
        request_id=request_id,
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str):
        raise IdentityRefused("claims", f"The identity's {name} is no text.")
    return value


def _names(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    value = claims.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise IdentityRefused("claims", f"The identity's {name} are no list of names.")
    return frozenset(value)
