"""The audit: who did what, when and why, with what was known then."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from strangler.errors import ControlRefused
from strangler_proxy.audit_csv import audit_csv
from strangler_proxy.page.asking import ask
from strangler_proxy.page.audit_shown import AuditAsked, NotAsked, entries_shown
from strangler_proxy.page.page import Page
from strangler_proxy.page.render import HEADERS, is_part, render
from strangler_proxy.page.room import room_of
from strangler_proxy.page.trouble import status_of, trouble

__all__ = ["routes"]

_EACH_PAGE: Final = 100
_EACH_PART: Final = 1000
_MOST_EXPORTED: Final = 200_000


def routes() -> list[Page]:
    """Where it is served."""
    return [
        Page("/room/audit", shown),
        Page("/room/audit.csv", as_csv),
        Page("/room/audit.json", as_json),
    ]


async def shown(request: Request) -> Response:
    """A page of it, by the filters in the query."""
    asked = AuditAsked.of(request.query_params)
    found: dict[str, Any] = {"entries": [], "further": None, "reached": None}
    wrong, status = "", 200
    try:
        wanted = asked.wanted()
        found = await ask(request, lambda client: client.audit(limit=_EACH_PAGE, before=asked.before or None, **wanted))
    except NotAsked as error:
        wrong, status = str(error), 422
    except ControlRefused as error:
        wrong, status = str(error), status_of(error)
    context = {
        "asked": asked,
        "entries": entries_shown(found["entries"], plan=room_of(request).config.plan.stem),
        "further": found["further"],
        "reached": found["reached"],
        "wrong": wrong,
    }
    return render(request, "audit_entries.html" if is_part(request) else "audit.html", context, status=status)


async def as_csv(request: Request) -> Response:
    """All of it that the filters take, for a spreadsheet."""
    return await _export(request, "csv", "text/csv; charset=utf-8", _csv)


async def as_json(request: Request) -> Response:
    """All of it that the filters take, for a program."""
    return await _export(request, "json", "application/json", _json)


async def _export(
    request: Request,
    ending: str,
    media_type: str,
    told: Callable[[AsyncIterator[list[dict[str, Any]]], AuditAsked], AsyncIterator[str]],
) -> Response:
    asked = AuditAsked.of(request.query_params)
    try:
        parts = _parts(request, asked.wanted())
        # What is refused at all is refused before the first byte is sent.
        first = await anext(parts)
    except NotAsked as error:
        return trouble(request, 422, "Not asked right", str(error), "Go back, and mend the filter.")
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="audit.{ending}"'}
    return StreamingResponse(told(_with_first(first, parts), asked), media_type=media_type, headers=headers)


async def _parts(request: Request, wanted: dict[str, Any]) -> AsyncIterator[list[dict[str, Any]]]:
    """All entries, a part at a time, as long as somebody takes them."""
    before: str | None = None
    left = _MOST_EXPORTED
    while left > 0:
        page = await ask(request, lambda client: client.audit(limit=_EACH_PART, before=before, **wanted))  # noqa: B023
        yield page["entries"]
        left -= len(page["entries"])
        before = page["further"]
        if before is None:
            return


async def _with_first(
    first: list[dict[str, Any]], others: AsyncIterator[list[dict[str, Any]]]
) -> AsyncIterator[list[dict[str, Any]]]:
    yield first
    async for each in others:
        yield each


async def _csv(parts: AsyncIterator[list[dict[str, Any]]], _: AuditAsked) -> AsyncIterator[str]:
    head = True
    async for entries in parts:
        yield "".join(audit_csv(entries, head=head))
        head = False


async def _json(parts: AsyncIterator[list[dict[str, Any]]], asked: AuditAsked) -> AsyncIterator[str]:
    yield f'{{"asked": {json.dumps(asdict(asked), ensure_ascii=False)}, "entries": ['
    before = "\n"
    async for entries in parts:
        for entry in entries:
            yield before + json.dumps(entry, ensure_ascii=False)
            before = ",\n"
    yield "\n]}\n"
