"""The control API without a socket: calls of the control room, by whom it has let in."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError
from typing import Any, Final

import httpx
from starlette.types import ASGIApp, Message, Scope

from strangler_proxy.control.guard import CALLER
from strangler_proxy.control.token import Caller

__all__ = ["Inside"]

_SECONDS: Final = 10.0
# What a client of the API sends by itself: who calls is known here.
_NOT_SENT: Final = frozenset({b"authorization", b"x-strangler-who"})


class Inside(httpx.BaseTransport):
    """Carries requests from a thread to `app` on its `loop`, as calls of `caller`, who is `who` and comes from
    `address`.

    Everything that stands before the API's verbs stands before these too: roles, bodies, the audit. Only the token is
    not asked for again.
    """

    def __init__(
        self,
        app: ASGIApp,
        loop: asyncio.AbstractEventLoop,
        caller: Caller,
        who: str,
        address: tuple[str, int] | None,
    ) -> None:
        self._app = app
        self._loop = loop
        self._caller = caller
        self._who = who
        self._address = address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, whole. Raises httpx.TransportError where it takes too long, or the loop ends first."""
        seconds = request.extensions.get("timeout", {}).get("read") or _SECONDS
        if self._loop.is_closed():
            raise httpx.ConnectError("it has ended", request=request)
        answering = asyncio.run_coroutine_threadsafe(self._answer(self._scope(request), request.read()), self._loop)
        try:
            status, headers, body = answering.result(seconds)
        except TimeoutError as error:
            answering.cancel()
            raise httpx.ReadTimeout("no answer in time", request=request) from error
        except CancelledError as error:
            raise httpx.ReadError("it is ending", request=request) from error
        return httpx.Response(status, headers=headers, content=body)

    def _scope(self, request: httpx.Request) -> Scope:
        headers = [(name.lower(), value) for name, value in request.headers.raw if name.lower() not in _NOT_SENT]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.url.path,
            "raw_path": request.url.raw_path.partition(b"?")[0],
            "query_string": request.url.query,
            "root_path": "",
            "headers": [*headers, (b"x-strangler-who", self._who.encode())],
            "client": self._address,
            "server": None,
            "state": {},
            CALLER: self._caller,
        }

    async def _answer(self, scope: Scope, body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        asked = iter([{"type": "http.request", "body": body, "more_body": False}])
        start: dict[str, Any] = {}
        content = bytearray()

        async def receive() -> Message:
            message = next(asked, None)
            if message is None:
                # Nobody hangs up before the answer is there.
                await asyncio.Event().wait()
            return message or {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                content.extend(message.get("body", b""))

        try:
            await self._app(scope, receive, send)
        except Exception:
            # Where it failed at a verb it has said so already, in its answer and in its log.
            if not start:
                raise
        return start["status"], list(start["headers"]), bytes(content)
