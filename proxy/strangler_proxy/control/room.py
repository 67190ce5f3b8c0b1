"""The control room on this control plane: what its pages have of it, and the way to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from starlette.types import ASGIApp, Receive, Scope, Send

from strangler.errors import ControlRefused
from strangler_proxy.client import ControlClient
from strangler_proxy.config.values import Address, Config
from strangler_proxy.control.calls import Call, Calls
from strangler_proxy.control.inside import Inside
from strangler_proxy.control.pace import Pace
from strangler_proxy.control.plane import ControlPlane
from strangler_proxy.control.sessions import Sessions, TooManyBegun
from strangler_proxy.control.status import told_of
from strangler_proxy.page.room import SignInRefused
from strangler_proxy.page.visitor import Visitor
from strangler_proxy.trouble import troubles_of

__all__ = ["ControlRoom", "Fork"]

_THREADS: Final = 16
# Workers and replicas have so long to follow a move before a page says that they do not.
_FOLLOWING: Final = timedelta(seconds=3)
_PLACE: Final = Address("localhost", 80)
_SIGN_IN: Final = "POST /room/sign-in"

T = TypeVar("T")


class ControlRoom:
    """A Room on `plane`, whose API is `api`, for whoever has begun one of the `sessions`. Wrong tokens are slowed down
    by `pace` and written down in `calls`, as at the API's own door."""

    def __init__(self, plane: ControlPlane, sessions: Sessions, calls: Calls, pace: Pace, api: ASGIApp) -> None:
        self._plane = plane
        self._sessions = sessions
        self._calls = calls
        self._pace = pace
        self._api = api
        self._loop: asyncio.AbstractEventLoop
        # Its own: the API waits for the store in the loop's threads, which those who wait for the API would fill. And
        # of two kinds: whoever goes back is not to wait until all who look have seen something.
        self._looking = ThreadPoolExecutor(_THREADS, "room-looks")
        self._acting = ThreadPoolExecutor(_THREADS, "room-acts")

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._plane.config

    def client(self, visitor: Visitor, address: tuple[str, int] | None) -> ControlClient:
        """The API as this visitor has it. Raises ControlRefused for one whose token is gone."""
        caller = self._sessions.caller(visitor)
        if caller is None:
            raise ControlRefused(403, "forbidden", f"The token {visitor.token} is no longer in force. Sign in again.")
        return ControlClient(_PLACE, "", transport=Inside(self._api, self._loop, caller, visitor.who, address))

    async def run(self, function: Callable[[], T], *, acts: bool = False) -> T:
        """What `function` gives, in a thread in which it may wait for the API; what `acts` waits for nothing else."""
        self._loop = asyncio.get_running_loop()
        return await self._loop.run_in_executor(self._acting if acts else self._looking, function)

    async def visitor(self, shown: Sequence[str]) -> Visitor | None:
        """Whose session one of these ids is; None for nobody's, and for two at once: one is not of their own making."""
        found = [each for each in [await self._sessions.visitor(session_id) for session_id in shown] if each]
        return found[0] if len(found) == 1 else None

    async def begin(self, secret: str, who: str, address: str) -> str:
        """Begin a session. Raises SignInRefused, which stands in the audit as a call does."""
        try:
            session_id = await self._sessions.begin(secret, who, address)
        except TooManyBegun as often:
            await self._calls.record(Call(_SIGN_IN, f"{who} ({often.token})", often.token, address, 429))
            raise SignInRefused(often.seconds, known=True) from None
        if session_id is None:
            seconds = self._pace.wait_wrong(address)
            status = 429 if seconds else 403
            await self._calls.record(Call(_SIGN_IN, f"{who} (no token)", "", address, status))
            raise SignInRefused(seconds)
        return session_id

    async def end(self, shown: Sequence[str], address: str) -> None:
        """End these sessions."""
        for session_id in shown:
            await self._sessions.end(session_id, address)

    @property
    def revision(self) -> int:
        """The revision in force on this replica."""
        return self._plane.snapshot.revision

    def stale(self) -> list[str]:
        """What is told by this replica but old or incomplete now, in sentences."""
        plane, snapshot = self._plane, self._plane.snapshot
        following = datetime.now(UTC) - snapshot.at < _FOLLOWING
        told = {
            "revision": snapshot.revision,
            "store": {"error": plane.in_force.store_error},
            "disk": {"error": plane.in_force.disk_error},
            "workers": [] if following else told_of(plane)["workers"],
            "replicas": [] if following else plane.replicas.rows(),
            "evidence": plane.evidence.status(),
            "notes": plane.replicas.notes(),
        }
        return [str(trouble) for trouble in troubles_of(told)]

    async def moved(self, revision: int, seconds: float) -> bool:
        """Wait for another revision than that one, at most so long."""
        await self._plane.newer(revision, seconds)
        return not self._plane.in_force.closing.is_set()

    def close(self) -> None:
        """Ask no more."""
        for threads in (self._looking, self._acting):
            threads.shutdown(wait=False, cancel_futures=True)


class Fork:
    """ASGI middleware: what is asked for under /room, and the bare address, goes to `room`, all else on. Cookies are
    read there alone, and tokens here: neither opens the other's door."""

    def __init__(self, app: ASGIApp, *, room: ASGIApp) -> None:
        self._app = app
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        path = scope.get("path", "")
        ours = scope["type"] == "http" and (path in {"/", "/room"} or path.startswith("/room/"))
        await (self._room if ours else self._app)(scope, receive, send)
