"""What a recorded request is counted under: its route, and its path with the variables named."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from strangler.compare import Request
from strangler_proxy.routes import RouteTable

__all__ = ["Endpoint", "Endpoints"]

_MOST: Final = 64
_REST: Final = "…"
_UUID: Final = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_HEX: Final = re.compile(r"(?=.*\d)[0-9a-f]{8,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """A route's name (empty outside every route), the method, and the path with `<int>`, `<uuid>`, `<hex>` for values.

    Where the route's own template has one variable for several segments, or there is no route, the values are
    recognised by their form.
    """

    route: str
    method: str
    template: str

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


class Endpoints:
    """Names the endpoints of requests: by the routes of `table`, without one by the names in the recording.

    Of one route 64 templates are told apart; further ones are counted together as `…`.
    """

    def __init__(self, table: RouteTable | None = None) -> None:
        self._table = table
        self._seen: dict[str, set[str]] = defaultdict(set)

    def of(self, request: Request) -> Endpoint:
        """The endpoint of a request."""
        path, _, query = request.target.partition("?")
        route, template = request.route, ""
        if self._table is not None:
            match = self._table.match(
                request.method,
                path.encode("latin-1", "replace"),
                query.encode("latin-1", "replace"),
                [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
                 for name, value in request.headers],
            )  # fmt: skip
            route = "" if match is None else match.route.name
            template = "" if match is None else match.route.path
        if not template or "<path:" in template:
            template = _template(path)
        seen = self._seen[route]
        if template not in seen:
            if len(seen) >= _MOST:
                template = _REST
            else:
                seen.add(template)
        return Endpoint(route, request.method, template)


def _template(path: str) -> str:
    return "/".join(_segment(each) for each in path.split("/"))


def _segment(text: str) -> str:
    if text.isdecimal():
        return "<int>"
    if _UUID.fullmatch(text):
        return "<uuid>"
    return "<hex>" if _HEX.fullmatch(text) else text
