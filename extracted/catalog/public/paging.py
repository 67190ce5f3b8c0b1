from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from extracted.catalog.public.asked import Asked
from extracted.catalog.public.refusal import refusal

__all__ = ["Page"]

_SIZE = 20
_LARGEST_SIZE = 100


@dataclass(frozen=True)
class Page:
    """One page of `count` things: the part `[offset : offset + size]`, and the links to its neighbours."""

    asked: Asked
    count: int
    number: int
    size: int
    pages: int

    @classmethod
    def of(cls, asked: Asked, count: int) -> Page:
        """The page that is asked for. Raises Refusal when there is none of that number."""
        size = _size(asked.parameter("page_size"))
        pages = max(1, -(-count // size))
        text = asked.parameter("page") or "1"
        try:
            number = pages if text == "last" else int(text)
        except ValueError:
            number = 0
        if not 1 <= number <= pages:
            raise refusal(404, "invalid_page", asked.language)
        return cls(asked, count, number, size, pages)

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    def body(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "count": self.count,
            "next": self._link(self.number + 1) if self.number < self.pages else None,
            "previous": self._link(self.number - 1) if self.number > 1 else None,
            "results": results,
        }

    def _link(self, number: int) -> str:
        parts = urlsplit(self.asked.address)
        parameters = parse_qs(parts.query, keep_blank_values=True)
        parameters.pop("page", None)
        if number > 1:
            parameters["page"] = [str(number)]
        return urlunsplit(parts._replace(query=urlencode(sorted(parameters.items()), doseq=True)))


def _size(text: str | None) -> int:
    try:
        size = int(text) if text is not None else 0
    except ValueError:
        return _SIZE
    return min(size, _LARGEST_SIZE) if size > 0 else _SIZE
