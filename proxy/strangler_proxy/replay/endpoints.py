"""What a recorded request is counted under: its route, and its path with the variables named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from strangler.compare import Request
from strangler_proxy.routes import RouteTable
from strangler_proxy.shadow.shapes import Shapes

__all__ = ["Endpoint", "Endpoints"]

_ANY: Final = "/<path:rest>"


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """A route's name (empty outside every route), the method, and the path's template, as live shadow counts it."""

    route: str
    method: str
    template: str

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


class Endpoints:
    """Names the endpoints of requests: by the routes of `table`, without one by the names in the recording.

    Outside every route, and where a route is known by its name alone, what varies in a path is known by its form.
    """

    def __init__(self, table: RouteTable | None = None) -> None:
        self._table = table
        self._shapes: dict[str, Shapes] = {}

    def of(self, request: Request) -> Endpoint:
        """The endpoint of a request."""
        raw_path, _, raw_query = _raw(request.target).partition(b"?")
        route, template = request.route, _ANY
        if self._table is not None:
            headers = [(_raw(name), _raw(value)) for name, value in request.headers]
            match = self._table.match(request.method, raw_path, raw_query, headers)
            route, template = ("", _ANY) if match is None else (match.route.name, match.route.path)
        if raw_path == b"/" and template == _ANY:
            return Endpoint(route, request.method, "/")
        shapes = self._shapes.get(route)
        if shapes is None:
            shapes = self._shapes[route] = Shapes(template)
        return Endpoint(route, request.method, shapes.of(raw_path))


def _raw(text: str) -> bytes:
    return text.encode("latin-1", "replace")
