"""Who has signed in, for those who give out tokens; each session can be ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from strangler.errors import ControlRefused, ControlUnreachable
from strangler_proxy.page.asking import ask
from strangler_proxy.page.form import form_of
from strangler_proxy.page.notice import sent_on
from strangler_proxy.page.page import Page
from strangler_proxy.page.render import is_part, render
from strangler_proxy.page.trouble import status_of

__all__ = ["routes"]

_SESSIONS: Final = "/room/sessions"
_NO_FORM: Final[Mapping[str, str]] = {"id": "", "why": ""}


def routes() -> list[Page]:
    """Where it is served."""
    return [Page(_SESSIONS, shown, least="approve"), Page(_SESSIONS, end, "POST", least="approve")]


async def shown(request: Request) -> Response:
    """All of them, the newest first."""
    return await _page(request)


async def end(request: Request) -> Response:
    """End one; their own takes whoever does it to the way in."""
    form = form_of(request)
    chosen, why = form.get("id", ""), form.get("why", "")
    try:
        await ask(request, lambda client: client.end_sessions([chosen], why=why))
    except (ControlRefused, ControlUnreachable) as error:
        return await _page(request, {"id": chosen, "why": why}, str(error), status=status_of(error))
    return sent_on(request, _SESSIONS, "The session is over.")


async def _page(
    request: Request, form: Mapping[str, str] = _NO_FORM, wrong: str = "", *, status: int = 200
) -> Response:
    found = await ask(request, lambda client: client.sessions())
    there = any(each["id"] == form["id"] for each in found)
    context: dict[str, Any] = {"sessions": found, "form": form, "wrong": wrong, "there": there}
    return render(request, "sessions_part.html" if is_part(request) else "sessions.html", context, status=status)
