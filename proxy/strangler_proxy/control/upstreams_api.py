"""The control API's verb of upstreams and of the copies that go to them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from strangler.errors import StoreUnavailable
from strangler_proxy.control.answers import answer
from strangler_proxy.control.plane import ControlPlane
from strangler_proxy.control.roles import Role
from strangler_proxy.control.upstreams_told import copies_told, upstreams_told
from strangler_proxy.control.verbs import Verb

__all__ = ["UpstreamsApi"]

_LATELY: Final = 3600.0


class UpstreamsApi:
    """The handler, on `plane`."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def routes(self) -> list[Verb]:
        """Where the verb is served."""
        return [Verb("/api/v1/upstreams", self.upstreams, "GET", least=Role.VIEW)]

    async def upstreams(self, _: Request) -> Response:
        """How the upstreams are, and what becomes of copies."""
        config, workers = self._plane.config, self._plane.workers
        told = upstreams_told(config, workers)
        opened = await asyncio.to_thread(self._opened, [each["name"] for each in told])
        return answer(
            {
                "at": time.time(),
                "workers": len(workers.linked()),
                "upstreams": [{**each, "opened_lately": opened.get(each["name"])} for each in told],
                "copies": copies_told(config, workers),
            }
        )

    def _opened(self, names: list[str]) -> Mapping[str, Any]:
        """How often breakers of each opened within the last hour, on any replica; none where the store is silent."""
        since = time.time() - _LATELY
        store = self._plane.evidence.store
        try:
            return {name: sum(each.count for each in store.opened(name, since=since)) for name in names}
        except StoreUnavailable:
            return {}
