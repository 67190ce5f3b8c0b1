"""Outgoing calls of httpx under the guard: transports that wrap the ones they would go through.

    client = httpx.Client(transport=GuardedTransport(httpx.HTTPTransport(), guard))
    client = httpx.AsyncClient(transport=AsyncGuardedTransport(httpx.AsyncHTTPTransport(), guard))

A client's `mounts` and `proxy` go past its transport: wrap those as well.
"""

from __future__ import annotations

from typing import Final

import httpx

from strangler.shadow.guard import Guard
from strangler.shadow.mark import is_shadow
from strangler.shadow.strategy import SHADOW_HEADER, Strategy

__all__ = ["AsyncGuardedTransport", "GuardedTransport"]

_PORTS: Final = {"http": 80, "https": 443}


class GuardedTransport(httpx.BaseTransport):
    """While a copy is served: a call goes, marked `read`; or raises EffectStopped; or is answered 204 if recorded."""

    def __init__(self, inner: httpx.BaseTransport, guard: Guard) -> None:
        self._inner = inner
        self._guard = guard

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Make the call if it may be made."""
        return self._inner.handle_request(request) if _passes(request, self._guard) else httpx.Response(204)

    def close(self) -> None:
        """Close the wrapped transport."""
        self._inner.close()


class AsyncGuardedTransport(httpx.AsyncBaseTransport):
    """As GuardedTransport, for AsyncClient."""

    def __init__(self, inner: httpx.AsyncBaseTransport, guard: Guard) -> None:
        self._inner = inner
        self._guard = guard

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Make the call if it may be made."""
        if _passes(request, self._guard):
            return await self._inner.handle_async_request(request)
        return httpx.Response(204)

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        await self._inner.aclose()


def _passes(request: httpx.Request, guard: Guard) -> bool:
    if not is_shadow():
        return True
    port = request.url.port or _PORTS.get(request.url.scheme, 0)
    if not guard.passes(request.method, request.url.host, port):
        return False
    request.headers[SHADOW_HEADER] = Strategy.READ
    return True
