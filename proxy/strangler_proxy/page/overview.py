"""The overview: what has moved and what remains, how each route fares, and what needs a person."""

from __future__ import annotations

import time
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from strangler_proxy.client import ControlClient
from strangler_proxy.page.asking import ask
from strangler_proxy.page.overview_shown import (
    AT_FIRST,
    OVERS,
    RANGES,
    progress_chart,
    shown_of,
    wanted_of,
)
from strangler_proxy.page.page import Page
from strangler_proxy.page.places import HOME
from strangler_proxy.page.render import HEADERS, is_part, render

__all__ = ["routes"]

_CHART: Final = "/room/progress.json"
_PARTS: Final = {"summary": "overview_summary.html", "routes": "overview_routes.html"}
_MOST_MARKS: Final = 12


def routes() -> list[Page]:
    """Where it is served."""
    return [Page(HOME, shown), Page(_CHART, chart)]


async def shown(request: Request) -> Response:
    """The page; to the page's script, only the part that it names."""
    wanted = wanted_of(request.query_params)
    document = await ask(request, lambda client: client.overview(over=wanted.over))
    template = _PARTS.get(request.headers.get("hx-target", ""), "") if is_part(request) else ""
    return render(
        request,
        template or "overview.html",
        {
            "overview": document,
            "shown": shown_of(document, wanted),
            "wanted": wanted,
            "overs": OVERS,
            "ranges": RANGES.values(),
            "at_first": AT_FIRST,
            "chart": _CHART,
        },
    )


async def chart(request: Request) -> Response:
    """How much had moved over time, with the last moves."""
    over = RANGES.get(request.query_params.get("range", ""), AT_FIRST)
    since = time.time() - over.seconds

    def asked(client: ControlClient) -> dict[str, Any]:
        return progress_chart(client.progress(since=since, step=over.step), client.history(limit=_MOST_MARKS), since)

    return JSONResponse(await ask(request, asked), headers=HEADERS)
