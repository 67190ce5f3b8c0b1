"""Finding out who asks, before a candidate hears of the request."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from strangler_proxy.request_head import RequestHead
from strangler_proxy.retained import RequestBody
from strangler_proxy.vouched import Refusal, Vouched
from strangler_proxy.wish import Wish

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection
    from strangler_proxy.forward import Exchange
    from strangler_proxy.vouch_question import Pending
    from strangler_proxy.vouching import Vouching

__all__ = ["Introduction"]

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_UNSHARED: Final = b"Cache-Control: private\r\n"


class Introduction:
    """Has the monolith vouch for the client of one `exchange`, which is told once: `introduced`, or `turned_away`.

    Where a form's token is in the body, so much of that is waited for first.
    """

    __slots__ = (
        "_body",
        "_client",
        "_exchange",
        "_head",
        "_needed",
        "_pending",
        "_request_id",
        "_target",
        "_vouched",
        "_vouching",
        "_wish",
    )

    def __init__(
        self,
        exchange: Exchange,
        client: ClientConnection,
        vouching: Vouching,
        wish: Wish,
        head: RequestHead,
        target: bytes,
        body: RequestBody | None,
        request_id: bytes,
    ) -> None:
        self._exchange = exchange
        self._client = client
        self._vouching = vouching
        self._wish = wish
        self._head = head
        self._target = target
        self._body = body
        self._request_id = request_id
        self._needed = 0 if body is None else vouching.body_needed(head)
        self._pending: Pending | None = None
        self._vouched: Vouched | None = None

    def begin(self) -> None:
        """Ask, or wait for what has to be asked with."""
        if self._needed and self._head.expects_continue and not self._exchange.request_done:
            # The form's token is in the body, and the client waits with it for a word.
            self._client.write(_CONTINUE)
        self.go_on()

    def go_on(self) -> None:
        """More of the body came."""
        body = self._body
        if self._pending is not None:
            return
        if body is not None and body.size < self._needed and not body.done:
            self._client.deadline = body.due(monotonic())
            return
        self._exchange.hold_back()
        self._pending = self._vouching.vouch(
            self._wish,
            self._head,
            target=self._target,
            forwarded=self._client.peer.lines(self._head),
            body=body.beginning() if body is not None and self._needed else b"",
            request_id=self._request_id,
            done=self._known,
        )

    def cancel(self) -> None:
        """Nobody wants to know any more."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()

    def _known(self, result: Vouched | Refusal) -> None:
        self._pending = None
        if isinstance(result, Vouched):
            self._vouched = result
            self._exchange.introduced()
        else:
            self._exchange.turned_away(result)

    @property
    def request_lines(self) -> bytes:
        """What the candidate is told of the client: whole lines."""
        return b"" if self._vouched is None else self._vouched.lines

    @property
    def answer_lines(self) -> bytes:
        """What is added to the candidate's answer, since it does not see the monolith's cookies: whole lines."""
        vouched = self._vouched
        if vouched is None:
            return b""
        if not vouched.set_cookies:
            return b"%b\r\n" % vouched.vary
        return b"%b\r\n%b%b\r\n" % (vouched.vary, _UNSHARED, b"\r\n".join(vouched.set_cookies))
