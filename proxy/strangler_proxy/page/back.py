"""Back, the kill switch: routes to the monolith, at once. On every page for those who may, and a page of its own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from strangler.errors import ControlRefused, ControlUnreachable
from strangler_proxy.page.asking import ask
from strangler_proxy.page.form import form_of
from strangler_proxy.page.notice import sent_on
from strangler_proxy.page.outcome_shown import told_move
from strangler_proxy.page.page import Page
from strangler_proxy.page.places import own_path
from strangler_proxy.page.render import BACK_WHY, render
from strangler_proxy.page.trouble import status_of

__all__ = ["routes"]


def routes() -> list[Page]:
    """Where it is served."""
    return [Page("/room/back", shown), Page("/room/back", back, "POST", least="operate")]


async def shown(request: Request) -> Response:
    """The form as a page, for whoever has no script. Who may only look is told so."""
    name = request.query_params.get("name", "")
    onward = own_path(request.query_params.get("next", ""))
    return _form(request, {"name": name, "why": BACK_WHY, "next": onward})


async def back(request: Request) -> Response:
    """Take the toggle of that name, or all, back to the monolith."""
    form = {"name": "", "why": "", **form_of(request)}
    onward = own_path(form.get("next", ""))
    names = [form["name"]] if form["name"] else None
    try:
        outcome = await ask(request, lambda client: client.back(names, why=form["why"]))
    except (ControlRefused, ControlUnreachable) as error:
        return _form(request, {**form, "next": onward}, str(error), status=status_of(error))
    told = told_move(outcome, unmoved="Everything is at the monolith already")
    kind = "bad" if outcome["missing"] or outcome["refused"] else "ok"
    return sent_on(request, onward, f"Back at the monolith. {told}" if outcome["moved"] else told, kind=kind)


def _form(request: Request, form: dict[str, str], wrong: str = "", *, status: int = 200) -> Response:
    return render(request, "back.html", {"form": form, "wrong": wrong}, status=status)
