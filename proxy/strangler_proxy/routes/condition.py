"""A route's conditions on headers and query parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strangler_proxy.routes.route import Route
from strangler_proxy.routes.target import last_values, without_fragment

__all__ = ["Asked", "Conditions"]


class Asked:
    """What a request says beside method and path, looked into only once a condition wants to know."""

    __slots__ = ("_headers", "_parameters", "_raw_path", "_raw_query")

    def __init__(self, raw_path: bytes, raw_query: bytes, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw_path = raw_path
        self._raw_query = raw_query
        self._headers = headers
        self._parameters: dict[str, str] | None = None

    def parameter(self, name: str) -> str | None:
        """The last value of a query parameter, as Django's `request.GET[name]`; None where it is not there."""
        if self._parameters is None:
            self._parameters = last_values(without_fragment(self._raw_path, self._raw_query))
        return self._parameters.get(name)

    def header(self, lower_name: bytes) -> str | None:
        """A header's value, several lines joined by commas as WSGI servers join them; None where it is not there."""
        values = [value.strip() for name, value in self._headers if name.lower() == lower_name]
        return b",".join(values).decode("latin-1") if values else None


@dataclass(frozen=True, slots=True)
class Conditions:
    """Required headers (lower-case names) and query parameters; None as a value means any."""

    headers: tuple[tuple[bytes, str | None], ...]
    parameters: tuple[tuple[str, str | None], ...]

    @classmethod
    def of(cls, route: Route) -> Conditions:
        """A route's conditions, ready to be asked."""
        headers = ((name.lower().encode("latin-1", "replace"), value) for name, value in route.headers.items())
        return cls(tuple(headers), tuple(route.query.items()))

    def __bool__(self) -> bool:
        return bool(self.headers or self.parameters)

    @property
    def rank(self) -> tuple[int, int]:
        """More conditions are more specific, and of equally many those with more values; smaller comes first."""
        values = [value for _, value in (*self.headers, *self.parameters)]
        return -len(values), -sum(value is not None for value in values)

    def met(self, asked: Asked) -> bool:
        """Whether the request meets all of them."""
        return self.unmet(asked) is None

    def unmet(self, asked: Asked) -> str | None:
        """The first condition that the request does not meet, in words; None where it meets them all."""
        for header, wanted in self.headers:
            found = asked.header(header)
            if found is None or wanted not in (None, found):
                return _words("header", header.decode("latin-1"), wanted, found)
        for parameter, wanted in self.parameters:
            found = asked.parameter(parameter)
            if found is None or wanted not in (None, found):
                return _words("query parameter", parameter, wanted, found)
        return None


def _words(kind: str, name: str, wanted: str | None, found: str | None) -> str:
    want = "" if wanted is None else f" = {wanted!r}"
    return f"it requires the {kind} {name}{want}, and the request has {'none' if found is None else repr(found)}"
