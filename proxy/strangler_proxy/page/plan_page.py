"""The plan: its document as it reads, where each step stands, and what a visitor may do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from strangler.errors import ConfigError, ControlRefused, PlanError, StranglerError
from strangler_proxy.client import ControlClient
from strangler_proxy.page.asking import ask
from strangler_proxy.page.form import form_of
from strangler_proxy.page.notice import sent_on
from strangler_proxy.page.page import Page
from strangler_proxy.page.plan_look import PlanLook, gates_said, look_at_plan, step_as_shown
from strangler_proxy.page.render import HEADERS, render
from strangler_proxy.page.room import room_of
from strangler_proxy.page.trouble import status_of
from strangler_proxy.page.visitor import visitor_of
from strangler_proxy.plan.approving import approve_step

__all__ = ["routes"]

_PLAN: Final = "/room/plan"
_NO_FORM: Final[Mapping[str, str]] = {"step": "", "act": "", "why": "", "confirm": ""}


def routes() -> list[Page]:
    """Where it is served."""
    return [
        Page(_PLAN, shown),
        Page(f"{_PLAN}/print", printed),
        Page(f"{_PLAN}/now", now),
        Page(f"{_PLAN}/steps", steps),
        # Some gates ask others, by the plan's word and with what is in our environment: not for whoever may only look.
        Page(f"{_PLAN}/gates/{{step}}", gates, least="operate"),
        Page(f"{_PLAN}/approve", approve, "POST", least="approve"),
        Page(f"{_PLAN}/apply", apply, "POST", least="operate"),
        Page(f"{_PLAN}/undo", undo, "POST", least="operate"),
        Page(f"{_PLAN}/stop", stop, "POST", least="operate"),
    ]


async def shown(request: Request) -> Response:
    """The whole; with `gates` in the query what the gates of that step say, too, to whoever may operate."""
    return await _page(request)


async def printed(request: Request) -> Response:
    """The whole on paper: states and dates, and nothing to press."""
    look = await _look(request)
    return render(request, "plan_print.html", {"look": look})


async def now(request: Request) -> Response:
    """What goes on now, and what is next: a part of the page that asks for itself."""
    return render(request, "plan_now.html", {"look": await _look(request)})


async def steps(request: Request) -> Response:
    """The document with its steps, a part of the page that asks for itself; nothing where it is as the page has it."""
    look = await _look(request)
    if request.query_params.get("seen") == look.digest:
        return Response(status_code=204, headers=HEADERS)
    return render(request, "plan_steps.html", {**_nothing_wrong(), "look": look})


async def gates(request: Request) -> Response:
    """What the gates of a step say now, as a part of the page."""
    name = request.path_params["step"]
    path = room_of(request).config.plan
    try:
        said = await ask(request, lambda client: gates_said(client, path, name))
    except (PlanError, ConfigError, ControlRefused) as error:
        return render(request, "plan_gates.html", {"said": (), "wrong": str(error)})
    return render(request, "plan_gates.html", {"said": said, "wrong": ""})


async def approve(request: Request) -> Response:
    """Say yes to a step as it was shown."""
    form, path = form_of(request), room_of(request).config.plan

    def approved(client: ControlClient) -> str:
        plan, step = step_as_shown(path, form)
        approve_step(client, plan.name, step, why=form.get("why", ""))
        return step.id

    try:
        name = await ask(request, approved)
    except StranglerError as error:
        return await _page(request, form, "approve", error)
    return sent_on(request, f"{_PLAN}#step-{name}", f"{name} is approved, as it is written now.")


async def apply(request: Request) -> Response:
    """Begin to apply a step as it was shown."""
    return await _begin(request, "apply")


async def undo(request: Request) -> Response:
    """Begin to undo a step as it was shown."""
    return await _begin(request, "undo")


async def stop(request: Request) -> Response:
    """Call off what this control plane is at."""
    path = room_of(request).config.plan
    called_off = await ask(request, lambda client: client.plan_call_off(path.stem))
    if called_off:
        return sent_on(
            request, _PLAN, "It is called off, and ends where it is. Apply the step again to go on from there."
        )
    return sent_on(request, _PLAN, "This control plane is at nothing: whoever holds the plan is elsewhere.", kind="bad")


async def _begin(request: Request, act: str) -> Response:
    form, path = form_of(request), room_of(request).config.plan

    def begun(client: ControlClient) -> dict[str, object]:
        plan, step = step_as_shown(path, form)
        return client.plan_run(plan.name, step.id, step.digest, act, confirm=form.get("confirm", ""))

    try:
        run = await ask(request, begun)
    except StranglerError as error:
        return await _page(request, form, act, error)
    verb = {"apply": "applied", "undo": "undone"}[act]
    if run["ended_at"] is None:
        told = f"{run['step']} is being {verb}. It goes on by itself, whether you look on or not."
    elif act == "undo" and run["outcome"] in ("ready", "not ready"):
        told = f"{run['step']} is undone."
    else:
        told = f"{run['step']}: {run['outcome']}. {run['reason']}"
    kind = "bad" if run["outcome"] in ("failed", "refused", "broken", "drifted") else "ok"
    return sent_on(request, f"{_PLAN}#step-{run['step']}", told, kind=kind)


async def _look(request: Request) -> PlanLook:
    path = room_of(request).config.plan
    return await ask(request, lambda client: look_at_plan(client, path))


async def _page(
    request: Request, form: Mapping[str, str] | None = None, act: str = "", error: StranglerError | None = None
) -> Response:
    """The page, with what was refused where it was asked for, and what was written there."""
    look = await _look(request)
    context: dict[str, object] = {**_nothing_wrong(), "look": look}
    if error is not None:
        context |= {"form": {**_NO_FORM, **(form or {}), "act": act}, "wrong": str(error)}
    name = request.query_params.get("gates", "") if visitor_of(request).may_operate else ""
    if look.shown is not None and look.shown.has(name):
        said = await ask(request, lambda client: gates_said(client, look.path, name))
        context |= {"gates_of": name, "said": said}
    status = 200 if error is None else 409 if isinstance(error, PlanError | ConfigError) else status_of(error)
    return render(request, "plan.html", context, status=status)


def _nothing_wrong() -> dict[str, object]:
    return {"form": _NO_FORM, "wrong": "", "gates_of": "", "said": ()}
