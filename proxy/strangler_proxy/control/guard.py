"""What stands before every request to the control plane: its door."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from http import HTTPMethod
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strangler_proxy.control.answers import refusal
from strangler_proxy.control.calls import Call, Calls
from strangler_proxy.control.incoming import NotTaken, address_of, host_of, netloc_of, whole_body
from strangler_proxy.control.pace import Pace
from strangler_proxy.control.roles import Role
from strangler_proxy.control.threads import looking
from strangler_proxy.control.token import Caller
from strangler_proxy.control.tokens import Tokens
from strangler_proxy.control.verbs import least_role
from strangler_proxy.plain import plain

__all__ = ["CALLER", "Guard", "forbidden", "who_says"]

# Where a scope of this process' own making names its Caller; no server puts anything there.
CALLER: Final = "strangler.caller"
_READING: Final = frozenset({HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS})
_WITH_BODY: Final = frozenset({HTTPMethod.POST, HTTPMethod.PUT, HTTPMethod.PATCH})
_OWN_SITE: Final = frozenset({"same-origin", "none"})


class Guard:
    """ASGI middleware. Lets through to `routes` whoever shows a token of the role that is wanted there; the request's
    state then has the Caller as `caller`.

    `hosts` are the names by which the control plane may be called, None for any: a page in somebody's browser whose
    own name was pointed at 127.0.0.1 (DNS rebinding) calls by another name and gets nowhere. There are no cookies to
    ride on, for the control room's open nothing here; what changes something must be JSON and not come from another
    site's page all the same. `pace` is how often who may call. Calls that change something are recorded in `calls`,
    those that are refused too. Whom the control room has let in is known already, and has been counted.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        routes: Sequence[BaseRoute],
        tokens: Tokens,
        calls: Calls,
        hosts: Collection[str] | None,
        pace: Pace,
    ) -> None:
        self._app = app
        self._routes = routes
        self._tokens = tokens
        self._calls = calls
        self._hosts = None if hosts is None else frozenset(hosts)
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        # Of a verb that fails the answer is made outside.
        status = 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._let_in(scope, receive, told)
        finally:
            if not state.get("audited", False) and self._may_change(scope):
                await self._calls.record(_call(scope, state.get("caller"), status))

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        refused = self._misdirected(scope, headers) or await self._refused(scope, headers) or _untyped(scope, headers)
        body = b""
        if refused is None:
            try:
                body = await whole_body(receive, headers)
            except NotTaken as error:
                refused = refusal(error.status, error.code, error.wrong)
        if refused is not None:
            await refused(scope, receive, send)
            return
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        with nullcontext() if self._may_change(scope) else looking():
            await self._app(scope, replay, send)

    def _may_change(self, scope: Scope) -> bool:
        """Whether a call could change something, which whoever may only look cannot."""
        return scope["method"] not in _READING and least_role(self._routes, scope) not in (None, Role.VIEW)

    def _misdirected(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if self._hosts is not None and host_of(host) not in self._hosts:
            return refusal(
                421,
                "wrong_host",
                "The control plane listens on this machine only and does not go by that name.",
                remedy="Call it as 127.0.0.1 or localhost.",
            )
        if scope["method"] in _READING:
            return None
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if site not in _OWN_SITE or (origin is not None and netloc_of(origin) != host.lower()):
            return refusal(
                403,
                "another_site",
                "A page of another site may not change anything here.",
                remedy="Use the `strangler` command, or a program that sends neither Origin nor Sec-Fetch-Site.",
            )
        return None

    async def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        """Why whoever calls is not let in; None where it is."""
        address = address_of(scope)
        least = least_role(self._routes, scope)
        inside: Caller | None = scope.get(CALLER)
        if inside is not None:
            scope["state"]["caller"] = inside
            return None if least is None or inside.role.permits(least) else forbidden(inside, least)
        if least is None:
            return _later(self._pace.wait(address))
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        secret = shown.strip() if scheme.lower() == "bearer" else ""
        caller = await self._tokens.caller_of(secret) if secret else None
        if caller is None:
            return _later(self._pace.wait_wrong(address)) or _unauthorized(shown)
        scope["state"]["caller"] = caller
        late = _later(self._pace.wait(address, caller.token))
        return late or (None if caller.role.permits(least) else forbidden(caller, least))


def forbidden(caller: Caller, least: Role, what: str = "this") -> Response:
    """The answer to a caller whose role will not do."""
    return refusal(
        403,
        "forbidden",
        f"The token {caller.token} has the role `{caller.role}`, and {what} wants `{least}`.",
        remedy=f"Show a token of that role: `strangler token create NAME --role {least}` makes one.",
    )


def who_says(headers: Headers, token: str) -> str:
    """Who calls, as the audit names them: what they say of themselves, and which token they showed."""
    said = headers.get("x-strangler-who", "").encode("latin-1").decode("utf-8", "replace")
    return f"{plain(said.strip())[:100] or 'somebody'} ({token})"


def _call(scope: Scope, caller: Caller | None, status: int) -> Call:
    token = "" if caller is None else caller.token
    return Call(
        verb=f"{scope['method']} {plain(scope['path'])[:200]}",
        who=who_says(Headers(scope=scope), token or "no token"),
        token=token,
        address=address_of(scope),
        status=status,
    )


def _later(wait: float) -> Response | None:
    if not wait:
        return None
    refused = refusal(429, "too_often", "That is too often.", remedy="Retry-After says when to come again.")
    refused.headers["Retry-After"] = str(math.ceil(wait))
    return refused


def _unauthorized(shown: str) -> Response:
    refused = refusal(
        401,
        "unauthorized",
        "No such token is in force." if shown else "The control plane wants a token.",
        remedy="Send `Authorization: Bearer TOKEN`; the first token is in control.token in the state folder.",
    )
    refused.headers["WWW-Authenticate"] = "Bearer"
    return refused


def _untyped(scope: Scope, headers: Headers) -> Response | None:
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if scope["method"] not in _WITH_BODY or media == "application/json":
        return None
    return refusal(
        415, "not_json", "What changes something takes JSON.", remedy="Send `Content-Type: application/json`."
    )
