"""The middleware that observes which tables each view touches."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest

from strangler.django.conf import configured
from strangler.django.inventory.sums import Sums
from strangler.django.inventory.watch import Watch, watched

__all__ = ["ObservedMiddleware"]


@cache
def _sums(folder: Path) -> Sums:
    """The ones of this process, however many handlers it has."""
    return Sums(folder)


class ObservedMiddleware:
    """Records which tables each view reads and writes, and which transactions and joins go over the bounds of apps.

    To be the last of MIDDLEWARE, so that it sees what views do and not what middleware does; in WSGI and ASGI alike.
    It adds to `observed.json` in the folder that STRANGLER["OBSERVED"] names, and is not used where that names none.
    What a streaming answer asks the database while it is sent is not seen, nor is what threads of a view's own do.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        folder = configured().get("OBSERVED")
        if not folder:
            raise MiddlewareNotUsed('STRANGLER["OBSERVED"] names no folder.')
        self._get_response = get_response
        self._sums = _sums(Path(os.fspath(folder)).absolute())
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Serve the request and note what it did."""
        if self._async:
            return self._serve_async(request)
        watch = Watch()
        try:
            with watched(watch):
                return self._get_response(request)
        finally:
            self._note(request, watch)

    async def _serve_async(self, request: HttpRequest) -> Any:
        watch = Watch()
        # Django serves a request in one thread of its own, and connections belong to threads.
        around = watched(watch)
        await sync_to_async(around.__enter__)()
        try:
            return await self._get_response(request)
        finally:
            await sync_to_async(around.__exit__)(None, None, None)
            self._note(request, watch)

    def _note(self, request: HttpRequest, watch: Watch) -> None:
        watch.end()
        match = request.resolver_match
        if match is not None:
            self._sums.add(match.route, request.method or "", watch)
