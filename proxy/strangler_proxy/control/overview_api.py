"""The control API's verbs of everything at a glance."""

from __future__ import annotations

import time
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from strangler.evidence import LENGTHS
from strangler_proxy.control.answers import answer
from strangler_proxy.control.asked import BadInput, number, whole
from strangler_proxy.control.overview import Overview
from strangler_proxy.control.roles import Role
from strangler_proxy.control.verbs import Verb

__all__ = ["OverviewApi"]

_OVER: Final = 60
_LONGEST: Final = 3600
_SECONDS: Final = 0.1
_LONGEST_SECONDS: Final = 10.0
_DAY: Final = 86_400.0
_STEP: Final = 900
_MOST_POINTS: Final = 500


class OverviewApi:
    """The handlers, on `overview`."""

    def __init__(self, overview: Overview) -> None:
        self._overview = overview

    def routes(self) -> list[Verb]:
        """Where the verbs are served."""
        return [
            Verb("/api/v1/overview", self.overview, "GET", least=Role.VIEW),
            Verb("/api/v1/progress", self.progress, "GET", least=Role.VIEW),
        ]

    async def overview(self, request: Request) -> Response:
        """How everything stands."""
        over = whole(request, "over", _OVER, _LONGEST)
        if over < LENGTHS[0]:
            raise BadInput(f"over is a whole number of seconds from {LENGTHS[0]} to {_LONGEST}.", "over")
        return answer(await self._overview.now(over, seconds=number(request, "seconds", _SECONDS, _LONGEST_SECONDS)))

    async def progress(self, request: Request) -> Response:
        """How much had moved, over time."""
        now = time.time()
        since = number(request, "since", now - _DAY, 2.0**40)
        step = whole(request, "step", _STEP, int(366 * _DAY))
        if step % LENGTHS[0] or not step:
            raise BadInput(f"step is a multiple of {LENGTHS[0]} seconds.", "step")
        if (now - since) / step > _MOST_POINTS:
            raise BadInput(f"That is more than {_MOST_POINTS} points: ask for a later since, or a longer step.", "step")
        points = await self._overview.progress(since, step)
        return answer({"at": now, "step": step, "points": [each.to_json() for each in points]})
