"""The page of one kept pair: what was asked, and both answers beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from strangler.compare.decoding import Undecodable, decoded
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.media_type import MediaType
from strangler.compare.outline import outline
from strangler.evidence import KeptPair
from strangler.recording.case import case_text
from strangler_proxy.causes import MEANINGS
from strangler_proxy.page.asking import ask
from strangler_proxy.page.page import Page
from strangler_proxy.page.pair_shown import Fold, body_rows, can_render, header_rows, text_of, was_compared
from strangler_proxy.page.render import HEADERS, render
from strangler_proxy.page.room import room_of
from strangler_proxy.sample import case_name, case_of, curls_of

__all__ = ["routes"]

_SIDES: Final = ("monolith", "candidate")
_MOST_BYTES: Final = Limits().body_bytes
# A page of somebody's making: it has no origin, runs nothing, asks for nothing, and stands in no frame but ours.
_SANDBOX: Final[Mapping[str, str]] = {
    **HEADERS,
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:;"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
}


def routes() -> list[Page]:
    """Where it is served."""
    return [
        Page("/room/pairs/{id}", shown),
        Page("/room/pairs/{id}/case", case),
        Page("/room/pairs/{id}/body/{side}", body),
    ]


async def shown(request: Request) -> Response:
    """The pair, what is equal in it folded unless `whole` is asked for."""
    kept = await _kept(request)
    whole = "whole" in request.query_params
    return render(request, "pair.html", await room_of(request).run(lambda: _context(request, kept, whole)))


async def case(request: Request) -> Response:
    """The pair as a parity case, to be kept as a file."""
    kept = await _kept(request)
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{case_name(kept)}"'}
    return Response(case_text(case_of(kept)), headers=headers, media_type="application/json")


async def body(request: Request) -> Response:
    """The HTML that one side answered, as a browser shows it without any rights."""
    kept = await _kept(request)
    answers = dict(zip(_SIDES, (kept.pair.old, kept.pair.new), strict=True))
    answered = answers.get(request.path_params["side"])
    if answered is None or not can_render(answered):
        raise HTTPException(404)
    try:
        content = decoded(answered, _MOST_BYTES)
        charset = MediaType.of(answered).charset or "utf-8"
    except (Undecodable, TooMuch, LookupError):
        raise HTTPException(404) from None
    return Response(content, headers={**_SANDBOX, "Content-Type": f"text/html; charset={charset}"})


async def _kept(request: Request) -> KeptPair:
    return await ask(request, lambda client: client.pair(request.path_params["id"]))


def _context(request: Request, kept: KeptPair, whole: bool) -> dict[str, Any]:
    pair = kept.pair
    outlined, compared = outline(pair.old, pair.new), was_compared(kept)
    rows, cut = body_rows(outlined, kept.differences, whole=whole, compared=compared)
    places = {each.anchor for each in rows if not isinstance(each, Fold)}
    return {
        "back_name": kept.scope.route,
        "kept": kept,
        "meaning": MEANINGS.get(kept.cause, ""),
        "in_place": {number for number in range(len(kept.differences)) if number in places},
        "headers": header_rows(pair.old, pair.new, kept.differences, compared=compared),
        "rows": rows,
        "is_fold": lambda row: isinstance(row, Fold),
        "whole": whole,
        "cut": cut,
        "note": outlined.note,
        "sent": text_of(pair.request.body) if pair.request.body else "",
        "rendered": [side for side, each in zip(_SIDES, (pair.old, pair.new), strict=True) if can_render(each)],
        "curls": curls_of(kept, room_of(request).config),
        "case": case_name(kept),
        "command": f"strangler shadow samples --id {quote(kept.id)} --save tests/parity",
    }
