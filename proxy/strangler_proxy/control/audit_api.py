"""The control API's verb of the whole audit."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from strangler.documents import DocumentStore
from strangler.toggles import ToggleStore
from strangler_proxy.control.answers import answer
from strangler_proxy.control.asked import BadInput, number, whole
from strangler_proxy.control.audit import AuditKind, AuditPlace, AuditWanted, read_audit
from strangler_proxy.control.call_counts import CallCounts
from strangler_proxy.control.roles import Role
from strangler_proxy.control.verbs import Verb

__all__ = ["AuditApi"]

_MOST: Final = 1000
_LATEST: Final = 2.0**40


class AuditApi:
    """The handler, on what the two stores keep and what `calls` has yet to write."""

    def __init__(self, moves: ToggleStore, events: DocumentStore, calls: CallCounts) -> None:
        self._moves = moves
        self._events = events
        self._calls = calls

    def routes(self) -> list[Verb]:
        """Where the verb is served."""
        return [Verb("/api/v1/audit", self.audit, "GET", least=Role.VIEW)]

    async def audit(self, request: Request) -> Response:
        """Moves and events together, or counted calls, newest first."""
        asked = request.query_params
        wanted = AuditWanted(
            kind=_kind(asked.get("kind")),
            name=asked.get("name") or None,
            who=asked.get("who") or None,
            action=asked.get("action") or None,
            since=number(request, "since", 0.0, _LATEST) if "since" in asked else None,
            until=number(request, "until", 0.0, _LATEST) if "until" in asked else None,
        )
        place, limit = _place(asked.get("before")), whole(request, "limit", 100, _MOST)
        if wanted.kind is AuditKind.CALL:
            await self._calls.write()
        page = await asyncio.to_thread(read_audit, self._moves, self._events, wanted, place, limit)
        return answer(
            {
                "entries": list(page.entries),
                "further": None if page.further is None else str(page.further),
                "reached": page.reached and page.reached.isoformat(),
            }
        )


def _kind(text: str | None) -> AuditKind | None:
    try:
        return AuditKind(text) if text else None
    except ValueError:
        raise BadInput("kind is `move`, `event` or `call`.", "kind") from None


def _place(text: str | None) -> AuditPlace:
    try:
        return AuditPlace.parse(text) if text else AuditPlace()
    except ValueError:
        raise BadInput("before is what an answer gave as `further`.", "before") from None
