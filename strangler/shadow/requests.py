"""Outgoing calls of requests under the guard: an adapter that wraps the one they would go through.

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, GuardedAdapter(guard))

`requests.get` and its like make a session of their own, and go past it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter, HTTPAdapter

from strangler.shadow.guard import Guard
from strangler.shadow.mark import is_shadow
from strangler.shadow.strategy import SHADOW_HEADER, Strategy

__all__ = ["GuardedAdapter"]

_PORTS: Final = {"http": 80, "https": 443}


class GuardedAdapter(BaseAdapter):
    """While a copy is served: a call goes, marked `read`; or raises EffectStopped; or is answered 204 if recorded.

    `inner` is the adapter that makes the calls, by default a new HTTPAdapter.
    """

    def __init__(self, guard: Guard, inner: BaseAdapter | None = None) -> None:
        super().__init__()
        self._guard = guard
        self._inner = inner or HTTPAdapter()

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """Make the call if it may be made."""
        if is_shadow():
            parts = urlsplit(request.url or "")
            port = parts.port or _PORTS.get(parts.scheme, 0)
            if not self._guard.passes(request.method or "", parts.hostname or "", port):
                return _recorded(request)
            request.headers[SHADOW_HEADER] = Strategy.READ.value
        return self._inner.send(request, stream, timeout, verify, cert, proxies)

    def close(self) -> None:
        """Close the wrapped adapter."""
        self._inner.close()


def _recorded(request: PreparedRequest) -> Response:
    answer = Response()
    answer.status_code = 204
    answer.reason = "No Content"
    answer.url = request.url or ""
    answer.request = request
    answer._content = b""
    return answer
