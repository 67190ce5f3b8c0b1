"""The control API's verbs of recording."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from fnmatch import fnmatchcase

from starlette.requests import Request
from starlette.responses import Response

from strangler.errors import UnknownToggle
from strangler_proxy.control.answers import answer, refusal
from strangler_proxy.control.asked import parsed, who_asks
from strangler_proxy.control.recording_place import prepare
from strangler_proxy.control.recording_requests import RecordRequest
from strangler_proxy.control.recordings import Recordings
from strangler_proxy.control.roles import Role
from strangler_proxy.control.verbs import Verb

__all__ = ["RecordingApi"]


class RecordingApi:
    """The handlers, on `recordings`; `routes` are the names of all routes."""

    def __init__(self, recordings: Recordings, routes: Sequence[str]) -> None:
        self._recordings = recordings
        self._routes = routes
        self._beginning = asyncio.Lock()

    def routes(self) -> list[Verb]:
        """Where the verbs are served."""
        return [
            Verb("/api/v1/recording", self.begin, "POST", least=Role.OPERATE),
            Verb("/api/v1/recording", self.read, "GET", least=Role.VIEW),
            Verb("/api/v1/recording", self.end, "DELETE", least=Role.OPERATE),
        ]

    async def begin(self, request: Request) -> Response:
        """Begin to record."""
        body = await parsed(request, RecordRequest)
        for each in body.routes:
            if not any(fnmatchcase(name, each) for name in self._routes):
                raise UnknownToggle(
                    f"No route is named {each!r}.", "`strangler routes` lists them; a glob will do too."
                )
        async with self._beginning:
            if self._recordings.runs:
                return refusal(
                    409,
                    "recording_runs",
                    "Something is being recorded already.",
                    remedy="`strangler record --status` says what, `strangler record --stop` ends it.",
                )
            order = body.order
            await asyncio.to_thread(prepare, order.path, force=body.force)
            await self._recordings.begin(order, who=who_asks(request), why=body.why, wait_seconds=body.wait_seconds)
        return self._told()

    async def read(self, _: Request) -> Response:
        """The recording that runs, or the one that ran last."""
        return self._told()

    async def end(self, request: Request) -> Response:
        """End the recording that runs."""
        if not await self._recordings.end(who_asks(request)):
            return refusal(404, "no_recording", "Nothing is being recorded.")
        return self._told()

    def _told(self) -> Response:
        return answer({"recording": self._recordings.told()})
