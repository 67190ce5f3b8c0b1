"""What stands before everything else of the control plane, and counts what is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strangler_proxy.control.call_counts import CallCounts
from strangler_proxy.control.guard import CALLER, who_says
from strangler_proxy.control.incoming import address_of

__all__ = ["Counting"]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FAILED: Final = 500


class Counting:
    """ASGI middleware. Puts every call into `counts`, by API and pages, let in or refused, under what `routes` say it
    asked for, when its answer begins.

    What a page asks of the API in turn is not a call of its own.
    """

    def __init__(self, app: ASGIApp, *, routes: Sequence[BaseRoute], counts: CallCounts) -> None:
        self._app = app
        self._routes = routes
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or CALLER in scope:
            await self._app(scope, receive, send)
            return
        verb = self._verb(scope)
        counted = False

        async def told(message: Message) -> None:
            nonlocal counted
            if message["type"] == "http.response.start":
                counted = True
                self._count(scope, verb, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, told)
        except Exception:
            if not counted:
                self._count(scope, verb, _FAILED)
            raise

    def _verb(self, scope: Scope) -> str:
        """The method, and the template of what it was asked of: paths would be without number."""
        method = scope["method"] if scope["method"] in _METHODS else "another method"
        found = "elsewhere"
        for route in self._routes:
            match = route.matches(scope)[0]
            if match is not Match.NONE and isinstance(route, Route):
                found = route.path
                if match is Match.FULL:
                    break
        return f"{method} {found}"

    def _count(self, scope: Scope, verb: str, status: int) -> None:
        state = scope.get("state", {})
        caller, visitor = state.get("caller"), state.get("visitor")
        if caller is not None:
            token, who = caller.token, who_says(Headers(scope=scope), caller.token)
        elif visitor is not None:
            token, who = visitor.token, visitor.told
        else:
            # Whoever shows no token may call themselves whatever they like.
            token, who = "", "somebody (no token)"
        self._counts.count(verb, status, who=who, token=token, address=address_of(scope))
