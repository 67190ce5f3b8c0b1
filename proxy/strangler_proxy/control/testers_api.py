"""The control API's verb of testers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from starlette.requests import Request
from starlette.responses import Response

from strangler.documents import DocumentStore, Event
from strangler.errors import UnknownToggle
from strangler_proxy.config.values import Config
from strangler_proxy.control.answers import answer
from strangler_proxy.control.asked import audited, parsed, who_asks
from strangler_proxy.control.roles import Role
from strangler_proxy.control.tester_requests import TesterRequest
from strangler_proxy.control.verbs import Verb
from strangler_proxy.state import StateDir
from strangler_proxy.subject import load_or_create_key
from strangler_proxy.tester import COOKIE, HEADER, Tester, Testers

__all__ = ["TestersApi"]


class TestersApi:
    """The handler; words are signed with the subject key of `config`'s state folder."""

    def __init__(self, config: Config, documents: DocumentStore) -> None:
        self._config = config
        self._documents = documents

    def routes(self) -> list[Verb]:
        """Where the verb is served."""
        return [Verb("/api/v1/testers", self.create, "POST", least=Role.OPERATE)]

    async def create(self, request: Request) -> Response:
        """Sign a word for a tester."""
        body = await parsed(request, TesterRequest)
        if not any(route.twin and fnmatchcase(route.name, body.routes) for route in self._config.routes):
            raise UnknownToggle(
                f"No route with two sides is named {body.routes!r}.", "`strangler routes` lists them; a glob will do."
            )
        now, who = datetime.now(UTC), who_asks(request)
        expires = (now + timedelta(seconds=body.expires_seconds)).replace(microsecond=0)
        told = {"routes": body.routes, "side": body.side.value, "expires": expires.isoformat()}
        key = await asyncio.to_thread(load_or_create_key, StateDir.of(self._config).subject_key)
        word = Testers(key).signed(Tester(body.name, body.routes, body.side, expires.timestamp()))
        event = Event(now, who, "tester.create", body.name, body.why, told)
        await asyncio.to_thread(self._documents.record, event)
        audited(request)
        return answer(
            {
                "tester": {"name": body.name, **told},
                "header": {"name": HEADER, "value": word},
                "cookie": {"name": COOKIE, "value": word},
            }
        )
