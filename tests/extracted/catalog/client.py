from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

import httpx
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette

from extracted.catalog.service import Service


class Client:
    """Asks a service that runs in an event loop of its own, as if over the wire. Follows no redirects."""

    def __init__(self, app: Starlette, service: Service, base_url: str, peer: str = "10.0.0.9") -> None:
        self.service = service
        self.app = app
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=(peer, 50000)),
            base_url=base_url,
            # No Accept, no User-Agent: a test says itself what it sends.
            headers=[],
        )
        self._http.headers.clear()
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self._portal = self._running.enter_context(start_blocking_portal())
        lifespan = self.app.router.lifespan_context(self.app)
        self._running.enter_context(self._portal.wrap_async_context_manager(lifespan))
        self._running.callback(self._portal.call, self._http.aclose)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)

    def import_all(self) -> None:
        """Takes in what the monolith has, to the end of its feed."""
        while self._portal.call(self.service.importer.step).more:
            pass

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._portal.call(partial(self._http.request, method, path, **more))

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Keywords are headers: `accept_language="de"`."""
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
