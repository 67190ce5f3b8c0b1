"""Asking the control plane how the toggles stand, with nothing but the standard library."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from strangler.errors import (
    ConfigError,
    ControlRefused,
    ControlUnreachable,
    Problem,
    SnapshotError,
    StranglerError,
)
from strangler.toggles.snapshot import Snapshot

__all__ = ["ControlSource"]

_LARGEST_SNAPSHOT: Final = 16 * 1024 * 1024


class ControlSource:
    """The control API at `url`, asked with `token`, or with the token in `token_file`, read anew for each question.

    Neither proxies from the environment nor redirects are followed: the token goes to this address alone. Raises
    ConfigError for a `url` that is not an http or https address.
    """

    def __init__(self, url: str, token: str = "", token_file: Path | None = None) -> None:
        self._address = _address(url)
        self._token = token
        self._token_file = token_file

    @property
    def place(self) -> str:
        """The address, for people to read."""
        return self._address.geturl()

    def connection(self, *, timeout: float) -> HTTPConnection:
        """A connection for several questions, made at the first. `timeout` bounds each wait for bytes, in seconds."""
        kind = HTTPSConnection if self._address.scheme == "https" else HTTPConnection
        return kind(self._address.hostname or "", self._address.port, timeout=timeout)

    def ask(self, connection: HTTPConnection, known: int | None, wait: float) -> Snapshot:
        """The present snapshot; given a `known` revision, held back until there is another, at most `wait` seconds.

        Raises ControlUnreachable, ControlRefused, SnapshotError, or StranglerError for a token that cannot be had.
        """
        query = "" if known is None else f"?wait={wait:g}&revision={known}"
        target = f"{self._address.path.rstrip('/')}/api/v1/snapshot{query}"
        place = f"The control plane at {self.place}"
        headers = {"Authorization": f"Bearer {self._present_token()}", "Accept": "application/json"}
        try:
            connection.request("GET", target, headers=headers)
            response = connection.getresponse()
            body = response.read(_LARGEST_SNAPSHOT + 1)
        except (OSError, HTTPException) as error:
            raise ControlUnreachable(f"{place} does not answer: {error!r}.") from error
        if response.status != 200:
            raise ControlRefused(
                response.status,
                "snapshot",
                f"{place} answered {response.status} to a request for the toggles;"
                " check the address and STRANGLER_TOKEN or STRANGLER_TOKEN_FILE.",
            )
        if len(body) > _LARGEST_SNAPSHOT:
            raise SnapshotError(f"{place} sent more than {_LARGEST_SNAPSHOT} bytes.")
        try:
            return Snapshot.from_json(json.loads(body))
        except (ValueError, RecursionError) as error:
            raise SnapshotError(f"{place} sent no JSON: {error}.") from error

    def _present_token(self) -> str:
        token = self._token
        if not token and self._token_file is not None:
            try:
                token = self._token_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise StranglerError(f"{self._token_file}: the token cannot be read: {error}.") from error
        if not token.isascii() or not token.isprintable():
            # Left to the HTTP client, its error would quote the token.
            raise StranglerError("The token holds characters that a header cannot carry; it should be one plain word.")
        return token


def _address(url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        right = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        right = False
    if not right or "@" in address.netloc:
        # A password in an address would turn up in messages; the token has settings of its own.
        shown = url if "@" not in url else "…@" + url.rpartition("@")[2]
        wrong = f"{shown!r} is not the address of a control plane."
        raise ConfigError([Problem("Toggles", None, "control_url", wrong, "Write one such as http://127.0.0.1:8081.")])
    return address
