"""Whom a share is counted over: a subject from the request, by configuration or by our own signed cookie."""

from __future__ import annotations

import hmac
import os
import secrets
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from strangler.errors import StranglerError
from strangler_proxy.tester import Testers

__all__ = ["COOKIE", "KEY_BYTES", "Headers", "Subject", "SubjectKeyError", "Subjects", "load_or_create_key"]

COOKIE: Final = "strangler_subject"
KEY_BYTES: Final = 32
Headers = Sequence[tuple[bytes, bytes]]

_VERSION: Final = b"v1"
_TOKEN_LENGTH: Final = 22  # of 16 bytes in base64url without padding
_MAX_AGE: Final = 365 * 24 * 3600
_ATTRIBUTES: Final = b"; Path=/; HttpOnly; SameSite=Lax"


class SubjectKeyError(StranglerError):
    """The key that signs subjects cannot be read or made."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks. `new` is True where nobody knew the subject before, so that the answer must set the cookie."""

    value: str
    new: bool = False


class Subjects:
    """Finds the subject of a request: from `sources` (`header:NAME`, `cookie:NAME`) in order, then from our cookie.

    An empty value counts as none, and a cookie of ours that is unsigned, forged or cut off counts as none. `testers`
    are those whose words were signed with the same key.
    """

    def __init__(self, key: bytes, sources: tuple[str, ...] = ()) -> None:
        if len(key) != KEY_BYTES:
            raise SubjectKeyError(f"a subject key has {KEY_BYTES} bytes, not {len(key)}")
        self.sources = sources
        self.testers = Testers(key)
        self._signer = hmac.new(key, COOKIE.encode() + b":", sha256)
        self._sources: tuple[Callable[[Headers], bytes], ...] = tuple(_source(source) for source in sources)

    def of(self, headers: Headers) -> Subject:
        """The subject of a request with these headers (names in any case); a new one where there is none."""
        for source in self._sources:
            if value := source(headers):
                return Subject(value.decode("utf-8", "backslashreplace"))
        for cookie in _cookies(headers, COOKIE.encode()):
            if (known := self.verified(cookie)) is not None:
                return Subject(known)
        return Subject(_token(secrets.token_bytes(16)).decode(), new=True)

    def set_cookie(self, subject: Subject, secure: bool) -> bytes:
        """The value of the Set-Cookie header which makes `subject` known from now on, for a year."""
        value = subject.value.encode()
        cookie = b".".join((_VERSION, value, self._signature(value)))
        return b"%s=%s; Max-Age=%d%s%s" % (
            COOKIE.encode(),
            cookie,
            _MAX_AGE,
            _ATTRIBUTES,
            b"; Secure" if secure else b"",
        )

    def clear_cookie(self) -> bytes:
        """The value of the Set-Cookie header which takes our cookie away."""
        return b"%s=; Max-Age=0%s" % (COOKIE.encode(), _ATTRIBUTES)

    def _signature(self, value: bytes) -> bytes:
        signer = self._signer.copy()
        signer.update(_VERSION + b"." + value)
        return _token(signer.digest()[:16])

    def verified(self, cookie: bytes) -> str | None:
        """The subject in the value of our own cookie; None where it is unsigned, forged or cut off."""
        parts = cookie.split(b".")
        if len(parts) != 3 or parts[0] != _VERSION or len(parts[1]) != _TOKEN_LENGTH:
            return None
        if not hmac.compare_digest(parts[2], self._signature(parts[1])):
            return None
        return parts[1].decode("ascii")


def _token(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def _source(source: str) -> Callable[[Headers], bytes]:
    kind, _, name = source.partition(":")
    if kind == "header":
        lower = name.lower().encode()
        return lambda headers: next((value.strip() for key, value in headers if key.lower() == lower), b"")
    exact = name.encode()
    return lambda headers: next((value for value in _cookies(headers, exact) if value), b"")


def _cookies(headers: Headers, name: bytes) -> list[bytes]:
    """The values of the cookies of that name, in their order."""
    start = name + b"="
    found = []
    for key, value in headers:
        if start in value and key.lower() == b"cookie":
            for pair in value.split(b";"):
                pair = pair.strip()
                if pair.startswith(start):
                    found.append(pair[len(start) :].strip().strip(b'"'))
    return found


def load_or_create_key(path: Path) -> bytes:
    """The key kept in `path`, made by whoever comes first (mode 0600, whole or not at all) and the same for all.

    Raises SubjectKeyError when it cannot be read or made, or is not a key.
    """
    try:
        if not path.exists():
            _create_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise SubjectKeyError(f"{path}: the subject key cannot be read or made: {error.strerror}") from error
    if len(key) != KEY_BYTES:
        raise SubjectKeyError(
            f"{path}: the subject key has {len(key)} bytes instead of {KEY_BYTES}. Bring the file back from a backup;"
            " or remove it, and each subject of a canary is drawn anew."
        )
    return key


def _create_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # somebody was first: theirs is the key
            os.link(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
