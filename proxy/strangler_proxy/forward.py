"""One request: sent to the upstream that was chosen, sent again where that is safe, until there is one answer to it."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final

from strangler_proxy.answers import own_answer
from strangler_proxy.body import BadBody
from strangler_proxy.choice import Choice
from strangler_proxy.head import BadHead
from strangler_proxy.outgoing import request_head, response_head, without_private_cookies
from strangler_proxy.reply import Reply, final_lines, shown_lines
from strangler_proxy.request_head import RequestHead
from strangler_proxy.response_head import ResponseHead, parse_response
from strangler_proxy.retained import RequestBody
from strangler_proxy.tunnel import Tunnel
from strangler_proxy.upstream import UpstreamConnection

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection

__all__ = ["Exchange"]

_SAFE: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})
_FAILING: Final = frozenset({502, 503, 504})
_LONGEST_HEAD: Final = 262144
_CLIENT_CLOSED: Final = 499
_NEVER: Final = float("inf")

_CONNECTING: Final = 0
_SENT: Final = 1
_OVER: Final = 2


class Exchange:
    """One request of one client. `request_done` says that all of it came, `safe` that its method changes nothing."""

    __slots__ = (
        "_body",
        "_cause",
        "_choice",
        "_client",
        "_client_gone",
        "_connection",
        "_error",
        "_gateway",
        "_head",
        "_keep_alive",
        "_received",
        "_request_id",
        "_reused",
        "_sent_again",
        "_started",
        "_state",
        "_status",
        "request_done",
        "safe",
    )

    tunnelled = False

    def __init__(self, client: ClientConnection, head: RequestHead) -> None:
        gateway = self._gateway = client.gateway
        self._client = client
        self._head = head
        self._started = perf_counter()
        self._request_id = head.request_id or gateway.new_request_id()
        self._choice: Choice = gateway.choose(head)
        self.safe = head.method in _SAFE
        self.request_done = head.length == 0
        self._state = _CONNECTING
        self._body: RequestBody | None = None
        self._connection: UpstreamConnection | None = None
        self._reused = False
        self._sent_again = False
        self._received = b""
        self._status = 0
        self._cause = ""
        self._error = ""
        self._keep_alive = head.keep_alive
        self._client_gone = False

    # The request: from the client to the upstream.

    def begin(self, rest: bytes) -> None:
        """Start; `rest` is what came behind the head."""
        head = self._head
        if head.length:
            self._body = RequestBody(head.length, safe=self.safe)
            if rest:
                self.from_client(rest)
        elif rest:
            self._client.hold(rest)
        if head.via is not None and any(self._gateway.pseudonym in via for via in head.via):
            # The last answer of its connection, or pipelined ones would be answered one inside the other.
            self._keep_alive = False
            self._answer_ourselves(508, "loop")
        elif self._state == _CONNECTING:
            self._attempt()

    def from_client(self, data: bytes) -> None:
        """More of the request's body came."""
        body = self._body
        if body is None:
            return
        try:
            piece = body.feed(data)
        except BadBody as error:
            self._broken_request(f"request: {error}")
            return
        if body.done:
            self.request_done = True
            if body.rest:
                self._client.hold(body.rest)
        if piece and self._connection is not None:
            self._connection.transport.write(piece)
        if self._state == _SENT:
            self._wait()

    def _attempt(self, *, fresh: bool = False) -> None:
        """Send the request to the chosen upstream, on an unused connection or on a new one."""
        pool = self._choice.pool
        connection = None if fresh else pool.take(surely=not self.safe)
        if connection is not None:
            self._reused = True
            self._connected(connection)
            return
        self._reused = False
        self._state = _CONNECTING
        # Until there is somebody to send it to, the body stays with the client.
        self._client.pause_reading()
        self._client.deadline = _NEVER
        pool.connect(self._connected, self._not_connected)

    def _connected(self, connection: UpstreamConnection) -> None:
        if self._state == _OVER:
            self._choice.pool.give(connection)
            return
        if connection.closed:
            self._not_connected("reset")
            return
        client = self._client
        self._connection = connection
        connection.exchange = self
        self._state = _SENT
        data = self._request_head()
        if self._body is not None:
            data += self._body.send()
        if client.writing_paused:
            connection.pause_reading()
        connection.transport.write(data)
        if not connection.writing_paused:
            client.resume_reading()
        self._wait()

    def _request_head(self) -> bytes:
        head, choice = self._head, self._choice
        lines = head.lines
        if choice.foreign and head.cookies is not None:
            lines = without_private_cookies(lines, head.cookies, self._gateway.private_cookies)
        added = self._client.peer.lines(head)
        if not head.request_id:
            added = b"%bX-Request-Id: %b\r\n" % (added, self._request_id)
        return request_head(head, choice.target or head.target, lines, added)

    def _not_connected(self, why: str) -> None:
        if self._state == _CONNECTING:
            self._failed(why, 504 if why == "connect-timeout" else 502, unsent=True)

    def _awaits_answer(self) -> bool:
        """Whether it is the upstream's turn: it has the whole request, or was asked whether to go on with it."""
        return self.request_done or (self._head.expects_continue and self._body is not None and not self._body.begun)

    def _wait(self) -> None:
        """Set the time limit for what is waited for: more of the request, or the answer's first byte."""
        if self._awaits_answer():
            seconds = self._choice.first_byte_timeout
        elif self._connection is not None and self._connection.writing_paused:
            seconds = self._choice.pool.upstream.idle_timeout
        else:
            seconds = self._gateway.limits.body_timeout
        self._client.deadline = self._gateway.loop.time() + seconds

    def upstream_full(self) -> None:
        """The upstream takes no more for now."""
        if not self.request_done:
            self._client.pause_reading()
            if self._state == _SENT:
                self._wait()

    def upstream_drained(self) -> None:
        """The upstream takes more again."""
        if not self.request_done:
            self._client.resume_reading()
        if self._state == _SENT:
            self._wait()

    # The head of the answer: who passes on the rest is a Reply or a Tunnel.

    def from_upstream(self, data: bytes) -> None:
        """More of the answer came."""
        if self._state == _SENT:
            self._take_head(self._received + data if self._received else data)

    def _take_head(self, data: bytes) -> None:
        while True:
            end = data.find(b"\r\n\r\n", 0, _LONGEST_HEAD)
            if end < 0:
                self._received = data
                if len(data) >= _LONGEST_HEAD or data.count(b"\n") != data.count(b"\r\n"):
                    self._failed("garbage", 502)
                return
            try:
                response = parse_response(data[:end])
            except BadHead:
                self._failed("garbage", 502)
                return
            data = data[end + 4 :]
            if response.status >= 200:
                break
            if response.status == 101:
                self._upgrade(response, data)
                return
            if self._head.minor:
                self._client.write(
                    response_head(response, shown_lines(response, self._choice, self._gateway.unsettable_cookies), b"")
                )
            if not data:
                self._received = b""
                return
        self._received = b""
        if response.status in _FAILING and self._choice.fallback and self._may_ask_again():
            self._failed(f"status-{response.status}", response.status)
            return
        self._begin_answer(response, data)

    def _begin_answer(self, response: ResponseHead, data: bytes) -> None:
        connection = self._connection
        assert connection is not None  # noqa: S101
        self._connection = None
        self._status = response.status
        reply = Reply(self._client, connection, self._choice, self._head, self._body, self._ended, self.safe)
        reply.begin(response, data, keep_alive=self._keep_alive)

    def client_full(self) -> None:
        """The client takes no more for now."""
        if self._connection is not None:
            self._connection.pause_reading()

    def client_drained(self) -> None:
        """The client takes more again."""
        if self._connection is not None:
            self._connection.resume_reading()

    def _upgrade(self, response: ResponseHead, data: bytes) -> None:
        asked = {each.strip().lower() for each in self._head.upgrade.split(b",")}
        connection = self._connection
        if connection is None or not response.upgrade or response.upgrade.lower() not in asked:
            self._failed("unasked-upgrade", 502)
            return
        client = self._client
        self._status = 101
        self._connection = None
        added = b"Upgrade: %b\r\nConnection: Upgrade\r\n" % response.upgrade
        lines = final_lines(response, self._choice, self._gateway.unsettable_cookies)
        # The tunnel first: it is told when the client or the upstream takes no more.
        client.exchange = Tunnel(client, connection, self._ended)
        client.write(response_head(response, lines, added) + data)
        client.resume_reading()
        if held := client.take_held():
            connection.transport.write(held)

    def _ended(self, why: str) -> None:
        """Who took this exchange's place is done."""
        self._error = why
        self._over()

    # When something goes wrong.

    def client_ended(self) -> None:
        """The client sends no more: without the end of its request there is nothing to answer."""
        if not self.request_done:
            self.client_lost()

    def upstream_ended(self) -> bool:
        """The upstream sends no more, so its connection is to be closed; `upstream_lost` says what that means."""
        return False

    def _may_ask_again(self) -> bool:
        """Whether asking once more cannot do anything twice: a safe request of which everything is still at hand."""
        return self.safe and (self._body is None or self._body.whole) and not self._client_gone

    def upstream_lost(self, exc: Exception | None) -> None:
        """The upstream's connection is closed."""
        self._connection = None
        if self._state == _SENT:
            if self._reused and not self._sent_again and not self._received and self._may_ask_again():
                # The upstream closed the unused connection while the request was on its way.
                self._sent_again = True
                self._attempt(fresh=True)
            else:
                self._failed("reset", 502)

    def ran_out_of_time(self) -> None:
        """The client's deadline has passed during this exchange."""
        client = self._client
        if client.ended and self.safe:
            client.abort()
        elif self._awaits_answer():
            self._failed("timeout", 504)
        elif self._connection is not None and self._connection.writing_paused:
            self._failed("upstream-stalled", 504)
        else:
            self._drop_upstream()
            self._answer_ourselves(408, "client-stalled")

    def _failed(self, cause: str, status: int, *, unsent: bool = False) -> None:
        """The upstream gave no answer. Let the monolith answer where that is safe, or say so to the client."""
        self._drop_upstream()
        self._received = b""
        if self._client_gone:
            self._status = _CLIENT_CLOSED
            self._over()
            self._client.answered(keep=False)
        elif self._choice.fallback and (unsent or self._may_ask_again()):
            self._cause = cause
            self._choice = self._gateway.fall_back(self._choice)
            self._sent_again = False
            self._attempt()
        else:
            self._answer_ourselves(status, cause)

    def _broken_request(self, why: str) -> None:
        self._drop_upstream()
        self._answer_ourselves(400, why)

    def _answer_ourselves(self, status: int, error: str) -> None:
        """Answer in the upstream's place."""
        self._error = error
        self._status = status
        keep = self._keep_alive and self.request_done and not self._gateway.draining
        head_only = self._head.method == b"HEAD"
        self._client.write(own_answer(status, self._request_id, close=not keep, head_only=head_only))
        self._over()
        self._client.answered(keep=keep)

    def client_lost(self) -> None:
        """The client is gone. Safe work stops; what may already have been done is waited for, and told to nobody."""
        if self._state == _OVER or self._client_gone:
            return
        self._client_gone = True
        if self._state == _SENT and self.request_done and not self.safe:
            return
        self._status = self._status or _CLIENT_CLOSED
        self._error = "client-gone"
        self._drop_upstream()
        self._over()
        self._client.answered(keep=False)

    def _drop_upstream(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    def _over(self) -> None:
        """Count and log, once."""
        self._state = _OVER
        gateway, choice, status = self._gateway, self._choice, self._status
        seconds = perf_counter() - self._started
        cause = self._cause
        gateway.counts.add(choice.route, choice.side, choice.upstream, status, cause != "", seconds)
        head = self._head
        gateway.log.add(head.method, head.path, status, choice.label, seconds, self._request_id, cause, self._error)
