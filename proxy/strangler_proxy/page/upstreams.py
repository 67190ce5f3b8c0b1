"""The page of upstreams: how they are, what they are busy with, and what becomes of copies."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from strangler_proxy.client import ControlClient
from strangler_proxy.page.asking import ask
from strangler_proxy.page.page import Page
from strangler_proxy.page.render import is_part, render
from strangler_proxy.page.upstreams_shown import copies_shown, upstreams_shown

__all__ = ["routes"]


def routes() -> list[Page]:
    """Where it is served."""
    return [Page("/room/upstreams", shown)]


async def shown(request: Request) -> Response:
    """The page; to the page's script, only what changes on it."""
    document = await ask(request, ControlClient.upstreams)
    return render(
        request,
        "upstreams_part.html" if is_part(request) else "upstreams.html",
        {"upstreams": upstreams_shown(document), "copies": copies_shown(document), "told": document},
    )
