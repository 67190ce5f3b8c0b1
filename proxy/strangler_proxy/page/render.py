"""Making answers of templates, with everything around them that every page has."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from strangler_proxy.page.amounts import FILTERS
from strangler_proxy.page.assets import asset_url
from strangler_proxy.page.notice import notice_of, put_away
from strangler_proxy.page.places import PLACES
from strangler_proxy.page.room import room_of
from strangler_proxy.page.visitor import Visitor

__all__ = ["BACK_WHY", "HEADERS", "is_part", "render"]

# What stands in the form of Back before anybody writes: in a hurry it will do.
BACK_WHY: Final = "taken back by hand in the control room"

_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("strangler_proxy.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(FILTERS)
    environment.globals["asset"] = asset_url
    return environment


def is_part(request: Request) -> bool:
    """Whether the page's script asks, for a part of a page that stands."""
    return request.headers.get("hx-request") == "true"


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer made of `template`, which nobody keeps or frames. Beside `context` it has `visitor` (None: nobody has
    signed in), `form_token`, `places`, `here` (the path), `config_name`, `revision`, `notice`, `answers_form` (whether
    a form was sent) and `back_why`; where it has `back_name`, Back is preset to the toggle of that name."""
    room = room_of(request)
    visitor: Visitor | None = request.state.visitor
    notice = None if is_part(request) else notice_of(request)
    text = (
        _environment()
        .get_template(template)
        .render(
            {
                "visitor": visitor,
                "form_token": "" if visitor is None else visitor.form_token,
                "places": [place for place in PLACES if place.path in request.app.state.served],
                "here": request.url.path,
                "config_name": room.config.path.name,
                "revision": room.revision,
                "notice": notice,
                "answers_form": request.method == "POST",
                "back_why": BACK_WHY,
                **context,
            }
        )
    )
    answered = HTMLResponse(text, status, {**HEADERS, **(headers or {})})
    if notice is not None:
        put_away(answered)
    return answered
