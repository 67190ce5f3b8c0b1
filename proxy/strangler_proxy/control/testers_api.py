"""The control API's verbs of testers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from starlette.requests import Request
from starlette.responses import Response

from strangler.errors import UnknownToggle
from strangler_proxy.config.values import Config
from strangler_proxy.control.answers import answer
from strangler_proxy.control.asked import audited, parsed, who_asks
from strangler_proxy.control.roles import Role
from strangler_proxy.control.tester_register import TesterRegister
from strangler_proxy.control.tester_requests import TesterRequest, TesterRevokeRequest
from strangler_proxy.control.verbs import Verb
from strangler_proxy.state import StateDir
from strangler_proxy.subject import load_or_create_key
from strangler_proxy.tester import COOKIE, HEADER, Tester, Testers

__all__ = ["TestersApi"]


class TestersApi:
    """The handlers, on `register`; words are signed with the subject key of `config`'s state folder."""

    def __init__(self, config: Config, register: TesterRegister) -> None:
        self._config = config
        self._register = register

    def routes(self) -> list[Verb]:
        """Where the verbs are served."""
        return [
            Verb("/api/v1/testers", self.listed, "GET", least=Role.VIEW),
            Verb("/api/v1/testers", self.create, "POST", least=Role.OPERATE),
            Verb("/api/v1/testers/revoke", self.revoke, "POST", least=Role.OPERATE),
        ]

    async def listed(self, _: Request) -> Response:
        """The words that are good now, without what would let anybody use one."""
        return answer({"testers": await self._register.listed()})

    async def create(self, request: Request) -> Response:
        """Sign a word for a tester."""
        body = await parsed(request, TesterRequest)
        if not any(route.twin and fnmatchcase(route.name, body.routes) for route in self._config.routes):
            raise UnknownToggle(
                f"No route with two sides is named {body.routes!r}.", "`strangler routes` lists them; a glob will do."
            )
        expires = (datetime.now(UTC) + timedelta(seconds=body.expires_seconds)).replace(microsecond=0)
        key = await asyncio.to_thread(load_or_create_key, StateDir.of(self._config).subject_key)
        asked = Tester(body.name, body.routes, body.side, expires.timestamp())
        tester = await self._register.add(asked, who=who_asks(request), why=body.why)
        audited(request)
        word = Testers(key).signed(tester)
        told = {"routes": body.routes, "side": body.side.value, "expires": expires.isoformat()}
        return answer(
            {
                "tester": {"name": body.name, **told},
                "header": {"name": HEADER, "value": word},
                "cookie": {"name": COOKIE, "value": word},
            }
        )

    async def revoke(self, request: Request) -> Response:
        """Let a tester's words be good no more."""
        body = await parsed(request, TesterRevokeRequest)
        told = await self._register.revoke(
            body.name, who=who_asks(request), why=body.why, wait_seconds=body.wait_seconds
        )
        audited(request)
        return answer(told)
