"""The page of one route or seam: what it takes, where it stands, where it may go, and how it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from strangler.toggles import BUCKETS, Stage, Toggle
from strangler_proxy.client import ControlClient
from strangler_proxy.page.asking import ask
from strangler_proxy.page.page import Page
from strangler_proxy.page.render import HEADERS, render
from strangler_proxy.page.room import room_of
from strangler_proxy.page.route_charts import RANGES
from strangler_proxy.page.route_form import NO_TROUBLE, ApproveForm, MoveForm, RolloutForm, Trouble
from strangler_proxy.page.route_look import CHARTS, Look, Strange, charted, differing, gates_before, held_of, look
from strangler_proxy.page.route_moves import ShownMove, moves_of, offered
from strangler_proxy.page.route_shown import moved_since
from strangler_proxy.page.visitor import visitor_of

__all__ = ["OWN", "asked_of_room", "route_page", "routes"]

OWN: Final = "/room/routes/{name}"
_FIRST: Final = next(iter(RANGES))
_USUAL_SHARE: Final = "5"
_GLOB: Final = frozenset("*?[")

T = TypeVar("T")


def routes() -> list[Page]:
    """Where it is served: the page, its parts that bring themselves up to date, and what its charts draw."""
    return [
        Page(OWN, shown),
        Page(f"{OWN}/standing", standing),
        Page(f"{OWN}/moves", moves),
        Page(f"{OWN}/rollout", rollout),
        Page(f"{OWN}/gates", gates),
        Page(f"{OWN}/takes", takes),
        Page(f"{OWN}/history", history),
        Page(f"{OWN}/{{chart}}.json", chart),
    ]


async def shown(request: Request) -> Response:
    """The page."""
    return await route_page(request)


async def route_page(
    request: Request,
    *,
    move: MoveForm | None = None,
    rollout: RolloutForm | None = None,
    approve: ApproveForm | None = None,
    trouble: Trouble = NO_TROUBLE,
) -> Response:
    """The page, with what somebody wrote into one of its forms, and the trouble that there was with it."""
    found = await asked_of_room(request, lambda client, name: look(client, name))
    possible = () if found.toggle is None else moves_of(found.toggle, {})
    context = {
        **_standing(found, found.revision),
        **_moving(request, found.toggle, found.revision, possible, move),
        "asked": False,
        "back_name": "" if found.toggle is None else found.name,
        "look_name": found.name,
        "rollout_form": rollout or RolloutForm(),
        "approve": approve or ApproveForm(),
        "trouble": trouble,
        "ranges": tuple(RANGES.values()),
        "first": _FIRST,
        "inventory": room_of(request).config.inventory is not None,
    }
    return render(request, "route.html", context, status=trouble.status)


async def standing(request: Request) -> Response:
    """Where it stands, what customers get, and what happened since the `revision` at which a form was made."""
    found = await asked_of_room(request, look)
    made_at = MoveForm.of(request.query_params).revision or found.revision
    return render(request, "route_standing.html", _standing(found, made_at))


async def rollout(request: Request) -> Response:
    """The rollout that walks it, or the last one that did."""
    found = await asked_of_room(request, look)
    context = {"look": found, "rollout_form": RolloutForm(), "trouble": NO_TROUBLE}
    return render(request, "route_rollout.html", context)


async def history(request: Request) -> Response:
    """Who moved it, when and why."""
    return render(request, "route_history.html", {"look": await asked_of_room(request, look)})


async def moves(request: Request) -> Response:
    """The form that moves it, with what the control plane has against each move now."""
    visitor = visitor_of(request)

    def asked(client: ControlClient, name: str) -> tuple[Look, tuple[ShownMove, ...]]:
        found = look(client, name)
        if found.toggle is None:
            raise Strange(name)
        # Whoever may only look may not ask either, and each refusal would stand in the audit.
        held = held_of(client, found.toggle, may_approve=visitor.may_approve) if visitor.may_operate else {}
        return found, moves_of(found.toggle, held)

    found, possible = await asked_of_room(request, asked)
    context = {"look": found, "asked": True, "trouble": NO_TROUBLE}
    context |= _moving(request, found.toggle, found.revision, possible, None)
    return render(request, "route_moves.html", context)


async def gates(request: Request) -> Response:
    """What must pass before the next stage, and what it comes to now; and whether pairs differ, gates or none."""
    name = request.path_params["name"]

    def asked(client: ControlClient, name: str) -> dict[str, Any]:
        before, found = gates_before(client, name)
        return {"before": before, "gates": found, "differs": differing(client, name)}

    context = {"look_name": name, "approve": ApproveForm(), "trouble": NO_TROUBLE}
    return render(request, "route_gates.html", {**await asked_of_room(request, asked), **context})


async def takes(request: Request) -> Response:
    """Which views of the monolith it takes."""
    found = await asked_of_room(request, lambda client, name: client.captures(name))
    return render(request, "route_takes.html", {"found": found})


async def chart(request: Request) -> Response:
    """What a chart draws, over the `range` that is asked for."""
    kind, over = request.path_params["chart"], RANGES.get(request.query_params.get("range", _FIRST))
    if kind not in CHARTS or over is None:
        raise HTTPException(404)
    document = await asked_of_room(request, lambda client, name: charted(client, name, kind, over))
    return JSONResponse(document, headers=dict(HEADERS))


async def asked_of_room(request: Request, function: Callable[[ControlClient, str], T]) -> T:
    """What `function` gives for the route or seam that the address names; where there is none, there is no page."""
    name = request.path_params["name"]
    if not _GLOB.isdisjoint(name):
        # The API takes globs for names, and looks at all that they are.
        raise HTTPException(404)
    try:
        return await ask(request, lambda client: function(client, name))
    except Strange as error:
        raise HTTPException(404) from error


def _standing(found: Look, since: int) -> dict[str, Any]:
    toggle = found.toggle
    share = 0.0
    if toggle is not None:
        everybody = toggle.stage in (Stage.EXTRACTED, Stage.RETIRED)
        share = 1.0 if everybody else toggle.share / BUCKETS if toggle.stage is Stage.CANARY else 0.0
    meanwhile = () if toggle is None else moved_since(toggle, since, found.history)
    return {"look": found, "share": share, "meanwhile": meanwhile}


def _moving(
    request: Request, toggle: Toggle | None, revision: int, possible: tuple[ShownMove, ...], written: MoveForm | None
) -> dict[str, Any]:
    """What the form that moves it is made of: the moves, and what is in its fields."""
    if written is not None:
        return {"moves": possible, "move": replace(written, revision=revision)}
    stage = offered(possible, force=visitor_of(request).may_approve)
    share = _USUAL_SHARE
    if toggle is not None and toggle.stage is Stage.CANARY:
        share = f"{toggle.share * 100 / BUCKETS:g}"
    return {"moves": possible, "move": MoveForm(stage=stage, share=share, revision=revision)}
