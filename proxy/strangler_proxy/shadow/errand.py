"""One copy on its way to one upstream, until its answer has wholly come or cannot come any more."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from strangler.evidence import Missed
from strangler_proxy.body import BadBody, Body, ChunkedBody, LengthBody, UntilCloseBody
from strangler_proxy.head import BadHead
from strangler_proxy.holder import UpstreamHolder
from strangler_proxy.outcome import FAILED, FAILING, SUCCEEDED, UNDECIDED
from strangler_proxy.partial_head import PartialHead
from strangler_proxy.response_head import ResponseHead, parse_response
from strangler_proxy.shadow.kept import Held, Kept

if TYPE_CHECKING:
    from strangler_proxy.connecting import Connecting
    from strangler_proxy.shadow.copies import Copy
    from strangler_proxy.shadow.lane import Lane
    from strangler_proxy.upstream import UpstreamConnection

__all__ = ["AGAIN", "OTHER", "SECOND", "Errand"]

_FAULT: Final = Missed.FAULT.value
_LONGEST_HEAD: Final = 262144
_MOST_INTERIM: Final = 32
_BODILESS: Final = frozenset({204, 304})

# What an errand is for: the other side's answer, the second instance's beside it, or the monolith's once more.
OTHER: Final = 0
SECOND: Final = 1
AGAIN: Final = 2


class Errand(UpstreamHolder):
    """One request of a copy, in the place of an exchange for the connection that carries it.

    Once it is over `why` is empty and `response` and `body` are the answer; or it is a word: what `Pool.enter` refuses
    with, what `Pool.connect` fails with, `timeout`, `reset`, `garbage`, `too-long` or `bytes`. `seconds` is what it
    took, `until` is when its time is over. Where an unused connection turns out to be closed, a `safe` one is sent once
    more.
    """

    __slots__ = (
        "_began",
        "_connecting",
        "_connection",
        "_framing",
        "_head_only",
        "_interim",
        "_kept",
        "_lane",
        "_partial",
        "_permit",
        "_request",
        "_reused",
        "_safe",
        "_sent_again",
        "body",
        "kind",
        "over",
        "response",
        "seconds",
        "sender",
        "until",
        "why",
    )

    def __init__(
        self,
        sender: Copy,
        kind: int,
        lane: Lane,
        request: bytes,
        held: Held,
        *,
        most: int,
        until: float,
        safe: bool,
        head_only: bool,
    ) -> None:
        self.sender = sender
        self.kind: int = kind
        self._lane = lane
        self._request: bytes = request
        self._safe: bool = safe
        self._head_only: bool = head_only
        self._kept = Kept(held, most)
        self._permit: int = 0
        self._connecting: Connecting | None = None
        self._connection: UpstreamConnection | None = None
        self._reused: bool = False
        self._sent_again: bool = False
        self._partial: PartialHead | None = None
        self._interim: int = 0
        self._framing: Body | None = None
        self._began: float = 0.0
        self.until: float = until
        self.response: ResponseHead | None = None
        self.body: bytes = b""
        self.seconds: float = 0.0
        self.why: str = ""
        self.over: bool = False

    def begin(self) -> None:
        """Ask; it may be over before this returns."""
        lane = self._lane
        lane.asked += 1
        lane.errands.add(self)
        self._began = monotonic()
        permit = lane.pool.enter(self)
        if permit > 0:
            self._permit = permit
            self._attempt(fresh=False)
        elif permit < 0:
            self._over(lane.pool.refusal, UNDECIDED)

    def admitted(self, permit: int) -> None:
        """The turn has come."""
        self._permit = permit
        self._attempt(fresh=False)

    def refused(self, why: str) -> None:
        """The turn will not come."""
        self._over(why, UNDECIDED)

    def cancel(self) -> None:
        """Nobody wants to know any more: the sender is not told."""
        if not self.over:
            self._let_go(UNDECIDED)
            self._kept.release()

    def release(self) -> None:
        """The answer is not needed any more."""
        self._kept.release()
        self.body = b""

    def ran_out_of_time(self) -> None:
        """Its time is over."""
        connection = self._connection
        if connection is not None:
            self._lane.pool.blame(connection.endpoint)
        self._over("timeout", FAILED)

    def _attempt(self, *, fresh: bool) -> None:
        pool = self._lane.pool
        connection = None if fresh else pool.take(surely=not self._safe)
        if connection is not None:
            self._reused = True
            self._connected(connection)
        else:
            self._reused = False
            self._connecting = pool.connect(self._connected, self._not_connected)

    def _connected(self, connection: UpstreamConnection) -> None:
        self._connecting = None
        if connection.closed:
            self._over("reset", FAILED)
            return
        self._connection = connection
        connection.exchange = self
        # From when it can be asked: making a connection is nothing that the side takes to answer.
        self._began = monotonic()
        connection.transport.write(self._request)
        if not (self._reused and self._safe):
            # It is not sent again, and its body is held already.
            self._request = b""

    def _not_connected(self, why: str) -> None:
        self._connecting = None
        self._over(why, FAILED)

    def from_upstream(self, data: bytes) -> None:
        """More of the answer came."""
        try:
            if self._framing is not None:
                self._take_body(self._framing, data)
            else:
                self._take_head(data)
        except (BadHead, BadBody):
            self._over("garbage", FAILED)

    def _take_head(self, data: bytes) -> None:
        while True:
            partial = self._partial
            if partial is not None:
                whole = partial.add(data)
                if len(partial.head if whole else partial) >= _LONGEST_HEAD:
                    raise BadHead(502, "a head too long")
                if not whole:
                    return
                self._partial = None
                head, data = partial.head, partial.rest
            else:
                head, end, rest = data.partition(b"\r\n\r\n")
                if not end:
                    self._partial = PartialHead(502)
                    continue
                data = rest
            response = parse_response(head)
            if response.status >= 200:
                break
            self._interim += 1
            if response.status == 101 or self._interim > _MOST_INTERIM:
                raise BadHead(502, "an upgrade that nobody asked for, or interim answers without end")
            if not data:
                return
        self.response = response
        framing: Body
        if self._head_only or response.status in _BODILESS:
            framing = LengthBody(0)
        elif response.length >= 0:
            framing = LengthBody(response.length)
        elif response.length == -1:
            framing = ChunkedBody(chunked=False, request=False)
        else:
            framing = UntilCloseBody(chunked=False)
        self._framing = framing
        self._take_body(framing, data)

    def _take_body(self, framing: Body, data: bytes) -> None:
        rest = data
        if not framing.done and data:
            piece = framing.feed(data)
            rest = framing.rest
            if piece:
                self._kept.add(piece)
                if self._kept.why:
                    self._over(self._kept.why, UNDECIDED)
                    return
        if framing.done:
            self._answered(reusable=not rest)

    def _answered(self, *, reusable: bool) -> None:
        response, connection = self.response, self._connection
        if response is None:
            return
        # Some servers send the body of a HEAD's answer all the same, and later.
        silent = self._head_only or response.status in _BODILESS
        if silent and (response.length > 0 or response.length == -1):
            reusable = False
        if connection is not None and reusable and response.keep_alive:
            self._connection = None
            self._lane.pool.give(connection)
        self.body = self._kept.whole()
        self._over("", FAILED if response.status in FAILING else SUCCEEDED)

    def upstream_full(self) -> None:
        """The upstream takes no more for now: what is left waits in the connection."""

    def upstream_drained(self) -> None:
        """The upstream takes more again."""

    def upstream_ended(self) -> bool:
        """The upstream sends no more; `upstream_lost` says what that means."""
        return False

    def upstream_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._connection = None
        if isinstance(self._framing, UntilCloseBody) and exc is None:
            self._answered(reusable=False)
        elif self._reused and self._safe and not self._sent_again and self._framing is None and self._partial is None:
            self._sent_again = True
            self._attempt(fresh=True)
        else:
            self._over("reset", FAILED)

    def _over(self, why: str, outcome: int) -> None:
        if self.over:
            return
        now = monotonic()
        self.why = why
        self.seconds = now - self._began
        if not why or why == "timeout":
            # Whoever does not answer at all is slow.
            self._lane.pace.add(self.seconds, now)
        if why:
            self._kept.release()
        self._let_go(outcome)
        try:
            self.sender.returned(self)
        except Exception as error:
            self._lane.report("what came of a copy could not be taken in", error)
            self.sender.abandon(_FAULT)

    def _let_go(self, outcome: int) -> None:
        self.over = True
        lane = self._lane
        lane.errands.discard(self)
        connecting, self._connecting = self._connecting, None
        if connecting is not None:
            connecting.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
        permit, self._permit = self._permit, 0
        if permit:
            lane.pool.leave(permit, outcome)
        else:
            lane.pool.withdraw(self)
