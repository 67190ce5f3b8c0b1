"""What is told where a page cannot be shown, or a form cannot be carried out."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from strangler.errors import ControlRefused, StranglerError
from strangler_proxy.page.form import FORM_TOKEN
from strangler_proxy.page.render import is_part, render

__all__ = ["HANDLERS", "status_of", "trouble"]

# Everything that a person wrote themselves and would have to write again.
_NOT_KEPT: Final = frozenset({FORM_TOKEN, "token"})


def trouble(
    request: Request,
    status: int,
    title: str,
    text: str,
    remedy: str = "",
    *,
    kept: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page that says what is wrong and what to do; to the page's script, only that part. What was sent by a form is
    shown, so that nobody writes it twice: the form that was taken, or `kept` of one that was not."""
    sent: Mapping[str, str] = getattr(request.state, "form", {}) if kept is None else kept
    written = {name: value for name, value in sent.items() if value and name not in _NOT_KEPT}
    context = {"status": status, "title": title, "text": text, "remedy": remedy, "kept": written}
    template = "trouble_part.html" if is_part(request) else "trouble.html"
    return render(request, template, context, status=status, headers=headers)


def status_of(error: StranglerError) -> int:
    """The status of a page with this error on it: the API's own, where it answered."""
    return error.status if isinstance(error, ControlRefused) else 503


async def _on_refused(request: Request, error: Exception) -> Response:
    refused = cast("StranglerError", error)
    status = status_of(refused)
    title = {403: "Not with your role", 404: "Not found", 503: "Not now"}.get(status, "Refused")
    told = (refused.wrong, refused.remedy) if isinstance(refused, ControlRefused) else (str(refused), "")
    return trouble(request, status, title, *told)


async def _on_http_error(request: Request, error: Exception) -> Response:
    wrong = cast("HTTPException", error)
    if wrong.status_code == 404:
        return trouble(
            request,
            404,
            "Not found",
            "There is no such page, or nothing of that name any more.",
            "Begin at the overview.",
        )
    phrase = HTTPStatus(wrong.status_code).phrase
    return trouble(request, wrong.status_code, phrase, f"{phrase}.", headers=wrong.headers)


async def _on_crash(request: Request, _: Exception) -> Response:
    return trouble(
        request,
        500,
        "This page failed",
        "The control plane failed at this page; its log says how. Traffic is not touched.",
        "Everything that pages do, the `strangler` command does too.",
    )


HANDLERS: Final = {
    StranglerError: _on_refused,
    HTTPException: _on_http_error,
    Exception: _on_crash,
}
