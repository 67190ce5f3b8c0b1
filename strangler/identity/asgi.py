"""For Starlette, FastAPI and every other ASGI application: no request goes on without a verified identity."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol

from strangler.errors import IdentityRefused, KeysUnavailable
from strangler.identity.binding import decoded
from strangler.identity.identity import HEADER, Identity
from strangler.identity.verifier import Verifier

__all__ = ["IdentityMiddleware", "identity_of"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_NAME: Final = HEADER.lower().encode()
_KEY: Final = "strangler_identity"
_POLICY_VIOLATION: Final = 1008

_log = logging.getLogger("strangler.identity")


class _Connection(Protocol):
    """A Starlette or FastAPI Request or WebSocket."""

    @property
    def scope(self) -> Scope:
        """The ASGI scope."""
        ...


class IdentityMiddleware:
    """ASGI middleware: verifies each request's identity, for `identity_of` and as `request.state.strangler_identity`.

    A request without an identity, or with one that is not believed, is answered 401, and 503 when no keys can be read;
    `anonymous=False` answers 401 to anonymous clients too. Paths in `open_paths` are let through as they are: health
    checks, which do not come through the proxy. They have no identity.
    """

    def __init__(
        self, app: App, verifier: Verifier, *, anonymous: bool = True, open_paths: tuple[str, ...] = ()
    ) -> None:
        self._app = app
        self._verifier = verifier
        self._anonymous = anonymous
        self._open = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its identity, or refuse it."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in self._open:
            await self._app(scope, receive, send)
            return
        status = 401
        try:
            identity = await self._identity(scope)
        except IdentityRefused as error:
            _log.warning("refused (%s): %s", error.why, error)
        except KeysUnavailable as error:
            status = 503
            _log.error("%s", error)
        else:
            if identity.is_authenticated or self._anonymous:
                scope.setdefault("state", {})[_KEY] = identity
                await self._app(scope, receive, send)
                return
        await _refuse(scope, send, status)

    async def _identity(self, scope: Scope) -> Identity:
        tokens = [value for name, value in scope["headers"] if name == _NAME]
        if len(tokens) > 1:
            raise IdentityRefused("malformed", f"The request has more than one {HEADER}.")
        token = tokens[0].decode("latin-1") if tokens else ""
        raw = scope.get("raw_path")
        # Some servers leave the query on the raw path.
        path = decoded(raw.partition(b"?")[0]) if raw else scope["path"].encode("utf-8", "surrogateescape")
        method = scope.get("method", "GET")
        query = scope.get("query_string", b"")
        if self._verifier.ready(token):
            return self._verifier.verify(token, method, path, query)
        return await asyncio.to_thread(self._verifier.verify, token, method, path, query)


def identity_of(connection: _Connection) -> Identity:
    """The verified identity of a request or WebSocket behind IdentityMiddleware.

    Raises IdentityRefused where there is none: the middleware is missing, or the path is one of its open ones.
    """
    identity = connection.scope.get("state", {}).get(_KEY)
    if not isinstance(identity, Identity):
        raise IdentityRefused("missing", "No identity was verified for this request: put IdentityMiddleware before it.")
    return identity


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": ""})
        return
    title = "Unauthorized" if status == 401 else "Service Unavailable"
    body = json.dumps({"type": "about:blank", "title": title, "status": status}).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if status == 401:
        headers.append((b"www-authenticate", b"Strangler"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope.get("method") == "HEAD" else body})
