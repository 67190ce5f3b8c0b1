"""What stands before every request to the control plane: its door."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Sequence
from http import HTTPMethod
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strangler_proxy.control.answers import refusal
from strangler_proxy.control.calls import Call, Calls
from strangler_proxy.control.roles import Role
from strangler_proxy.control.throttle import Throttle
from strangler_proxy.control.token import Caller
from strangler_proxy.control.tokens import Tokens
from strangler_proxy.control.verbs import least_role
from strangler_proxy.plain import plain

__all__ = ["BODY_LIMIT", "LOOPBACK_NAMES", "Guard", "forbidden", "who_says"]

BODY_LIMIT: Final = 64 * 1024
_BODY_SECONDS: Final = 10.0
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# What a caller may ask for at once after a rest, in seconds of the rate.
_BURST_SECONDS: Final = 5.0
# Whoever shows a wrong token: so often a second, and so often at once.
_WRONG: Final = (1.0, 50.0)
_READING: Final = frozenset({HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS})
_WITH_BODY: Final = frozenset({HTTPMethod.POST, HTTPMethod.PUT, HTTPMethod.PATCH})
_OWN_SITE: Final = frozenset({"same-origin", "none"})


class Guard:
    """ASGI middleware. Lets through to `routes` whoever shows a token of the role that is wanted there; the request's
    state then has the Caller as `caller`.

    `hosts` are the names by which the control plane may be called, None for any: a page in somebody's browser whose
    own name was pointed at 127.0.0.1 (DNS rebinding) calls by another name and gets nowhere. There are no cookies to
    ride on; what changes something must be JSON and not come from another site's page all the same. `rate` is how often
    a second a token, and an address, may call; 0 for any number. Calls that change something are recorded in `calls`,
    those that are refused too.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        routes: Sequence[BaseRoute],
        tokens: Tokens,
        calls: Calls,
        hosts: Collection[str] | None,
        rate: float,
    ) -> None:
        self._app = app
        self._routes = routes
        self._tokens = tokens
        self._calls = calls
        self._hosts = None if hosts is None else frozenset(hosts)
        self._throttle = Throttle(rate, max(rate * _BURST_SECONDS, 1.0)) if rate else None
        self._wrong = Throttle(*_WRONG)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        status = 0

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
            taken = await _body(receive, headers)
            if isinstance(taken, bytes):
                body = taken
            else:
                refused = taken
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

        await self._app(scope, replay, send)

    def _may_change(self, scope: Scope) -> bool:
        """Whether a call could change something, which whoever may only look cannot."""
        return scope["method"] not in _READING and least_role(self._routes, scope) not in (None, Role.VIEW)

    def _misdirected(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if self._hosts is not None and _host(host) not in self._hosts:
            return refusal(
                421,
                "wrong_host",
                "The control plane listens on this machine only and does not go by that name.",
                remedy="Call it as 127.0.0.1 or localhost.",
            )
        if scope["method"] in _READING:
            return None
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if site not in _OWN_SITE or (origin is not None and _netloc(origin) != host.lower()):
            return refusal(
                403,
                "another_site",
                "A page of another site may not change anything here.",
                remedy="Use the `strangler` command, or a program that sends neither Origin nor Sec-Fetch-Site.",
            )
        return None

    async def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        """Why whoever calls is not let in; None where it is."""
        address = _address(scope)
        least = least_role(self._routes, scope)
        if least is None:
            return self._too_often(f"from {address}")
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        secret = shown.strip() if scheme.lower() == "bearer" else ""
        caller = await self._tokens.caller_of(secret) if secret else None
        if caller is None:
            # Theirs are counted apart: nobody's wrong tokens keep the bearer of a right one out.
            wait = self._wrong.wait(address)
            return _later(wait) if wait else _unauthorized(shown)
        scope["state"]["caller"] = caller
        late = self._too_often(f"by {caller.token}", f"from {address}")
        return late or (None if caller.role.permits(least) else forbidden(caller, least))

    def _too_often(self, *keys: str) -> Response | None:
        wait = 0.0 if self._throttle is None else max(self._throttle.wait(key) for key in keys)
        return _later(wait) if wait else None


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
        address=_address(scope),
        status=status,
    )


def _later(wait: float) -> Response:
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


async def _body(receive: Receive, headers: Headers) -> bytes | Response:
    """The whole body, or why it is not taken."""
    too_large = refusal(413, "too_large", f"A request body may have {BODY_LIMIT} bytes.")
    announced = headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > BODY_LIMIT:
        return too_large
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return bytes(body)
                body += message.get("body", b"")
                if len(body) > BODY_LIMIT:
                    return too_large
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return refusal(408, "too_slow", f"A request body has {_BODY_SECONDS:g} seconds to come.")


def _address(scope: Scope) -> str:
    """Whom a call is from; of IPv6 a whole /64, which everybody has to themselves."""
    client = scope.get("client")
    if not client:
        return "unknown"
    host = str(client[0]).removeprefix("::ffff:")
    if ":" not in host:
        return host
    try:
        return str(IPv6Address((int(IPv6Address(host.partition("%")[0])) >> 64) << 64)) + "/64"
    except ValueError:
        return host


def _host(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
