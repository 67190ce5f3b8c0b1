"""For Starlette, FastAPI and every other ASGI application: serve copies as they are marked, and tell the release."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Final

from strangler.shadow.mark import read_mark, shadowed
from strangler.shadow.strategy import RELEASE_HEADER, SHADOW_HEADER, Strategy

__all__ = ["ShadowMiddleware"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_MARK: Final = SHADOW_HEADER.lower().encode()
_RELEASE: Final = RELEASE_HEADER.lower().encode()
_POLICY_VIOLATION: Final = 1008


class ShadowMiddleware:
    """ASGI middleware, the outermost one.

        app = ShadowMiddleware(app, release=release_of("orders"), dry_run=lambda: DryRun(engine))

    Each answer has `release` in RELEASE_HEADER. A marked request is served in `shadowed`, its stream and its background
    tasks too. A `dry-run` is served within what `dry_run` gives, and answered 503 where there is none; a `sandbox` is
    answered 503 unless `sandbox` says that no store of this process is the real one: no write is had by accident. A
    WebSocket that is marked is closed, for the proxy copies none.
    """

    def __init__(
        self,
        app: App,
        *,
        release: str,
        dry_run: Callable[[], AbstractAsyncContextManager[object]] | None = None,
        sandbox: bool = False,
    ) -> None:
        self._app = app
        self._release = release.encode("latin-1")
        self._dry_run = dry_run
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request as it is marked."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        method = scope.get("method", "GET")
        strategy = read_mark((value.decode("latin-1") for name, value in scope["headers"] if name == _MARK), method)
        if scope["type"] == "websocket":
            if strategy is None:
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": ""})
            return

        async def telling(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                lines = [line for line in message.get("headers", ()) if line[0].lower() != _RELEASE]
                message = {**message, "headers": [*lines, (_RELEASE, self._release)]}
            await send(message)

        if strategy is None:
            await self._app(scope, receive, telling)
        elif wrong := self._refusal(strategy):
            await _refuse(telling, wrong, method)
        else:
            with shadowed(strategy):
                async with self._around(strategy):
                    await self._app(scope, receive, telling)

    def _around(self, strategy: Strategy) -> AbstractAsyncContextManager[object]:
        if strategy is Strategy.DRY_RUN and self._dry_run is not None:
            return self._dry_run()
        return nullcontext()

    def _refusal(self, strategy: Strategy) -> str:
        if strategy is Strategy.DRY_RUN and self._dry_run is None:
            return "No dry run is set up here: give ShadowMiddleware one as `dry_run`, or skip the route's writes."
        if strategy is Strategy.SANDBOX and not self._sandbox:
            return "This is no sandbox: give ShadowMiddleware `sandbox=True` where no store is the real one."
        return ""


async def _refuse(send: Send, detail: str, method: str) -> None:
    problem = {"type": "about:blank", "title": "Copy Refused", "status": 503, "detail": detail}
    body = json.dumps(problem).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
