from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from extracted.catalog.api.problem import Problem, problem_response
from strangler.errors import DeadlineExceeded
from strangler.resilience import DEADLINE_HEADER, Deadline

__all__ = ["Deadlines"]

_AT_MOST = 60.0


class Deadlines:
    """Nobody is worked for whose time is over: a request that says how long it may take is answered 504 after that.

    What waits for a thread stops waiting; a question that the database has been asked is let finish.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        value = Headers(scope=scope).get(DEADLINE_HEADER) if scope["type"] == "http" else None
        if value is None:
            await self._app(scope, receive, send)
            return
        answering = False

        async def noting(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            async with Deadline.from_header(value, at_most=_AT_MOST):
                await self._app(scope, receive, noting)
        except DeadlineExceeded as error:
            if answering:
                raise
            await problem_response(Problem(504, "deadline_exceeded", str(error)))(scope, receive, send)
