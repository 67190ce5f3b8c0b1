"""What pages have of the control plane beside its API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from starlette.requests import HTTPConnection

from strangler_proxy.client import ControlClient
from strangler_proxy.config.values import Config
from strangler_proxy.page.visitor import Visitor

__all__ = ["Room", "SignInRefused", "room_of"]

T = TypeVar("T")


class SignInRefused(Exception):
    """No such token is in force; or, where it is (`known`), somebody signs in by it again and again. After too many
    there are `seconds` to wait. It becomes a page."""

    def __init__(self, seconds: float = 0.0, *, known: bool = False) -> None:
        self.seconds = seconds
        self.known = known
        super().__init__()


class Room(Protocol):
    """The control room's way to the control plane: the API's client for what is asked and done, and what no program
    needs: sessions, and news as they come."""

    @property
    def config(self) -> Config:
        """The configuration in force."""
        ...

    def client(self, visitor: Visitor, address: tuple[str, int] | None) -> ControlClient:
        """The API as this visitor has it, who calls from `address`: with their role, and in their name. For a thread
        that is not the control plane's own."""
        ...

    async def run(self, function: Callable[[], T], *, acts: bool = False) -> T:
        """What `function` gives, in a thread in which it may wait for the API; what `acts` waits for nothing else."""
        ...

    async def visitor(self, shown: Sequence[str]) -> Visitor | None:
        """Whose session one of these ids is; None for nobody's, one that is over, and for two at once."""
        ...

    async def begin(self, secret: str, who: str, address: str) -> str:
        """Begin a session with a token's secret; gives its id. Raises SignInRefused."""
        ...

    async def end(self, shown: Sequence[str], address: str) -> None:
        """End these sessions."""
        ...

    @property
    def revision(self) -> int:
        """The revision in force on this replica."""
        ...

    def stale(self) -> list[str]:
        """What is told by this replica but old or incomplete now, in sentences."""
        ...

    async def moved(self, revision: int, seconds: float) -> bool:
        """Wait for another revision than that one, at most so long; False when the control plane is about to end."""
        ...


def room_of(connection: HTTPConnection) -> Room:
    """The room that a page is served in."""
    room: Room = connection.app.state.room
    return room
