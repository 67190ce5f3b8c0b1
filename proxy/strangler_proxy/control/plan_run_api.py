"""The control API's verbs of steps that the control plane carries out itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from strangler.errors import ConfigError
from strangler_proxy.client import ControlClient
from strangler_proxy.control.answers import answer, refusal
from strangler_proxy.control.asked import audited, need, parsed, who_asks
from strangler_proxy.control.plan_requests import RunRequest
from strangler_proxy.control.plan_runs import PlanRuns
from strangler_proxy.control.roles import Role
from strangler_proxy.control.verbs import Verb
from strangler_proxy.plan import Step
from strangler_proxy.plan.moves import FlipMove
from strangler_proxy.plan.on_disk import PlanOnDisk
from strangler_proxy.plan.own_hands import apply_by_hand, undo_by_hand
from strangler_proxy.plan.run import RunAct

__all__ = ["PlanRunApi"]


class PlanRunApi:
    """The handlers, on the plan that the configuration names; `client_of` gives the API as whoever asks has it."""

    def __init__(self, plan: PlanOnDisk, runs: PlanRuns, client_of: Callable[[Request], ControlClient]) -> None:
        self._plan = plan
        self._runs = runs
        self._client_of = client_of

    def routes(self) -> list[Verb]:
        """Where the verbs are served."""
        return [
            Verb("/api/v1/plan/{plan}/run", self.run, "POST", least=Role.OPERATE),
            Verb("/api/v1/plan/{plan}/run", self.call_off, "DELETE", least=Role.OPERATE),
        ]

    async def run(self, request: Request) -> Response:
        """Begin to apply or undo a step, as it is written."""
        body = await parsed(request, RunRequest)
        if request.path_params["plan"] != self._plan.name:
            return _no_plan(f"The configuration's plan is {self._plan.name}.")
        try:
            plan = await asyncio.to_thread(self._plan.load)
        except ConfigError as error:
            return _no_plan(f"The plan cannot be read: {error}")
        step = plan.steps.get(body.step)
        if step is None or step.digest != body.digest:
            return refusal(
                409,
                "step_changed",
                f"The step {body.step} is not written as it was shown. Nothing was done.",
                remedy="Read it as it is now, and decide then.",
            )
        by_hand = apply_by_hand(step) if body.act is RunAct.APPLY else undo_by_hand(step)
        if by_hand:
            line = f"strangler plan {body.act} {step.id}"
            return refusal(409, "by_hand", f"{step.id}: {by_hand}", remedy=f"On your own machine: `{line}`.")
        if _is_grave(step, body.act):
            need(request, Role.APPROVE, "a step that forces a move or opens a one-way door")
        run = await asyncio.to_thread(
            partial(
                self._runs.begin,
                plan,
                step,
                body.act,
                self._client_of(request),
                who=who_asks(request),
                confirm=body.confirm,
            )
        )
        # What it does stands in the audit, act by act.
        audited(request)
        return answer({"run": run.to_json()})

    async def call_off(self, request: Request) -> Response:
        """Let what runs here end where it is."""
        return answer({"called_off": self._runs.call_off(request.path_params["plan"])})


def _is_grave(step: Step, act: RunAct) -> bool:
    """Whether it makes a move that wants the role `approve`."""
    moves = step.moves if act is RunAct.APPLY else step.undo or ()
    return (act is RunAct.APPLY and bool(step.one_way)) or any(
        isinstance(move, FlipMove) and move.force for move in moves
    )


def _no_plan(wrong: str) -> Response:
    return refusal(404, "no_plan", wrong, remedy="`plan` under [control] in strangler.toml names its file.")
