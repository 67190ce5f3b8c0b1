"""The pages of differences: which routes' sides differ, and where one route's do."""

from __future__ import annotations

import time
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from strangler.compare import Cause, DifferenceKind, Verdict
from strangler_proxy.causes import told_causes
from strangler_proxy.client import ControlClient
from strangler_proxy.page.asking import ask
from strangler_proxy.page.differences_shown import DAYS, ORDERS, Filters, earlier, ordered, pair_lines, share_of
from strangler_proxy.page.page import Page
from strangler_proxy.page.render import render
from strangler_proxy.page.room import room_of

__all__ = ["routes"]

_MOST_PAIRS: Final = 25
_MOST_EARLIER: Final = 100
_DAY: Final = 86_400.0
# At each look; the page looks again by itself.
_SECONDS: Final = 0.1


def routes() -> list[Page]:
    """Where they are served."""
    return [Page("/room/differences", listed), Page("/room/differences/{route}", shown)]


async def listed(request: Request) -> Response:
    """Every route whose sides differ somewhere, and those of which only an earlier release did."""

    def asked(client: ControlClient) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        now = client.differences(seconds=_SECONDS)
        return now, client.pair_lines(verdict=Verdict.DIFFER.value, limit=_MOST_EARLIER)

    now, differed = await ask(request, asked)
    found, behind = now["routes"], now["behind"]
    twins = sum(route.twin for route in room_of(request).config.routes)
    order = request.query_params.get("order", "")
    order = order if order in ORDERS else next(iter(ORDERS))
    context = {
        "rows": ordered(found, order),
        "earlier": earlier(found, differed, behind),
        "behind": len(behind),
        "order": order,
        "orders": ORDERS,
        "twins": twins,
        "share_of": share_of,
    }
    return render(request, "differences.html", context)


async def shown(request: Request) -> Response:
    """One route: by field and kind, what could not be told and why, noise, and the pairs that are kept."""
    route = request.path_params["route"]
    if not any(each.name == route and each.twin for each in room_of(request).config.routes):
        # The API takes globs for names, and would read all evidence of what they are.
        raise HTTPException(404)
    filters = Filters.of(request.query_params)
    since = time.time() - float(filters.days) * _DAY if filters.days else None

    def asked(client: ControlClient) -> dict[str, Any]:
        (report,) = client.reports([route], release=filters.release, since=since)
        toggle = client.snapshot().toggles.get(route)
        return {
            "report": report,
            "rules": client.rules(),
            "stage": None if toggle is None else toggle.stage.value,
            "pairs": pair_lines(client.pair_lines(route=route, limit=_MOST_PAIRS, **filters.wanted)),
        }

    context = {
        **await ask(request, asked),
        "back_name": route,
        "route": route,
        "filters": filters,
        "days": DAYS,
        "most": _MOST_PAIRS,
        "verdicts": [each.value for each in Verdict],
        "kinds": [each.value for each in DifferenceKind],
        "causes": [each.value for each in Cause],
        "told_causes": told_causes,
    }
    return render(request, "differences_route.html", context)
