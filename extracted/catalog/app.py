from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from extracted.catalog.api.endpoints import CleanApi
from extracted.catalog.deadlines import Deadlines
from extracted.catalog.health import Health
from extracted.catalog.public.endpoint import PublicContract
from extracted.catalog.service import Service
from strangler.shadow.asgi import ShadowMiddleware

__all__ = ["create_app"]

log = logging.getLogger("extracted.catalog.access")


class AccessLog:
    """One line for each request: method, path without the query, status, milliseconds, the request id if it has one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            fields: dict[str, object] = {
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "ms": round((time.perf_counter() - begun) * 1000, 2),
            }
            request_id = next((value for name, value in scope["headers"] if name == b"x-request-id"), None)
            if request_id is not None:
                fields["request_id"] = request_id.decode("latin-1")[:128]
            log.info("request", extra={"fields": fields})


def create_app(service: Service, *, follow: bool = True) -> Starlette:
    """The service as an ASGI application. `follow` False leaves out the polling of the monolith: for tests."""
    clean, health = CleanApi(service), Health(service)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if follow:
            service.start_following()
        yield
        await service.close()

    routes: list[BaseRoute] = [
        Mount("/api/v1", app=PublicContract(service)),
        Route("/v1/products", clean.products),
        Route("/v1/products/{product_id:int}", clean.product),
        Route("/v1/products/{product_id:int}/reviews", clean.reviews),
        Route("/v1/categories", clean.categories),
        Route("/openapi.json", clean.document),
        Route("/health/live", health.live),
        Route("/health/ready", health.ready),
    ]
    outer = [Middleware(AccessLog)] if service.settings.access_log else []
    # All that it answers are reads: a copy of a write finds no dry run here, and is refused.
    marked = Middleware(ShadowMiddleware, release=service.settings.release)
    return Starlette(routes=routes, lifespan=lifespan, middleware=[*outer, marked, Middleware(Deadlines)])
