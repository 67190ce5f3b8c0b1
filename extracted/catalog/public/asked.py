from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote

from extracted.catalog.public.languages import chosen_language

__all__ = ["Asked", "TooManyParameters"]

_MOST_PARAMETERS = 1000
_HOST = re.compile(r"([a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::([0-9]+))?")


class TooManyParameters(Exception):
    """More query parameters than the monolith takes."""


@dataclass(frozen=True)
class Asked:
    """A request as the monolith would see it.

    `path` is decoded, `query` the raw query string as latin-1 text, `headers` by lower-case name, those sent more
    than once joined by a comma. `peer` is the address of whoever connected.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    peer: str
    wire_scheme: str = "http"

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> Asked:
        """From an ASGI scope."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        client = scope.get("client")
        return cls(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            peer=client[0] if client else "",
            wire_scheme=scope.get("scheme", "http"),
        )

    @cached_property
    def scheme(self) -> str:
        forwarded = self.headers.get("x-forwarded-proto")
        if forwarded is None:
            return self.wire_scheme
        return "https" if forwarded.split(",", 1)[0].strip() == "https" else "http"

    def host_is_allowed(self, allowed: tuple[str, ...]) -> bool:
        """Whether the Host is one, and one of `allowed`: names, `.name` for all below it, `*` for any."""
        match = _HOST.fullmatch(self.headers.get("host", "").lower())
        if match is None:
            return False
        name = match[1].removesuffix(".")
        return bool(name) and any(_names(pattern.lower(), name) for pattern in allowed)

    @cached_property
    def language(self) -> str:
        return chosen_language(self.headers.get("cookie", ""), self.headers.get("accept-language", ""))

    @cached_property
    def _pairs(self) -> dict[str, str]:
        raw = self.query.encode("latin-1")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = self.query
        try:
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS))
        except ValueError:
            raise TooManyParameters from None

    def parameter(self, name: str) -> str | None:
        """The last value of the parameter. Raises TooManyParameters."""
        return self._pairs.get(name)

    def full_path(self, *, slash: bool = False) -> str:
        """Path and query, escaped; with `slash`, one is put behind the path."""
        path = quote(self.path, safe="/:@&+$,-_.!~*'()") + ("/" if slash else "")
        return f"{path}?{_escaped(self.query)}" if self.query else path

    @cached_property
    def origin(self) -> str:
        """Scheme and host, as whoever asks knows them."""
        return _escaped(f"{self.scheme}://{self.headers.get('host', '')}")

    @property
    def address(self) -> str:
        """The absolute address of the request itself."""
        return self.origin + _escaped(self.full_path())


def _names(pattern: str, name: str) -> bool:
    if pattern.startswith("."):
        return name.endswith(pattern) or name == pattern[1:]
    return pattern in {"*", name}


def _escaped(text: str) -> str:
    return quote(text, safe="/#%[]=:;$&()+,!?*@'~")
