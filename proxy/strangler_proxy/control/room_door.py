"""What stands before every page of the control room: its door."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from strangler_proxy.control.calls import Call, Calls
from strangler_proxy.control.incoming import NotTaken, address_of, host_of, netloc_of, whole_body
from strangler_proxy.control.pace import Pace
from strangler_proxy.page.form import FormRefused, read_form
from strangler_proxy.page.page import least_of
from strangler_proxy.page.room import Room
from strangler_proxy.page.sign_in import ids_shown, to_sign_in
from strangler_proxy.page.trouble import trouble
from strangler_proxy.page.visitor import Visitor
from strangler_proxy.plain import plain

__all__ = ["RoomDoor"]

_READING: Final = frozenset({"GET", "HEAD"})
_FORM: Final = "application/x-www-form-urlencoded"


class RoomDoor:
    """ASGI middleware. Lets through to `routes` whoever shows the session of a token of the role that is wanted there.

    `hosts` are the names by which the control plane may be called, None for any, as for the API. What changes something
    must be a form of a page of this very origin, by its Origin and, once somebody has signed in, by its form token: the
    shop may stand on the same host at another port, whose pages the browser takes for the same site and whose cookies
    it does not tell from ours. `pace` is the API's: pages and programs are counted together.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        room: Room,
        routes: Sequence[BaseRoute],
        calls: Calls,
        hosts: Collection[str] | None,
        pace: Pace,
    ) -> None:
        self._app = app
        self._room = room
        self._routes = routes
        self._calls = calls
        self._hosts = None if hosts is None else frozenset(hosts)
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        request.state.visitor, request.state.address = None, address_of(scope)
        refused = await self._refused(request, receive)
        if refused is not None:
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _refused(self, request: Request, receive: Receive) -> Response | None:
        """Why a request is not let in; None where it is, and its state then says by whom and with what."""
        headers, state = request.headers, request.state
        host = headers.get("host", "")
        if self._hosts is not None and host_of(host) not in self._hosts:
            return trouble(
                request,
                421,
                "Called by another name",
                "The control plane listens on this machine only and does not go by that name.",
                "Call it as 127.0.0.1 or localhost.",
            )
        reading = request.method in _READING
        if reading and _taken_in(headers):
            return trouble(
                request,
                403,
                "From another site",
                "A page of another site takes in nothing of the control room.",
                "Open the control room itself.",
            )
        if not reading and not _own(headers, host):
            return trouble(
                request,
                403,
                "From another site",
                "The form is not from a page of this control room, so nothing was done.",
                "Open the control room itself and send it from there. Somebody who ends TLS before it must leave the"
                " Host header as it is.",
            )
        state.visitor = await self._room.visitor(ids_shown(headers))
        visitor: Visitor | None = state.visitor
        wait = self._pace.wait(state.address, "" if visitor is None else visitor.token)
        if wait:
            if visitor is not None and not reading:
                await self._read(request, receive, visitor)
            return self._later(request, wait)
        least = least_of(self._routes, request.scope)
        refused = None if reading else await self._read(request, receive, None if least is None else visitor)
        if refused is not None:
            return refused
        if least is not None and visitor is None:
            return to_sign_in(request) if reading else _signed_out(request)
        if least is not None and visitor is not None and not visitor.may(least):
            verb = f"{request.method} {plain(request.scope['path'])[:200]}"
            await self._calls.record(Call(verb, visitor.told, visitor.token, state.address, 403))
            return trouble(
                request,
                403,
                "Not with your role",
                f"The token {visitor.token} has the role `{visitor.role}`, and this wants `{least}`.",
                f"Sign in with a token of that role: `strangler token create NAME --role {least}` makes one.",
                kept=getattr(state, "form", None),
            )
        return None

    async def _read(self, request: Request, receive: Receive, visitor: Visitor | None) -> Response | None:
        """Read the form into the request's state; why it is not taken, None where it is."""
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method != "POST" or media != _FORM:
            return trouble(request, 415, "Not a form", "What changes something here takes a page's form.")
        try:
            body = await whole_body(receive, request.headers)
            request.state.form = read_form(body, visitor)
        except NotTaken as error:
            return trouble(request, error.status, "Not taken", error.wrong)
        except FormRefused as error:
            return trouble(request, error.status, "Not taken", error.wrong, error.remedy, kept=error.fields)
        return None

    def _later(self, request: Request, wait: float) -> Response:
        seconds = str(math.ceil(wait))
        return trouble(
            request,
            429,
            "Too often",
            "That is too often.",
            f"Come again in {seconds} s.",
            headers={"Retry-After": seconds},
        )


def _own(headers: Headers, host: str) -> bool:
    """Whether a request comes from one of our own pages. Every browser says so of a form that is sent."""
    site = headers.get("sec-fetch-site", "same-origin")
    return site == "same-origin" and netloc_of(headers.get("origin", "")) == host.lower()


def _taken_in(headers: Headers) -> bool:
    """Whether a page of another origin, such as the shop's at another port, asks for something behind somebody's back:
    it could not read it, but hold streams open, and have gates asked."""
    site = headers.get("sec-fetch-site", "none")
    return site not in {"same-origin", "none"} and headers.get("sec-fetch-mode") != "navigate"


def _signed_out(request: Request) -> Response:
    return trouble(
        request,
        403,
        "You have been signed out",
        "Your session is over, so nothing was done.",
        "Sign in, and say it again.",
        kept=request.state.form,
    )
