"""The control API's verbs of the control room's sessions."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from strangler_proxy.control.answers import answer
from strangler_proxy.control.asked import audited, parsed, who_asks
from strangler_proxy.control.refused import Refused
from strangler_proxy.control.roles import Role
from strangler_proxy.control.session_requests import SessionsEndRequest
from strangler_proxy.control.sessions import Sessions
from strangler_proxy.control.verbs import Verb

__all__ = ["SessionsApi"]


class SessionsApi:
    """The handlers, on `sessions`."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def routes(self) -> list[Verb]:
        """Where the verbs are served."""
        return [
            Verb("/api/v1/sessions", self.listed, "GET", least=Role.APPROVE),
            Verb("/api/v1/sessions/end", self.end, "POST", least=Role.APPROVE),
        ]

    async def listed(self, _: Request) -> Response:
        """Who has signed in."""
        await self._sessions.look()
        return answer({"sessions": [each.to_json() for each in self._sessions.listed()]})

    async def end(self, request: Request) -> Response:
        """Let sessions be over."""
        body = await parsed(request, SessionsEndRequest)
        await self._sessions.look()
        ended = await self._sessions.end_of(body.ids, who=who_asks(request), why=body.why)
        if not ended:
            raise Refused(
                "unknown_session",
                "No session of that id is in force: it may be over by itself.",
                "`strangler session list` says which there are.",
                status=404,
            )
        audited(request)
        return answer({"ended": ended})
