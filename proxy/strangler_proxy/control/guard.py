"""What stands before every request to the control plane: Host check, size limit, token."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strangler_proxy.control.answers import refusal

__all__ = ["BODY_LIMIT", "LOOPBACK_NAMES", "Guard"]

BODY_LIMIT: Final = 64 * 1024
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Guard:
    """ASGI middleware. `token` opens everything but the paths in `public`.

    `hosts` are the names by which the control plane may be called, None for any: a page in somebody's browser whose
    own name was pointed at 127.0.0.1 (DNS rebinding) calls by another name and gets nowhere.
    """

    def __init__(self, app: ASGIApp, *, token: str, public: Collection[str], hosts: Collection[str] | None) -> None:
        self._app = app
        self._token = token.encode()
        self._public = frozenset(public)
        self._hosts = None if hosts is None else frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refuse(scope["path"], headers)
        if refused is not None:
            await refused(scope, receive, send)
            return
        body = await _body(receive, headers)
        if body is None:
            await refusal(413, "too_large", f"A request body may have {BODY_LIMIT} bytes.")(scope, receive, send)
            return
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    def _refuse(self, path: str, headers: Headers) -> Response | None:
        if self._hosts is not None and _host(headers.get("host", "")) not in self._hosts:
            return refusal(
                421,
                "wrong_host",
                "The control plane listens on this machine only and does not go by that name.",
                remedy="Call it as 127.0.0.1 or localhost.",
            )
        if path in self._public:
            return None
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode("latin-1"), self._token):
            return None
        refused = refusal(
            401,
            "unauthorized",
            "That is not the control plane's token." if token else "The control plane wants a token.",
            remedy="Send `Authorization: Bearer TOKEN`; the token is in control.token in the state folder.",
        )
        refused.headers["WWW-Authenticate"] = "Bearer"
        return refused


async def _body(receive: Receive, headers: Headers) -> bytes | None:
    announced = headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > BODY_LIMIT:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _host(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()
