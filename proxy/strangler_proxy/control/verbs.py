"""One verb of the control API: where it is served, by whom, and the least role that it wants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from strangler_proxy.control.answers import refusal
from strangler_proxy.control.roles import Role
from strangler_proxy.plain import plain

__all__ = ["Verb", "least_role"]


class Verb(Route):
    """`method` `path`, answered by `handler`; `least` is the role that a caller must have, None for anybody.

    `takes` are the query parameters that there are, and of each whether it may come more than once; None for any: a
    parameter that is spelled wrongly would be passed over, and the answer be another than the one asked for.
    """

    def __init__(
        self, path: str, handler: Callable[[Request], Awaitable[Response]], method: str, *, least: Role | None
    ) -> None:
        super().__init__(path, handler, methods=[method])
        self.method = method
        self.least = least
        self.takes: Mapping[str, bool] | None = None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it for its query."""
        refused = None if self.takes is None else _misread(self.takes, scope["query_string"])
        if refused is None:
            await super().handle(scope, receive, send)
        else:
            await refused(scope, receive, send)


def least_role(routes: Iterable[BaseRoute], scope: Scope) -> Role | None:
    """The role that a request wants; None where it may come from anybody.

    What is served without saying so wants the highest. What is not served at all wants some token: nobody else need
    know what there is.
    """
    for route in routes:
        if route.matches(scope)[0] is Match.FULL:
            return route.least if isinstance(route, Verb) else Role.APPROVE
    return Role.VIEW


def _misread(takes: Mapping[str, bool], query: bytes) -> Response | None:
    """Why a query is not taken; None where it is."""
    seen: set[str] = set()
    for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        shown = plain(name)[:100]
        if name not in takes:
            known = f"The parameters here are {', '.join(sorted(takes))}." if takes else "There are none here."
            return refusal(422, "bad_input", f"There is no parameter {shown!r}.", where=shown or None, remedy=known)
        if name in seen and not takes[name]:
            return refusal(422, "bad_input", f"{shown} stands twice.", where=shown, remedy="Say it once.")
        seen.add(name)
    return None
