"""The control API's verbs of plans: what is kept of their steps, who is at it, and the moves that steps make."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from strangler.documents import Document, Event
from strangler.toggles import AuditEntry, Stage, Toggle
from strangler_proxy.control.answers import answer, refusal
from strangler_proxy.control.asked import BadInput, audited, need, parsed, who_asks
from strangler_proxy.control.plan_requests import ConsentRequest, LeaseRequest, MarkRequest, PlanFlipRequest
from strangler_proxy.control.plan_runs import PlanRuns
from strangler_proxy.control.plane import ControlPlane
from strangler_proxy.control.roles import Role
from strangler_proxy.control.verbs import Verb
from strangler_proxy.plain import is_plain

__all__ = ["CONSENTS", "LEASE_SECONDS", "MARKS", "PlanApi"]

LEASE_SECONDS: Final = 30.0
MARKS: Final = "plan"
CONSENTS: Final = "consent"
"""The kinds of documents that steps' marks and people's consents are."""

_MOST_MOVES: Final = 1000
_LONGEST_NAME: Final = 100


class PlanApi:
    """The handlers, on `plane`; `runs` are what it carries out itself."""

    def __init__(self, plane: ControlPlane, runs: PlanRuns) -> None:
        self._plane = plane
        self._runs = runs
        self._seen: tuple[int, Mapping[str, Any]] | None = None
        self._older: dict[str, tuple[int, float]] = {}

    def routes(self) -> list[Verb]:
        """Where the verbs are served."""
        return [
            Verb("/api/v1/plan/{plan}", self.view, "GET", least=Role.VIEW),
            Verb("/api/v1/plan/{plan}/lease", self.lease, "POST", least=Role.OPERATE),
            Verb("/api/v1/plan/{plan}/mark", self.mark, "POST", least=Role.OPERATE),
            Verb("/api/v1/plan/{plan}/flip", self.flip, "POST", least=Role.OPERATE),
            Verb("/api/v1/plan/{plan}/consent", self.consent, "POST", least=Role.APPROVE),
        ]

    async def view(self, request: Request) -> Response:
        """All that a plan's standing is computed from."""
        plan, documents, now = _plan(request), self._plane.documents, time.time()
        holder = await asyncio.to_thread(partial(documents.holder, f"plan/{plan}", now=now))
        marks = await self._listed(MARKS, plan)
        consents = await self._listed(CONSENTS, plan)
        return answer(
            {
                "now": now,
                "holder": holder,
                "marks": {step: {"version": each.version, "mark": each.content["mark"]} for step, each in marks},
                "consents": {step: each.content["consent"] for step, each in consents},
                **await self._moved(),
                "run": await asyncio.to_thread(self._runs.last, plan),
            }
        )

    async def lease(self, request: Request) -> Response:
        """Take or go on with the lease of a plan."""
        plan, body = _plan(request), await parsed(request, LeaseRequest)
        # Asked for every other second; who was at it, the marks' entries in the audit say.
        audited(request)
        if body.release:
            await asyncio.to_thread(self._plane.documents.release, f"plan/{plan}", body.holder)
            return answer({"holder": "", "seconds": 0.0})
        return answer({"holder": await self._holder(plan, body.holder), "seconds": LEASE_SECONDS})

    async def mark(self, request: Request) -> Response:
        """Keep what the world itself cannot tell of a step."""
        plan, body = _plan(request), await parsed(request, MarkRequest)
        if busy := await self._busy(plan, body.holder):
            return busy
        at = datetime.now(UTC)
        content = None if body.mark is None else {"plan": plan, "step": body.step, "mark": body.mark}
        name = f"{plan}/{body.step}"
        event = Event(at, who_asks(request), body.action, name, body.why, body.detail)
        write = partial(self._plane.documents.write, MARKS, name, content)
        if content is None and body.version == 0:
            await asyncio.to_thread(self._plane.documents.record, event)
            written: Document | None = None
        else:
            written = await asyncio.to_thread(partial(write, expected=body.version, at=at, event=event))
        audited(request)
        return answer({"version": 0 if written is None else written.version})

    async def flip(self, request: Request) -> Response:
        """Move toggles for a step."""
        plan, body = _plan(request), await parsed(request, PlanFlipRequest)
        if body.stage is Stage.RETIRED:
            need(request, Role.APPROVE, "a one-way door")
        if body.force:
            need(request, Role.APPROVE, "`force`")
        if busy := await self._busy(plan, body.holder):
            return busy
        evidence = {name: {**body.evidence, "plan": plan, "step": body.step} for name in body.names}
        outcome = await self._plane.flip(body.names, body.move, who=who_asks(request), why=body.why, evidence=evidence)
        audited(request)
        return answer(outcome.to_json())

    async def consent(self, request: Request) -> Response:
        """A person says yes to a step."""
        plan, body = _plan(request), await parsed(request, ConsentRequest)
        at, who, name = datetime.now(UTC), who_asks(request), f"{plan}/{body.step}"
        given = {"who": who, "at": at.timestamp(), "meaning": body.meaning, "why": body.why}
        event = Event(at, who, "plan.approve", name, body.why, {"meaning": body.meaning})
        present = await asyncio.to_thread(self._plane.documents.read, CONSENTS, name)
        expected = 0 if present is None else present.version
        content = {"plan": plan, "step": body.step, "consent": given}
        write = partial(self._plane.documents.write, CONSENTS, name, content, expected=expected, at=at, event=event)
        await asyncio.to_thread(write)
        audited(request)
        return answer(given)

    async def _listed(self, kind: str, plan: str) -> list[tuple[str, Document]]:
        """The documents of that kind that belong to the plan, by step."""
        listed = await asyncio.to_thread(self._plane.documents.listed, kind)
        return [(str(each.content["step"]), each) for each in listed if each.content.get("plan") == plan]

    async def _moved(self) -> Mapping[str, Any]:
        """The last moves, and each toggle with the time of its own last one: both change with the revision alone."""
        snapshot = self._plane.snapshot
        if self._seen is None or self._seen[0] != snapshot.revision:
            moves = await self._plane.history(None, _MOST_MOVES)
            # What only came into the file has not moved.
            told = [
                {"name": each.name, "at": each.at.timestamp(), "stage": each.after.stage.value}
                for each in moves
                if each.before is not None
            ]
            rows = [
                {
                    "name": name,
                    "stage": toggle.stage.value,
                    "share": toggle.share,
                    "since": await self._since(toggle, moves),
                }
                for name, toggle in snapshot.toggles.items()
            ]
            self._seen = snapshot.revision, {"toggles": rows, "moves": told}
        return self._seen[1]

    async def _since(self, toggle: Toggle, moves: Iterable[AuditEntry]) -> float:
        """The time of the toggle's last move: one of `moves`, else an older one."""
        known = self._older.get(toggle.name)
        if known is None or known[0] != toggle.revision:
            newest = next((each for each in moves if each.name == toggle.name), None)
            found = [newest] if newest is not None else await self._plane.history(toggle.name, 1)
            known = self._older[toggle.name] = toggle.revision, found[0].at.timestamp() if found else 0.0
        return known[1]

    async def _holder(self, plan: str, holder: str) -> str:
        """Who has the lease now: `holder` where it was free or theirs, for another while."""
        lease = partial(self._plane.documents.lease, f"plan/{plan}", holder, seconds=LEASE_SECONDS, now=time.time())
        return await asyncio.to_thread(lease)

    async def _busy(self, plan: str, holder: str) -> Response | None:
        """The refusal of whoever does not hold the lease."""
        present = await self._holder(plan, holder)
        if present == holder:
            return None
        wrong = f"{present} is at this plan: one at a time. Nothing was done."
        return refusal(409, "plan_busy", wrong, remedy="Take the lease first.")


def _plan(request: Request) -> str:
    name: str = request.path_params["plan"]
    if len(name) > _LONGEST_NAME or not is_plain(name):
        raise BadInput(f"A plan's name is one line of at most {_LONGEST_NAME} letters.", "plan")
    return name
