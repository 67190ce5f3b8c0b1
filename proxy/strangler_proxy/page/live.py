"""News for the page that is looked at, as server-sent events."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from strangler_proxy.page.page import Page
from strangler_proxy.page.render import HEADERS
from strangler_proxy.page.room import Room, room_of
from strangler_proxy.page.sign_in import ids_shown
from strangler_proxy.page.visitor import Visitor

__all__ = ["routes"]

_TICK_SECONDS: Final = 2.0
_RETRY_MS: Final = 1000
_MOST_EACH: Final = 20
_MOST_BY_TOKEN: Final = 100
_MOST: Final = 200
_STREAM: Final = "text/event-stream"

# The name of a token, and what tells visits by it apart.
_Holder = tuple[str, str]


def routes() -> list[Page]:
    """Where news are. For anybody: whose session is over is told so, which a refusal could not."""
    return [Page("/room/live", live, least=None)]


async def live(request: Request) -> Response:
    """`tick` every two seconds, `moved` when there is another revision, `over` when the session is. Each is held open,
    so there are only so many of one visitor, of one token, and of all together."""
    headers = {**HEADERS, "X-Accel-Buffering": "no"}
    visitor: Visitor | None = request.state.visitor
    held: Counter[_Holder] = request.app.state.held
    holder = ("", "") if visitor is None else (visitor.token, visitor.form_token)
    by_token = sum(number for (token, _), number in held.items() if token == holder[0])
    if held[holder] >= _MOST_EACH or by_token >= _MOST_BY_TOKEN or held.total() >= _MOST:
        return Response(status_code=503, headers={**headers, "Retry-After": "5"})
    if request.method == "HEAD":
        return Response(headers=headers, media_type=_STREAM)
    last = request.headers.get("last-event-id", "")
    told = _news(room_of(request), ids_shown(request.headers), last, held, holder)
    return StreamingResponse(told, media_type=_STREAM, headers=headers)


async def _news(
    room: Room, ids: Sequence[str], last: str, held: Counter[_Holder], holder: _Holder
) -> AsyncIterator[str]:
    held[holder] += 1
    try:
        async for event in _events(room, ids, last):
            yield event
    finally:
        held[holder] -= 1
        if not held[holder]:
            del held[holder]


async def _events(room: Room, ids: Sequence[str], last: str) -> AsyncIterator[str]:
    yield f"retry: {_RETRY_MS}\n\n"
    known = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else None
    going_on = True
    while going_on:
        visitor = await room.visitor(ids)
        if visitor is None:
            yield _event("over", {}, known)
            return
        revision = room.revision
        if known is not None and known != revision:
            yield _event("moved", {"revision": revision}, revision)
        known = revision
        yield _event("tick", _tick(room, visitor), revision)
        going_on = await room.moved(revision, _TICK_SECONDS)


def _tick(room: Room, visitor: Visitor) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "revision": room.revision,
        "role": visitor.role,
        "stale": room.stale(),
    }


def _event(kind: str, data: dict[str, Any], revision: int | None) -> str:
    number = "" if revision is None else f"id: {revision}\n"
    return f"event: {kind}\n{number}data: {json.dumps(data)}\n\n"
