"""The control API's verb of the audit of documents and calls."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from strangler.documents import DocumentStore
from strangler_proxy.control.answers import answer
from strangler_proxy.control.asked import whole
from strangler_proxy.control.roles import Role
from strangler_proxy.control.verbs import Verb

__all__ = ["EventsApi"]

_MOST: Final = 1000


class EventsApi:
    """The handler, on `documents`."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents

    def routes(self) -> list[Verb]:
        """Where the verb is served."""
        return [Verb("/api/v1/events", self.events, "GET", least=Role.VIEW)]

    async def events(self, request: Request) -> Response:
        """The audit, newest first."""
        asked = request.query_params
        found = await asyncio.to_thread(
            partial(
                self._documents.events,
                name=asked.get("name") or None,
                action=asked.get("action") or None,
                limit=whole(request, "limit", 100, _MOST),
            )
        )
        return answer({"events": [event.to_json() for event in found]})
