"""What people do on a route's page: move it, tell its rollout, say yes."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from strangler.errors import ControlRefused, ControlUnreachable
from strangler_proxy.client import ControlClient
from strangler_proxy.page.form import form_of
from strangler_proxy.page.notice import sent_on
from strangler_proxy.page.outcome_shown import told_move
from strangler_proxy.page.page import Page
from strangler_proxy.page.route import OWN, asked_of_room, route_page
from strangler_proxy.page.route_form import ApproveForm, MoveForm, RolloutForm, Trouble
from strangler_proxy.page.route_look import Strange, toggle_of
from strangler_proxy.page.route_shown import Moved, moved_since, moves_in
from strangler_proxy.page.trouble import status_of
from strangler_proxy.words import stage_of

__all__ = ["routes"]

_TRIES: Final = 5
_ENTRIES: Final = 20
_MEANWHILE: Final = "Somebody was first, and nothing was moved."
_STILL: Final = "What you wrote is still here: look at what happened, and press once more if you still want it."
# It is running then, and may be no more by the time that it is read.
_DONE: Final = {"start": "begun", "resume": "resumed"}
_UNKNOWN: Final = "There is no such order, so nothing was done."


def routes() -> list[Page]:
    """Where the forms are sent."""
    return [
        Page(f"{OWN}/move", move, "POST", least="operate"),
        Page(f"{OWN}/rollout", order, "POST", least="operate"),
        Page(f"{OWN}/approve", approve, "POST", least="approve"),
    ]


async def move(request: Request) -> Response:
    """Move it, unless somebody else has since the form was made."""
    form = MoveForm.of(form_of(request))
    try:
        outcome, meanwhile = await asked_of_room(request, lambda client, name: _moved(client, name, form))
    except (ControlRefused, ControlUnreachable) as error:
        return await route_page(request, move=form, trouble=_trouble("move", error))
    if meanwhile:
        trouble = Trouble("move", _MEANWHILE, _STILL, meanwhile, 409)
        return await route_page(request, move=form, trouble=trouble)
    where = f"To {stage_of(outcome['moved'][0]['to'])}. " if outcome["moved"] else ""
    return _back(request, where + told_move(outcome), kind="bad" if outcome["missing"] else "ok")


async def order(request: Request) -> Response:
    """Begin a rollout, or tell it what to do."""
    form = RolloutForm.of(form_of(request))
    try:
        told = await asked_of_room(request, lambda client, name: _ordered(client, name, form))
    except (ControlRefused, ControlUnreachable) as error:
        return await route_page(request, rollout=form, trouble=_trouble("rollout", error))
    if told is None:
        return await route_page(request, rollout=form, trouble=Trouble("rollout", _UNKNOWN, status=422))
    return _back(request, f"Rollout {told['name']}: {_DONE.get(form.order, told['state'])}.")


async def approve(request: Request) -> Response:
    """Say a person's yes."""
    form = ApproveForm.of(form_of(request))
    try:
        told = await asked_of_room(request, lambda client, name: _approved(client, name, form))
    except (ControlRefused, ControlUnreachable) as error:
        return await route_page(request, approve=form, trouble=_trouble("approve", error))
    return _back(request, f"Approved as {told['word']}.")


def _moved(client: ControlClient, name: str, form: MoveForm) -> tuple[dict[str, Any], tuple[Moved, ...]]:
    """What the move came to; or what happened since the form was made, and then nothing was moved. Others' moves of
    other toggles are no hindrance."""
    for attempt in range(_TRIES):
        toggle, revision = toggle_of(client, name)
        if toggle is None:
            raise Strange(name)
        if toggle.revision > form.revision:
            return {}, moved_since(toggle, form.revision, moves_in(client.history(name, limit=_ENTRIES)))
        try:
            outcome = client.flip(
                [name],
                form.stage,
                why=form.why,
                share=form.api_share,
                force=form.force,
                confirm=form.confirm or None,
                expected_revision=revision,
            )
        except ControlRefused as refused:
            if refused.code != "revision_conflict" or attempt == _TRIES - 1:
                raise
        else:
            return outcome, ()
    raise AssertionError("the last try answers or raises")


def _approved(client: ControlClient, name: str, form: ApproveForm) -> dict[str, Any]:
    _check_is_one(client, name)
    return client.approve([name], word=form.word, why=form.why)


def _ordered(client: ControlClient, name: str, form: RolloutForm) -> dict[str, Any] | None:
    _check_is_one(client, name)
    match form.order:
        case "start":
            return client.start_rollout([name], why=form.why, schedule=form.schedule or None)
        case "freeze":
            return client.freeze_rollout(form.name, why=form.why)
        case "resume":
            return client.resume_rollout(form.name, why=form.why)
        case "abort":
            return client.abort_rollout(form.name, why=form.why)
    return None


def _check_is_one(client: ControlClient, name: str) -> None:
    """The API takes globs, and an address names one. Raises Strange."""
    if toggle_of(client, name)[0] is None:
        raise Strange(name)


def _trouble(at: str, error: ControlRefused | ControlUnreachable) -> Trouble:
    if isinstance(error, ControlRefused):
        return Trouble(at, error.wrong, error.remedy, status=status_of(error))
    return Trouble(at, str(error), status=status_of(error))


def _back(request: Request, told: str, *, kind: str = "ok") -> Response:
    return sent_on(request, OWN.format(name=request.path_params["name"]), told, kind=kind)
