"""The control API's verb of what a route takes of the monolith."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from strangler.errors import StranglerError, UnknownToggle
from strangler_proxy.config.values import Config
from strangler_proxy.control.answers import answer
from strangler_proxy.control.asked import BadInput
from strangler_proxy.control.intent import Intent
from strangler_proxy.control.roles import Role
from strangler_proxy.control.verbs import Verb
from strangler_proxy.routes.route import Route

__all__ = ["CapturesApi"]


class CapturesApi:
    """The handler, on the inventory that `config` names."""

    def __init__(self, config: Config) -> None:
        self._routes = {route.name: route for route in config.routes}
        self._intent = None if config.inventory is None else Intent(config.inventory, config.routes)

    def routes(self) -> list[Verb]:
        """Where the verb is served."""
        return [Verb("/api/v1/captures", self.captures, "GET", least=Role.VIEW)]

    async def captures(self, request: Request) -> Response:
        """The views of the monolith that a route takes something of."""
        name = request.query_params.get("route")
        if name is None:
            raise BadInput("route is missing.", "route")
        route = self._routes.get(name)
        if route is None:
            raise UnknownToggle(f"No route is named {name!r}.", "`strangler routes` lists them.")
        return answer(await asyncio.to_thread(self._document, route))

    def _document(self, route: Route) -> dict[str, Any]:
        if self._intent is None:
            return {"route": route.name, "inventory": False, "captures": [], "missed": ""}
        try:
            found, missed = self._intent.captures(route), self._intent.missed(route)
        except OSError as error:
            raise StranglerError(f"The inventory cannot be read: {error.strerror}.") from error
        captures = [each.to_json() for each in found]
        return {"route": route.name, "inventory": True, "captures": captures, "missed": missed}
