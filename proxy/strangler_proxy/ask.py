"""One small request of our own to an upstream, such as a probe of its health: asked once, answered in bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from strangler_proxy.body import BadBody, Body, ChunkedBody, LengthBody, UntilCloseBody
from strangler_proxy.head import BadHead
from strangler_proxy.holder import UpstreamHolder
from strangler_proxy.outcome import FAILED, FAILING, SUCCEEDED, UNDECIDED
from strangler_proxy.response_head import ResponseHead, parse_response

if TYPE_CHECKING:
    from strangler_proxy.connecting import Connecting
    from strangler_proxy.endpoint import Endpoint
    from strangler_proxy.pool import Pool
    from strangler_proxy.upstream import UpstreamConnection

__all__ = ["Answered", "Ask", "ask"]

_LONGEST_HEAD: Final = 65536
_BODILESS: Final = frozenset({204, 304})
_SAFE: Final = (b"GET ", b"HEAD ", b"OPTIONS ")


class Answered:
    """An answer that has wholly come. `lines` are its header lines as they came, but for those of one connection
    (Connection, Transfer-Encoding and their kind) and that of its `release`; `body` is bare of its framing."""

    __slots__ = ("body", "lines", "release", "status")

    def __init__(self, status: int, lines: list[bytes], body: bytes, release: bytes = b"") -> None:
        self.status = status
        self.lines = lines
        self.body = body
        self.release = release


def ask(
    pool: Pool,
    request: bytes,
    *,
    seconds: float,
    most: int,
    done: Callable[[Answered | str], None],
    endpoint: Endpoint | None = None,
) -> Ask:
    """Send `request`, a whole head with its body if it has one, and call `done` once, later, with what came of it.

    That is an answer, or why there is none: what `Pool.enter` refuses with, what `Pool.connect` fails with, `timeout`
    after `seconds` in all, `reset`, `garbage`, or `too-long` for a body of more than `most` bytes. A redirect is an
    answer like any other. It takes its turn like a customer's request; with an `endpoint` it asks that address, on a
    connection of its own and whatever the state of breaker and bulkhead. `cancel()` gives it up: then nothing is told.

    Where the connection turns out to have been closed while it was unused, GET, HEAD and OPTIONS are sent once more.
    """
    return Ask(pool, request, seconds, most, done, endpoint)


class Ask(UpstreamHolder):
    """One request under way; in the place of an exchange for the connection that carries it."""

    __slots__ = (
        "_again",
        "_connecting",
        "_connection",
        "_done",
        "_endpoint",
        "_framing",
        "_most",
        "_permit",
        "_pieces",
        "_pool",
        "_received",
        "_request",
        "_response",
        "_reused",
        "_size",
        "_timer",
    )

    def __init__(
        self,
        pool: Pool,
        request: bytes,
        seconds: float,
        most: int,
        done: Callable[[Answered | str], None],
        endpoint: Endpoint | None,
    ) -> None:
        self._pool = pool
        self._request = request
        self._most = most
        self._done: Callable[[Answered | str], None] | None = done
        self._endpoint = endpoint
        self._permit = 0
        self._connecting: Connecting | None = None
        self._connection: UpstreamConnection | None = None
        self._reused = False
        self._again = request.startswith(_SAFE)
        self._received = b""
        self._response: ResponseHead | None = None
        self._framing: Body | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._timer = pool.loop.call_later(seconds, self._over, "timeout", FAILED)
        if endpoint is not None:
            self._attempt()
            return
        permit = pool.enter(self)
        if permit > 0:
            self.admitted(permit)
        elif permit < 0:
            # Later, as everything else: whoever asks has not got this object yet.
            pool.loop.call_soon(self._over, pool.refusal, UNDECIDED)

    def cancel(self) -> None:
        """Nobody wants to know any more."""
        self._done = None
        self._over("", UNDECIDED)

    def admitted(self, permit: int) -> None:
        """Its turn has come."""
        self._permit = permit
        self._attempt()

    def refused(self, why: str) -> None:
        """Its turn will not come."""
        self._over(why, UNDECIDED)

    def _attempt(self) -> None:
        connection = None if self._endpoint is not None else self._pool.take(surely=True)
        if connection is None:
            self._reused = False
            self._connecting = self._pool.connect(self._connected, self._not_connected, self._endpoint)
        else:
            self._reused = True
            self._connected(connection)

    def _connected(self, connection: UpstreamConnection) -> None:
        self._connecting = None
        if connection.closed:
            self._over("reset", FAILED)
            return
        self._connection = connection
        connection.exchange = self
        connection.transport.write(self._request)

    def _not_connected(self, why: str) -> None:
        self._connecting = None
        self._over(why, FAILED)

    def from_upstream(self, data: bytes) -> None:
        """More of the answer came."""
        if self._framing is not None:
            self._take_body(data)
            return
        self._received += data
        while True:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                if len(self._received) > _LONGEST_HEAD:
                    self._over("garbage", FAILED)
                return
            try:
                response = parse_response(self._received[:end])
            except BadHead:
                self._over("garbage", FAILED)
                return
            self._received = self._received[end + 4 :]
            if response.status == 101:
                self._over("garbage", FAILED)
                return
            if response.status >= 200:
                self._begin(response)
                return

    def _begin(self, response: ResponseHead) -> None:
        self._response = response
        if self._request.startswith(b"HEAD ") or response.status in _BODILESS:
            self._framing = LengthBody(0)
        elif response.length >= 0:
            self._framing = LengthBody(response.length)
        elif response.length == -1:
            self._framing = ChunkedBody(chunked=False, request=False)
        else:
            self._framing = UntilCloseBody(chunked=False)
        rest, self._received = self._received, b""
        self._take_body(rest)

    def _take_body(self, data: bytes) -> None:
        framing = self._framing
        assert framing is not None  # noqa: S101
        if data and not framing.done:
            try:
                piece = framing.feed(data)
            except BadBody:
                self._over("garbage", FAILED)
                return
            self._size += len(piece)
            if self._size > self._most:
                self._over("too-long", UNDECIDED)
                return
            self._pieces.append(piece)
            data = framing.rest
        if framing.done:
            self._whole(keep=not data and not isinstance(framing, UntilCloseBody))

    def _whole(self, *, keep: bool) -> None:
        response, connection = self._response, self._connection
        assert response is not None  # noqa: S101
        bodiless = response.length not in (0, -2) and not self._pieces
        if connection is not None and keep and response.keep_alive and not bodiless and self._endpoint is None:
            self._connection = None
            self._pool.give(connection)
        outcome = FAILED if response.status in FAILING else SUCCEEDED
        self._over(Answered(response.status, response.lines, b"".join(self._pieces), response.release), outcome)

    def upstream_full(self) -> None:
        """The upstream takes no more for now: the little that we send waits in the connection."""

    def upstream_drained(self) -> None:
        """The upstream takes more again."""

    def upstream_ended(self) -> bool:
        """The upstream sends no more; `upstream_lost` says what that means."""
        return False

    def upstream_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._connection = None
        if isinstance(self._framing, UntilCloseBody) and exc is None:
            self._framing.done = True
            self._whole(keep=False)
        elif self._reused and self._again and self._framing is None and not self._received:
            self._again = False
            self._reused = False
            self._connecting = self._pool.connect(self._connected, self._not_connected)
        else:
            self._over("reset", FAILED)

    def _over(self, result: Answered | str, outcome: int) -> None:
        """Let go of everything, then tell; the second time there is nothing left to do."""
        self._timer.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
        permit, self._permit = self._permit, 0
        if permit:
            self._pool.leave(permit, outcome)
        elif self._endpoint is None:
            self._pool.withdraw(self)
        done, self._done = self._done, None
        if done is not None:
            try:
                done(result)
            except Exception as error:
                self._pool.report("an answer could not be taken", error)
