"""Signing in with one of the control plane's tokens, and signing out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from strangler_proxy.page.form import form_of
from strangler_proxy.page.page import Page
from strangler_proxy.page.places import HOME, own_path
from strangler_proxy.page.render import HEADERS, is_part, render
from strangler_proxy.page.room import SignInRefused, room_of
from strangler_proxy.plain import is_plain
from strangler_proxy.room_cookie import ROOM_COOKIE

__all__ = ["SIGN_IN", "ids_shown", "routes", "to_sign_in"]

SIGN_IN: Final = "/room/sign-in"
_LONGEST_NAME: Final = 60
_LONGEST_TOKEN: Final = 1000
_MOST_IDS: Final = 5


def routes() -> list[Page]:
    """Where one signs in and out."""
    return [
        Page(SIGN_IN, shown, least=None),
        Page(SIGN_IN, sign_in, "POST", least=None),
        Page("/room/sign-out", sign_out, "POST", least="view"),
    ]


def ids_shown(headers: Headers) -> Sequence[str]:
    """The ids of sessions that a request shows. Cookies know nothing of ports, so somebody else on this machine may
    have set one of that name beside ours: all are looked at."""
    found = [
        value.strip()
        for header in headers.getlist("cookie")
        for name, _, value in (chunk.partition("=") for chunk in header.split(";"))
        if name.strip() == ROOM_COOKIE
    ]
    return list(dict.fromkeys(found))[:_MOST_IDS]


def to_sign_in(request: Request) -> Response:
    """The answer to somebody who has not signed in, and comes back to where they were going."""
    came = urlsplit(request.headers.get("hx-current-url", "")) if is_part(request) else None
    path = quote(request.scope["path"]) if came is None else came.path
    query = request.url.query if came is None else came.query
    onward = own_path(f"{path}?{query}" if query else path)
    target = SIGN_IN if onward == HOME else f"{SIGN_IN}?{urlencode({'next': onward})}"
    if is_part(request):
        return Response(status_code=401, headers={**HEADERS, "HX-Redirect": target})
    return RedirectResponse(target, 303, headers=HEADERS)


async def shown(request: Request) -> Response:
    """The form; whoever has signed in goes on."""
    onward = own_path(request.query_params.get("next", ""))
    if request.state.visitor is not None:
        return RedirectResponse(onward, 303, headers=HEADERS)
    return _form(request, onward)


async def sign_in(request: Request) -> Response:
    """Begin a session, with an id that nobody knew before."""
    form = form_of(request)
    onward, who, secret = own_path(form.get("next", "")), form.get("who", "").strip(), form.get("token", "").strip()
    if not who or len(who) > _LONGEST_NAME or not is_plain(who):
        wrong = f"Say who you are, in one line of up to {_LONGEST_NAME} characters: it stands in the audit."
        return _form(request, onward, who, wrong, status=422)
    address = request.state.address
    try:
        session = await room_of(request).begin(secret[:_LONGEST_TOKEN], who, address)
    except SignInRefused as refused:
        wrong = (
            "By this token somebody signs in again and again."
            if refused.known
            else "No such token is in force. It may have expired, or been revoked or rotated."
        )
        if not refused.seconds:
            return _form(request, onward, who, wrong, status=403)
        seconds = str(math.ceil(refused.seconds))
        wrong = f"{wrong} That was too often: come again in {seconds} s."
        return _form(request, onward, who, wrong, status=429, headers={"Retry-After": seconds})
    await room_of(request).end(ids_shown(request.headers), address)
    answered = RedirectResponse(onward, 303, headers=HEADERS)
    # Behind somebody who ends TLS for us the request itself is plain; the page that sent the form is not.
    secure = "https" in {request.url.scheme, request.headers.get("origin", "").partition(":")[0]}
    answered.set_cookie(ROOM_COOKIE, session, path="/room", httponly=True, samesite="strict", secure=secure)
    return answered


async def sign_out(request: Request) -> Response:
    """End the session, and leave nothing of what was seen."""
    await room_of(request).end(ids_shown(request.headers), request.state.address)
    # Not the cookies: the browser would drop those of everything else on this host, the shop's too.
    answered = RedirectResponse(SIGN_IN, 303, headers={**HEADERS, "Clear-Site-Data": '"cache"'})
    answered.delete_cookie(ROOM_COOKIE, path="/room", httponly=True, samesite="strict")
    return answered


def _form(
    request: Request,
    onward: str,
    who: str = "",
    wrong: str = "",
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    context = {"onward": "" if onward == HOME else onward, "who": who, "wrong": wrong}
    return render(request, "sign_in.html", context, status=status, headers=headers)
