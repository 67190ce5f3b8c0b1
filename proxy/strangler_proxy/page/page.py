"""One page of the control room, or a part of one: where it is served, by whom, and for whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

__all__ = ["Page", "least_of"]


class Page(Route):
    """`method` `path`, answered by `handler`; `least` is the role that a visitor must have (`view`, `operate` or
    `approve`), None for anybody, signed in or not."""

    def __init__(
        self,
        path: str,
        handler: Callable[[Request], Awaitable[Response]],
        method: str = "GET",
        *,
        least: str | None = "view",
    ) -> None:
        super().__init__(path, handler, methods=[method])
        self.least = least


def least_of(routes: Iterable[BaseRoute], scope: Scope) -> str | None:
    """The role that a request wants. What is not served wants somebody who has signed in: nobody else need know what
    there is."""
    for route in routes:
        if route.matches(scope)[0] is Match.FULL:
            return route.least if isinstance(route, Page) else "approve"
    return "view"
