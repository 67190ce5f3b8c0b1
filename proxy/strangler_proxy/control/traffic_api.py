"""The control API's verb of what customers got, by windows of time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from strangler.errors import UnknownToggle
from strangler.evidence import BOUNDS, LENGTHS, EvidenceStore, Window
from strangler_proxy.config.values import Config
from strangler_proxy.control.answers import answer
from strangler_proxy.control.asked import BadInput, number, whole
from strangler_proxy.control.roles import Role
from strangler_proxy.control.verbs import Verb

__all__ = ["TrafficApi"]

_LATEST: Final = 3600.0
_MOST: Final = 20_000
# What requests are counted under that no route takes.
_NO_ROUTE: Final = "-"


class TrafficApi:
    """The handler, on what `store` keeps of the routes of `config`."""

    def __init__(self, config: Config, store: EvidenceStore) -> None:
        self._config = config
        self._store = store

    def routes(self) -> list[Verb]:
        """Where the verb is served."""
        return [Verb("/api/v1/traffic", self.traffic, "GET", least=Role.VIEW)]

    async def traffic(self, request: Request) -> Response:
        """Windows of traffic, and of breakers that opened."""
        asked = request.query_params
        now = time.time()
        since = number(request, "since", max(now - _LATEST, 0.0), 2.0**40)
        until = number(request, "until", 0.0, 2.0**40) if "until" in asked else None
        step = whole(request, "step", LENGTHS[0], 86_400)
        if step % LENGTHS[0] or not step:
            raise BadInput(f"step is a multiple of {LENGTHS[0]} seconds.", "step")
        document = await asyncio.to_thread(self._document, asked.getlist("route"), since, until, step)
        return answer({"at": now, "since": since, "bounds": list(BOUNDS), **document})

    def _document(self, names: Sequence[str], since: float, until: float | None, step: int) -> dict[str, Any]:
        windows = self._windows(names, since, until, step)
        seen = {window.key.route for window in windows}
        upstreams = {route.candidate for route in self._config.routes if not names or route.name in seen}
        opened = [
            each
            for upstream in sorted({*upstreams, self._config.monolith})
            for each in self._store.opened(upstream, since=since, until=until)
        ]
        return {
            "windows": [window.to_json() for window in windows],
            "opened": [each.to_json() for each in opened],
        }

    def _windows(self, names: Sequence[str], since: float, until: float | None, step: int) -> list[Window]:
        one = names[0] if len(names) == 1 and not any(letter in names[0] for letter in "*?[") else None
        windows = self._store.traffic(one, since=since, until=until, step=step, most=_MOST + 1)
        if len(windows) > _MOST:
            raise BadInput(
                f"There are more than {_MOST} windows, which are too many to be told at once. Ask for one route,"
                " a later since, or a longer step.",
                "step",
            )
        known = {_NO_ROUTE, *(route.name for route in self._config.routes), *(each.key.route for each in windows)}
        for each in names:
            if not any(fnmatchcase(name, each) for name in known):
                raise UnknownToggle(f"No route is named {each!r}.", "`strangler routes` lists them; a glob will do.")
        return [each for each in windows if not names or any(fnmatchcase(each.key.route, name) for name in names)]
