"""The control API's verbs of gates and approvals."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from strangler.gates import Approval, Gates, judge, overall
from strangler.toggles import Toggle
from strangler_proxy.control.answers import answer
from strangler_proxy.control.asked import audited, parsed, who_asks
from strangler_proxy.control.gates_requests import ApproveRequest, GatesRequest
from strangler_proxy.control.plane import ControlPlane
from strangler_proxy.control.roles import Role
from strangler_proxy.control.verbs import Verb
from strangler_proxy.gates import Observes, began, gates_before
from strangler_proxy.gates.approvals import approve

__all__ = ["GatesApi"]


class GatesApi:
    """The handlers, on `plane` and what `observer` sees."""

    def __init__(self, plane: ControlPlane, observer: Observes, *, clock: Callable[[], float] = time.time) -> None:
        self._plane = plane
        self._observer = observer
        self._clock = clock

    def routes(self) -> list[Verb]:
        """Where the verbs are served."""
        return [
            Verb("/api/v1/gates", self.gates, "POST", least=Role.VIEW),
            Verb("/api/v1/approvals", self.approve, "POST", least=Role.APPROVE),
        ]

    async def gates(self, request: Request) -> Response:
        """What gates come to, now."""
        body = await parsed(request, GatesRequest)
        wanted = None if body.gates is None else body.gates.gates()
        rows = await asyncio.to_thread(
            lambda: [self._judged(toggle, wanted, body.since) for toggle in self._toggles(body.names)]
        )
        # It moved nothing, and a watch asks again and again.
        audited(request)
        return answer({"routes": rows})

    async def approve(self, request: Request) -> Response:
        """Say a person's yes to routes and seams."""
        body = await parsed(request, ApproveRequest)
        given = Approval(who_asks(request), request.state.caller.role.value, body.word, body.why, self._clock())
        names = [toggle.name for toggle in self._toggles(body.names)]

        def keep() -> None:
            for name in names:
                approve(self._plane.documents, name, given)

        await asyncio.to_thread(keep)
        audited(request)
        return answer({"approved": names, "word": given.word, "who": given.who})

    def _toggles(self, names: list[str]) -> list[Toggle]:
        """Those that one of `names` is, by name. Raises UnknownToggle."""
        snapshot = self._plane.snapshot
        found = {toggle.name: toggle for each in names for toggle in snapshot.matching(each)}
        return [found[name] for name in sorted(found)]

    def _judged(self, toggle: Toggle, wanted: Gates | None, since: float | None) -> dict[str, Any]:
        following = toggle.stage.following
        gates = wanted
        if gates is None:
            gates = Gates() if following is None else gates_before(self._plane.config, toggle.name, following)
        if since is None:
            since = began(toggle, self._plane.in_force.store.history(toggle.name))
        if since is None:
            since = self._clock()
        judgements = judge(gates, self._observer.observe(toggle.name, gates, stage=toggle.stage, since=since))
        return {
            "name": toggle.name,
            "stage": toggle.stage.value,
            "share": toggle.share,
            "before": following.value if wanted is None and following else None,
            "since": since,
            **overall(judgements).to_json(),
            "gates": [each.to_json() for each in judgements],
        }
