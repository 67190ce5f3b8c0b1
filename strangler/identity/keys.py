"""The proxy's public keys, read from where it publishes them and kept for as long as they may be believed."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from strangler.errors import KeysUnavailable

__all__ = ["IdentityKeys", "read_jwks"]

_LARGEST: Final = 65536
_FIRST_PAUSE: Final = 1.0


class IdentityKeys:
    """Public keys by their id, from one or several `sources`: each an `http(s)://` URL or the path of a JWKS file.

    Replicas of the proxy each have keys of their own: name them all. Keys are read when the first identity comes, and
    anew once they are older than `refresh` seconds (default 300). An id that is not known has them read at once, but
    no more often than every `pause` seconds (default 10), so that made-up ids cost nobody anything. A source that does
    not answer is asked again after 1 s, then 2, 4, ... up to `refresh`; until then its last keys count, for `stale`
    seconds at most (default 3600). `timeout` bounds the reading from a URL (default 2). `clock` tells seconds that
    never go back. Threads may share one.
    """

    def __init__(
        self,
        *sources: str | Path,
        refresh: float = 300.0,
        pause: float = 10.0,
        stale: float = 3600.0,
        timeout: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not sources:
            raise ValueError("IdentityKeys needs the URL or the file of at least one proxy's public keys.")
        self._sources = [_Source(source, timeout) for source in sources]
        self._refresh = refresh
        self._pause = pause
        self._stale = stale
        self._clock = clock
        self._lock = threading.Lock()

    def known(self, kid: str) -> bool:
        """Whether `find` would answer for this id at once, without reading anything."""
        now = self._clock()
        return self._among(kid, now) is not None and not any(
            self._is_due(source, now, unknown=False) for source in self._sources
        )

    def find(self, kid: str) -> Ed25519PublicKey | None:
        """The key with this id, None where there is none. Reads the sources where it must.

        Raises KeysUnavailable when no source could be read, now or in the last `stale` seconds.
        """
        if self.known(kid):
            return self._among(kid, self._clock())
        # One thread reads; those who come meanwhile wait and find what it found.
        with self._lock:
            now = self._clock()
            unknown = self._among(kid, now) is None
            for source in self._sources:
                if self._is_due(source, now, unknown=unknown):
                    self._read(source, now)
        now = self._clock()
        if not any(self._is_believed(source, now) for source in self._sources):
            why = "; ".join(source.error or "it was not read for too long" for source in self._sources)
            raise KeysUnavailable(f"No public key of the proxy can be read: {why}.")
        return self._among(kid, now)

    def _among(self, kid: str, now: float) -> Ed25519PublicKey | None:
        for source in self._sources:
            if kid in source.keys and self._is_believed(source, now):
                return source.keys[kid]
        return None

    def _is_believed(self, source: _Source, now: float) -> bool:
        return source.read_at is not None and now - source.read_at < self._stale

    def _is_due(self, source: _Source, now: float, *, unknown: bool) -> bool:
        if now < source.next_try:
            return False
        if source.tried_at is None or source.error:
            return True
        return now - source.tried_at >= (self._pause if unknown else self._refresh)

    def _read(self, source: _Source, now: float) -> None:
        source.tried_at = now
        try:
            source.keys = read_jwks(source.content())
        except (OSError, HTTPException, ValueError) as error:
            source.error = f"{source.name}: {error}"
            source.pause = min(max(_FIRST_PAUSE, source.pause * 2), self._refresh)
            source.next_try = now + source.pause
        else:
            source.error = ""
            source.pause = 0.0
            source.next_try = now
            source.read_at = now


class _Source:
    def __init__(self, source: str | Path, timeout: float) -> None:
        self.name = str(source)
        self.keys: dict[str, Ed25519PublicKey] = {}
        self.read_at: float | None = None
        self.tried_at: float | None = None
        self.next_try = float("-inf")
        self.pause = 0.0
        self.error = ""
        self._timeout = timeout
        self._url = urlsplit(self.name) if self.name.startswith(("http://", "https://")) else None
        if self._url is None and "://" in self.name:
            raise ValueError(f"{source} is no place of keys: name an http:// or https:// URL, or a file.")

    def content(self) -> bytes:
        url = self._url
        if url is None:
            return Path(self.name).read_bytes()
        kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
        connection = kind(url.hostname or "", url.port, timeout=self._timeout)
        try:
            connection.request("GET", (url.path or "/") + (f"?{url.query}" if url.query else ""))
            answer = connection.getresponse()
            content = answer.read(_LARGEST + 1)
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError(f"it answers {answer.status}")
        if len(content) > _LARGEST:
            raise ValueError("it is too long to be keys")
        return content


def read_jwks(content: bytes) -> dict[str, Ed25519PublicKey]:
    """The Ed25519 keys of a JWK Set by their id; keys of other kinds are passed over. Raises ValueError for no set."""
    document: Any = json.loads(content)
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise ValueError("it is no JWK Set")
    found = {}
    for key in keys:
        if isinstance(key, dict) and key.get("kty") == "OKP" and key.get("crv") == "Ed25519":
            kid, x = key.get("kid"), key.get("x")
            if not isinstance(kid, str) or not isinstance(x, str) or key.get("use", "sig") != "sig":
                continue
            found[kid] = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(x + "=" * (-len(x) % 4)))
    return found
