"""An exchange as it passes, kept for a copy of it: the request, and the answer that the customer gets."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from strangler.evidence import Missed
from strangler_proxy.body import ChunkedBody
from strangler_proxy.peer import Peer
from strangler_proxy.request_head import RequestHead
from strangler_proxy.shadow.kept import Kept
from strangler_proxy.shadow.onlooker import Onlooker

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection
    from strangler_proxy.shadow.plan import Plan

__all__ = ["Capture"]

_STREAMING: Final = Missed.STREAMING.value
_TOO_LONG: Final = Missed.TOO_LONG.value
_CLIENT_GONE: Final = Missed.CLIENT_GONE.value
_CUT_OFF: Final = Missed.CUT_OFF.value
# Beside their lines, what objects of ours take.
_OBJECTS: Final = 2048
_A_LINE: Final = 48
# How an answer ends early by its client's doing.
_BY_CLIENT: Final = frozenset({"client-gone", "client-stalled"})


class Capture(Onlooker):
    """What is kept of one exchange. The heads are the objects that there are anyway; bodies are the very pieces that
    passed, so that keeping them costs memory and nothing else.

    `target` is what the candidate was asked for where it answered, empty for the target as it came; `identity` are the
    lines that told it who asks. `lines` are the answer's as a customer sees them, `framed` says that its pieces are
    chunks. `seconds` is what the answer took, `at` when it was whole: seconds since 1970.
    """

    __slots__ = (
        "_answer",
        "_endless",
        "_heads",
        "asked",
        "at",
        "client",
        "framed",
        "head",
        "identity",
        "lines",
        "peer",
        "plan",
        "release",
        "request_body",
        "request_id",
        "seconds",
        "status",
        "target",
    )

    def __init__(
        self,
        plan: Plan,
        client: ClientConnection,
        head: RequestHead,
        request_body: Kept | None,
        request_id: bytes,
        target: bytes,
        identity: bytes,
        status: int,
        lines: list[bytes],
        release: bytes,
        asked: float,
    ) -> None:
        self.plan = plan
        self.client = client
        self.peer: Peer = client.peer
        self.head = head
        self.request_body = request_body
        self.request_id: bytes = request_id
        self.target: bytes = target
        self.identity: bytes = identity
        self.status: int = status
        self.lines = lines
        self.release: bytes = release
        self.framed: bool = False
        self.seconds: float = 0.0
        self.at: float = 0.0
        self.asked: float = asked
        self._endless: bool = False
        shadow = plan.shadow
        self._answer = Kept(shadow.held, shadow.settings.body_bytes)
        size = _OBJECTS
        for line in head.came:
            size += len(line) + _A_LINE
        for line in lines:
            size += len(line) + _A_LINE
        self._heads: int = size
        shadow.held.bytes += size

    def frames(self, *, chunked: bool, endless: bool) -> None:
        """The answer's pieces come in chunks; it is `endless` where only its connection's end says that it is whole."""
        self.framed = chunked
        self._endless = endless

    def add(self, piece: bytes) -> bool:
        """Keep a piece of the answer. False where it is to be forgotten, and has been."""
        answer = self._answer
        answer.add(piece)
        why = answer.why
        if not why and len(answer.pieces) > 1 and monotonic() - self.asked > self.plan.shadow.settings.timeout:
            # It comes piece by piece for longer than anybody would wait for the other side's.
            why = _STREAMING
        if not why:
            return True
        self.drop(_STREAMING if why == _TOO_LONG and self._endless else why)
        return False

    def cut_off(self, why: str) -> None:
        """The customer has not, and never will."""
        self.drop(_CLIENT_GONE if why in _BY_CLIENT else _CUT_OFF)

    def drop(self, cause: str) -> None:
        """It becomes no pair, and that is counted."""
        self.plan.shadow.missed(self.plan, cause)
        self.release_all()

    def release_all(self) -> None:
        """Nothing of it is needed any more."""
        self.plan.shadow.held.bytes -= self._heads
        self._heads = 0
        self._answer.release()
        if self.request_body is not None:
            self.request_body.release()

    def answer_body(self) -> bytes:
        """The answer's body, bare of its framing."""
        whole = self._answer.whole()
        return ChunkedBody(chunked=False, request=False).feed(whole) if self.framed and whole else whole

    def sent_body(self) -> bytes:
        """The request's body, bare of its framing."""
        if self.request_body is None:
            return b""
        whole = self.request_body.whole()
        return ChunkedBody(chunked=False, request=True).feed(whole) if self.head.length < 0 else whole
