"""An exchange as it passes, taken down for a recording: the request, and the answer that the customer gets."""

from __future__ import annotations

import time
from time import monotonic
from typing import TYPE_CHECKING, Final

from strangler.evidence import Missed
from strangler_proxy.body import ChunkedBody
from strangler_proxy.request_head import RequestHead
from strangler_proxy.shadow.frame import Side
from strangler_proxy.shadow.kept import Kept
from strangler_proxy.shadow.onlooker import Onlooker
from strangler_proxy.shadow.passed import Passed

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection
    from strangler_proxy.record.recorder import Recorder

__all__ = ["Taken"]

_CLIENT_GONE: Final = Missed.CLIENT_GONE.value
_CUT_OFF: Final = Missed.CUT_OFF.value
_BY_CLIENT: Final = frozenset({"client-gone", "client-stalled"})
_CHUNKED: Final = b"Transfer-Encoding: chunked"
# Beside their lines, what objects of ours take.
_OBJECTS: Final = 2048
_A_LINE: Final = 48


class Taken(Onlooker):
    """What is kept of one exchange: the heads that there are anyway, and the very pieces of the bodies that passed.

    `order` is the recording that it is for, `mark` who asked, as a keyed hash, `route` empty where none took it.
    `other` is shown the answer too, None for nobody. `body` is None where the request has none, or bodies are left out.
    """

    __slots__ = (
        "_answer",
        "_asked",
        "_at",
        "_body",
        "_candidate",
        "_framed",
        "_head",
        "_lines",
        "_mark",
        "_other",
        "_over",
        "_recorder",
        "_route",
        "_seconds",
        "_size",
        "_started",
        "_status",
        "client",
        "order",
    )

    def __init__(
        self,
        recorder: Recorder,
        client: ClientConnection,
        head: RequestHead,
        body: Kept | None,
        other: Onlooker | None,
        *,
        order: str,
        mark: str,
        route: str,
        candidate: bool,
        status: int,
        lines: list[bytes],
        started: float,
        asked: float,
    ) -> None:
        self.client = client
        self.order: str = order
        self._recorder = recorder
        self._head = head
        self._body = body
        self._other = other
        self._mark: str = mark
        self._route: str = route
        self._candidate: bool = candidate
        self._status: int = status
        self._lines = lines
        self._started: float = started
        self._asked: float = asked
        self._answer = Kept(recorder.held, recorder.most_bytes)
        self._framed: bool = False
        self._over: bool = False
        self._seconds: float = 0.0
        self._at: float = 0.0
        size = _OBJECTS
        for line in head.lines:
            size += len(line) + _A_LINE
        for line in lines:
            size += len(line) + _A_LINE
        self._size: int = size
        recorder.held.bytes += size

    def frames(self, *, chunked: bool, endless: bool) -> None:
        """The pieces come in chunks."""
        self._framed = chunked
        if self._other is not None:
            self._other.frames(chunked=chunked, endless=endless)

    def add(self, piece: bytes) -> bool:
        """Keep a piece of the answer. False where neither this nor the other wants more."""
        if self._other is not None and not self._other.add(piece):
            self._other = None
        if not self._over and self._recorder.bodies:
            self._answer.add(piece)
            if self._answer.why:
                self.drop(self._answer.why)
        return not self._over or self._other is not None

    def cut_off(self, why: str) -> None:
        """The customer has not the whole answer, and never will."""
        if self._other is not None:
            self._other.cut_off(why)
        if not self._over:
            self.drop(_CLIENT_GONE if why in _BY_CLIENT else _CUT_OFF)

    def delivered(self, held_up: float) -> None:
        """The customer has been given the whole of it."""
        if self._other is not None:
            self._other.delivered(held_up)
        if not self._over:
            now = monotonic()
            self._seconds = max(now - self._asked - held_up, 0.0)
            self._at = time.time() - (now - self._started)
            self._recorder.offer(self)

    def drop(self, cause: str) -> None:
        """It is not recorded, and that is counted."""
        self._recorder.missed(cause)
        self.release()

    def release(self) -> None:
        """Nothing of it is needed any more."""
        self._over = True
        self._recorder.held.bytes -= self._size
        self._size = 0
        self._answer.release()
        if self._body is not None:
            self._body.release()

    def passed(self) -> Passed:
        """What a comparer is told."""
        head = self._head
        sent = b"" if self._body is None else self._body.whole()
        if sent and head.length < 0:
            sent = ChunkedBody(chunked=False, request=True).feed(sent)
        got = self._answer.whole()
        if got and self._framed:
            got = ChunkedBody(chunked=False, request=False).feed(got)
        lines = [line for line in head.lines if line != _CHUNKED and line[:7].lower() != b"expect:"]
        lines.append(b"X-Forwarded-Proto: https" if head.secure else b"X-Forwarded-Proto: http")
        return Passed(
            order=self.order,
            client=self._mark,
            route=self._route,
            method=head.method.decode("ascii"),
            target=head.target,
            lines=lines,
            body=sent,
            candidate=self._candidate,
            answer=Side(status=self._status, lines=self._lines, body=got, seconds=self._seconds),
            at=self._at,
        )
