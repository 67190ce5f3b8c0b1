"""What a form came to, told once on the page that follows it."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, new
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from strangler_proxy.page.visitor import Visitor

__all__ = ["Notice", "notice_of", "put_away", "sent_on"]

_COOKIE: Final = "strangler_notice"
_LONGEST: Final = 1500
_SECONDS: Final = 60
_MARKS: Final = {"ok": "+", "bad": "-"}


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told, and how: `ok` or `bad`."""

    kind: str
    text: str


def sent_on(request: Request, path: str, text: str = "", *, kind: str = "ok") -> Response:
    """The answer to a form that was carried out: the page at `path`, where `text` is told. It travels as a cookie that
    is signed for this visit alone: nobody puts words on our pages by a link."""
    answered = RedirectResponse(path, 303, headers={"Cache-Control": "no-store"})
    if text:
        shown = (_MARKS[kind] + text).encode()[:_LONGEST].decode("utf-8", "ignore").encode()
        value = f"{urlsafe_b64encode(shown).decode()}.{_signature(request.state.visitor, shown)}"
        answered.set_cookie(
            _COOKIE,
            value,
            max_age=_SECONDS,
            path="/room",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    return answered


def notice_of(request: Request) -> Notice | None:
    """What this page is to tell; None where there is nothing."""
    visitor: Visitor | None = request.state.visitor
    text, _, signature = request.cookies.get(_COOKIE, "").partition(".")
    if visitor is None or not signature:
        return None
    try:
        shown = urlsafe_b64decode(text)
    except (binascii.Error, ValueError):
        return None
    if not compare_digest(signature.encode(), _signature(visitor, shown).encode()):
        return None
    told = shown.decode()
    return Notice("bad" if told.startswith(_MARKS["bad"]) else "ok", told[1:])


def put_away(answered: Response) -> None:
    """Tell it no second time."""
    answered.delete_cookie(_COOKIE, path="/room", httponly=True, samesite="strict")


def _signature(visitor: Visitor, shown: bytes) -> str:
    return new(visitor.form_token.encode(), b"notice:" + shown, sha256).hexdigest()
