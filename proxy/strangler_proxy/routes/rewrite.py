"""The path that a candidate is asked for, where a route rewrites it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from strangler_proxy.routes.template import VARIABLE

__all__ = ["Rewrite"]

# What may stand in a path unquoted, beside letters and digits (RFC 3986: pchar and the slash).
_UNQUOTED: Final = "/-._~!$&'()*+,;=:@"


class Rewrite:
    """A rewrite template such as `/v1/products/<id>`, ready to be filled in."""

    __slots__ = ("_end", "_pieces")

    def __init__(self, template: str) -> None:
        pieces: list[tuple[str, str]] = []
        end = 0
        for found in VARIABLE.finditer(template):
            pieces.append((quote(template[end : found.start()], safe=_UNQUOTED + "%"), found["name"]))
            end = found.end()
        self._pieces = tuple(pieces)
        self._end = quote(template[end:], safe=_UNQUOTED + "%")

    def fill(self, params: Mapping[str, str]) -> bytes:
        """The path with the variables' values, each percent-encoded anew; slashes in a value stay slashes."""
        parts = [before + quote(params[name], safe=_UNQUOTED) for before, name in self._pieces]
        return ("".join(parts) + self._end).encode("ascii")
