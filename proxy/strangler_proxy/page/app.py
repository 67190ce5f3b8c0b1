"""The control room as an application: all its pages, behind a door that the control plane gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from strangler_proxy.page import (
    assets,
    audit,
    back,
    differences,
    live,
    overview,
    pair,
    plan_page,
    route,
    route_orders,
    rule,
    sessions,
    sign_in,
    upstreams,
)
from strangler_proxy.page.page import Page
from strangler_proxy.page.places import HOME
from strangler_proxy.page.render import HEADERS
from strangler_proxy.page.room import Room
from strangler_proxy.page.trouble import HANDLERS

__all__ = ["pages", "room_app"]


def pages() -> list[BaseRoute]:
    """Every page, and where whoever comes to the bare address is sent."""
    return [
        Page("/", _home, least=None),
        Page("/room", _home, least=None),
        *overview.routes(),
        *upstreams.routes(),
        *route.routes(),
        *route_orders.routes(),
        *plan_page.routes(),
        *audit.routes(),
        *differences.routes(),
        *pair.routes(),
        *rule.routes(),
        *back.routes(),
        *sessions.routes(),
        *sign_in.routes(),
        *live.routes(),
        *assets.routes(),
    ]


def room_app(room: Room, routes: Sequence[BaseRoute], door: Middleware) -> Starlette:
    """The application that serves `routes` in `room`; `door` stands before every request and gives it its `visitor`,
    its `address` and, where there is one, its `form`, in the request's state."""
    application = Starlette(routes=routes, middleware=[door], exception_handlers=HANDLERS)
    application.router.redirect_slashes = False
    application.state.room = room
    application.state.held = Counter()
    application.state.served = {each.path for each in routes if isinstance(each, Page)}
    return application


async def _home(_: Request) -> Response:
    return RedirectResponse(HOME, 303, headers=HEADERS)
