"""The control API's verbs of rollouts."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from starlette.requests import Request
from starlette.responses import Response

from strangler.errors import IllegalRollout, UnknownRollout
from strangler_proxy.control.answers import answer
from strangler_proxy.control.asked import parsed, who_asks
from strangler_proxy.control.roles import Role
from strangler_proxy.control.rollout_requests import RolloutAbort, RolloutOrder, RolloutStart
from strangler_proxy.control.verbs import Verb
from strangler_proxy.rollout import Rollout, Rollouts, Schedule

__all__ = ["RolloutApi"]

_LONGEST_NAME = 200


class RolloutApi:
    """The handlers, on `rollouts`; `schedules` are those of the configuration, by name."""

    def __init__(self, rollouts: Rollouts, schedules: Mapping[str, Schedule]) -> None:
        self._rollouts = rollouts
        self._schedules = schedules

    def routes(self) -> list[Verb]:
        """Where the verbs are served."""
        return [
            Verb("/api/v1/rollouts", self.listed, "GET", least=Role.VIEW),
            Verb("/api/v1/schedules", self.known, "GET", least=Role.VIEW),
            Verb("/api/v1/rollouts", self.start, "POST", least=Role.OPERATE),
            Verb("/api/v1/rollouts/freeze", self.freeze, "POST", least=Role.OPERATE),
            Verb("/api/v1/rollouts/resume", self.resume, "POST", least=Role.OPERATE),
            Verb("/api/v1/rollouts/abort", self.abort, "POST", least=Role.OPERATE),
        ]

    async def listed(self, _: Request) -> Response:
        """All rollouts, each as it stands now."""
        return answer({"rollouts": [look.to_json() for look in await self._rollouts.listed()]})

    async def known(self, _: Request) -> Response:
        """The schedules that a rollout can go by."""
        return answer({"schedules": [each.to_json() for each in self._schedules.values()]})

    async def start(self, request: Request) -> Response:
        """Begin a rollout."""
        body = await parsed(request, RolloutStart)
        schedule = self._schedules.get(body.schedule)
        if schedule is None:
            near = get_close_matches(body.schedule, self._schedules, n=1)
            known = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(self._schedules)}."
            raise UnknownRollout(f"There is no schedule {body.schedule!r}.", known)
        name = body.name or ",".join(body.names)
        if len(name) > _LONGEST_NAME:
            raise IllegalRollout("The names together are too long for a name.", "Give it one: `--name`.")
        rollout = await self._rollouts.start(body.names, schedule, name=name, who=who_asks(request), why=body.why)
        return await self._told(rollout)

    async def freeze(self, request: Request) -> Response:
        """Let a rollout go no further."""
        body = await parsed(request, RolloutOrder)
        return await self._told(await self._rollouts.freeze(body.name, who=who_asks(request), why=body.why))

    async def resume(self, request: Request) -> Response:
        """Let a rollout go on."""
        body = await parsed(request, RolloutOrder)
        return await self._told(await self._rollouts.resume(body.name, who=who_asks(request), why=body.why))

    async def abort(self, request: Request) -> Response:
        """End a rollout."""
        body = await parsed(request, RolloutAbort)
        who = who_asks(request)
        return await self._told(await self._rollouts.abort(body.name, who=who, why=body.why, wait=body.wait_seconds))

    async def _told(self, rollout: Rollout) -> Response:
        return answer({"rollout": (await self._rollouts.look(rollout)).to_json()})
