"""One request and its answer: sent to the upstream that was chosen, sent again where that is safe, answered once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from strangler_proxy.answers import own_answer
from strangler_proxy.body import BadBody, Body, ChunkedBody, LengthBody, UntilCloseBody
from strangler_proxy.head import BadHead, RequestHead, ResponseHead, parse_response
from strangler_proxy.outgoing import (
    request_head,
    response_head,
    without_private_cookies,
    without_private_set_cookies,
)
from strangler_proxy.upstream import UpstreamConnection

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection
    from strangler_proxy.gateway import Gateway

__all__ = ["Exchange"]

_SAFE: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})
_FAILING: Final = frozenset({502, 503, 504})
_MOST_KEPT: Final = 65536
_LONGEST_HEAD: Final = 262144
_TUNNEL_IDLE: Final = 3600.0
_CLIENT_CLOSED: Final = 499
_NEVER: Final = float("inf")

_CONNECTING: Final = 0
_SENT: Final = 1
_ANSWERING: Final = 2
_TUNNEL: Final = 3
_OVER: Final = 4


class Exchange:
    """One request of one client.

    `kept` is the request's body so far, framed for the upstream, for as long as it may have to be sent (again):
    until it is first sent, and for a safe request up to 64 KiB. So `kept` being a list means that nothing was lost.
    """

    __slots__ = (
        "_answer",
        "_body",
        "_body_begun",
        "_cause",
        "_choice",
        "_client_gone",
        "_connection",
        "_error",
        "_gateway",
        "_head",
        "_keep_alive",
        "_kept",
        "_kept_size",
        "_received",
        "_request_id",
        "_reused",
        "_sent_again",
        "_started",
        "_state",
        "_status",
        "_upstream_ended",
        "_upstream_keep_alive",
        "client",
        "request_done",
        "safe",
    )

    def __init__(self, gateway: Gateway, client: ClientConnection, head: RequestHead) -> None:
        self._gateway = gateway
        self.client = client
        self._head = head
        self._started = time.perf_counter()
        self._request_id = head.request_id or gateway.new_request_id()
        self.safe = head.method in _SAFE
        self._choice = gateway.choose(head)
        self._state = _CONNECTING
        self._body: Body | None = None
        self._body_begun = False
        self.request_done = head.length == 0
        self._kept: list[bytes] | None = []
        self._kept_size = 0
        self._connection: UpstreamConnection | None = None
        self._reused = False
        self._sent_again = False
        self._received = b""
        self._answer: Body | None = None
        self._status = 0
        self._cause = ""
        self._error = ""
        self._keep_alive = head.keep_alive
        self._upstream_keep_alive = False
        self._upstream_ended = False
        self._client_gone = False

    @property
    def tunnelled(self) -> bool:
        """Whether the connection has been upgraded: bytes go both ways as they come."""
        return self._state == _TUNNEL

    # The request: from the client to the upstream.

    def begin(self, rest: bytes) -> None:
        """Start; `rest` is what came behind the head."""
        head = self._head
        if head.length:
            self._body = ChunkedBody(request=True) if head.length < 0 else LengthBody(head.length)
            if rest:
                self.from_client(rest)
        elif rest:
            self.client.hold(rest)
        if head.via is not None and any(self._gateway.pseudonym in via for via in head.via):
            self._answer_ourselves(508, "loop")
            return
        if self._state == _CONNECTING:
            self._attempt()

    def from_client(self, data: bytes) -> None:
        """Bytes came from the client: the request's body, or a tunnel's."""
        connection = self._connection
        body = self._body
        if self._state == _TUNNEL or body is None:
            if connection is not None:
                self.client.deadline = self._gateway.loop.time() + _TUNNEL_IDLE
                connection.transport.write(data)
            return
        try:
            piece = body.feed(data)
        except BadBody as error:
            self._broken_request(str(error))
            return
        if body.done:
            self.request_done = True
            if body.rest:
                self.client.hold(body.rest)
        if piece:
            self._body_begun = True
            kept = self._kept
            if kept is not None:
                kept.append(piece)
                self._kept_size += len(piece)
                if self._state != _CONNECTING and self._kept_size > _MOST_KEPT:
                    self._kept = None
            if self._state != _CONNECTING and connection is not None:
                connection.transport.write(piece)
        if self._state == _SENT:
            self._wait()

    def _attempt(self, *, fresh: bool = False) -> None:
        """Send the request to the chosen upstream, on an unused connection or on a new one."""
        pool = self._gateway.pool(self._choice.upstream)
        connection = None if fresh else pool.take(surely=not self.safe)
        if connection is not None:
            self._reused = True
            self._connected(connection)
            return
        self._reused = False
        self._state = _CONNECTING
        # Until there is somebody to send it to, the body stays with the client.
        self.client.pause_reading()
        self.client.deadline = _NEVER
        pool.connect(self._connected, self._not_connected)

    def _connected(self, connection: UpstreamConnection) -> None:
        if self._state == _OVER:
            self._gateway.pool(self._choice.upstream).give(connection)
            return
        if connection.closed:
            self._not_connected("reset")
            return
        self._connection = connection
        connection.exchange = self
        self._state = _SENT
        data = self._request_head()
        kept = self._kept
        if kept:
            data += b"".join(kept)
        if not self.safe or self._kept_size > _MOST_KEPT:
            self._kept = None
        if self.client.writing_paused:
            connection.pause_reading()
        connection.transport.write(data)
        if not connection.writing_paused:
            self.client.resume_reading()
        self._wait()

    def _request_head(self) -> bytes:
        gateway, head, choice = self._gateway, self._head, self._choice
        lines = head.lines
        if choice.candidate and head.cookies is not None:
            lines = without_private_cookies(lines, head.cookies, gateway.private_cookies)
        added = b"%bX-Forwarded-Host: %b\r\n" % (self.client.forwarded, head.host)
        if not head.request_id:
            added = b"%bX-Request-Id: %b\r\n" % (added, self._request_id)
        return request_head(head, choice.target, lines, added + gateway.via)

    def _not_connected(self, why: str) -> None:
        if self._state == _CONNECTING:
            self._failed(why, 504 if why == "connect-timeout" else 502, unsent=True)

    def _wait(self) -> None:
        """Set the time limit for what is waited for: more of the request, or the answer's first byte."""
        if self.request_done or (self._head.expects_continue and not self._body_begun):
            seconds = self._choice.first_byte_timeout
        elif self._connection is not None and self._connection.writing_paused:
            seconds = self._choice.upstream.idle_timeout
        else:
            seconds = self._gateway.limits.body_timeout
        self.client.deadline = self._gateway.loop.time() + seconds

    def upstream_full(self) -> None:
        """The upstream takes no more for now."""
        if not self.request_done or self._state == _TUNNEL:
            self.client.pause_reading()
            if self._state == _SENT:
                self._wait()

    def upstream_drained(self) -> None:
        """The upstream takes more again."""
        if not self.request_done or self._state == _TUNNEL:
            self.client.resume_reading()
        if self._state == _SENT:
            self._wait()

    # The answer: from the upstream to the client.

    def from_upstream(self, data: bytes) -> None:
        """Bytes came from the upstream."""
        if self._state == _ANSWERING:
            self._pass_on(b"", data)
        elif self._state == _SENT:
            self._take_head(self._received + data if self._received else data)
        elif self._state == _TUNNEL:
            self.client.deadline = self._gateway.loop.time() + _TUNNEL_IDLE
            self.client.write(data)

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
                self.client.write(response_head(response, response.lines, chunked=False, connection=b""))
            if not data:
                self._received = b""
                return
        self._received = b""
        if response.status in _FAILING and self._choice.fallback and self._may_ask_again():
            self._failed(f"status-{response.status}", response.status)
            return
        self._begin_answer(response, data)

    def _begin_answer(self, response: ResponseHead, data: bytes) -> None:
        head, choice = self._head, self._choice
        status = self._status = response.status
        self._state = _ANSWERING
        self._kept = None
        lines = response.lines
        if choice.candidate and response.set_cookies is not None:
            lines = without_private_set_cookies(lines, response.set_cookies, self._gateway.private_cookies)
        if choice.set_cookie:
            lines = [*lines, choice.set_cookie]
        chunked = False
        self._upstream_keep_alive = response.keep_alive
        if head.method == b"HEAD" or status == 204 or status == 304:
            self._answer = LengthBody(0)
        elif response.length >= 0:
            self._answer = LengthBody(response.length)
        else:
            chunked = head.minor == 1
            self._keep_alive = self._keep_alive and chunked
            if response.length == -1:
                self._answer = ChunkedBody(chunked=chunked, request=False)
            else:
                self._answer = UntilCloseBody(chunked=chunked)
                self._upstream_keep_alive = False
        # What is left of the request may never come, or never be read.
        if not self.request_done or self._gateway.draining or self.client.ended:
            self._keep_alive = False
        connection = b""
        if not self._keep_alive:
            connection = b"close"
        elif not head.minor:
            connection = b"keep-alive"
        self._pass_on(response_head(response, lines, chunked=chunked, connection=connection), data)

    def _pass_on(self, before: bytes, data: bytes) -> None:
        """Give the client `before` and what of the answer's body is in `data`."""
        body = self._answer
        assert body is not None  # noqa: S101
        if data and not body.done:
            try:
                piece = body.feed(data)
            except BadBody:
                self.client.write(before)
                self._cut_off("garbage")
                return
            before = before + piece if before else piece
        elif data:
            body.rest = data
        if before and not self._client_gone:
            self.client.write(before)
        if body.done:
            if body.rest:
                self._upstream_keep_alive = False
            self._complete()
        elif not self.client.writing_paused:
            self.client.deadline = self._gateway.loop.time() + self._choice.upstream.idle_timeout

    def client_full(self) -> None:
        """The client takes no more for now."""
        if self._connection is not None:
            self._connection.pause_reading()
        if self._state == _ANSWERING:
            self.client.deadline = self._gateway.loop.time() + self._gateway.limits.body_timeout

    def client_drained(self) -> None:
        """The client takes more again."""
        if self._connection is not None:
            self._connection.resume_reading()
        if self._state == _ANSWERING:
            self.client.deadline = self._gateway.loop.time() + self._choice.upstream.idle_timeout

    def _complete(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._upstream_keep_alive and self.request_done:
                self._gateway.pool(self._choice.upstream).give(connection)
            elif self.request_done:
                connection.close()
            else:
                connection.abort()
        self._over()
        self.client.answered(keep=self._keep_alive and self.request_done)

    # Upgrades.

    def _upgrade(self, response: ResponseHead, data: bytes) -> None:
        asked = {each.strip().lower() for each in self._head.upgrade.split(b",")}
        if not response.upgrade or response.upgrade.lower() not in asked:
            self._failed("unasked-upgrade", 502)
            return
        self._state = _TUNNEL
        self._status = 101
        self._kept = None
        lines = response.lines
        if self._choice.candidate and response.set_cookies is not None:
            lines = without_private_set_cookies(lines, response.set_cookies, self._gateway.private_cookies)
        lines = [*lines, b"Upgrade: " + response.upgrade]
        self.client.write(response_head(response, lines, chunked=False, connection=b"Upgrade") + data)
        self.client.deadline = self._gateway.loop.time() + _TUNNEL_IDLE
        held = self.client.take_held()
        if held and self._connection is not None:
            self._connection.transport.write(held)
        self.client.resume_reading()

    def client_ended(self) -> None:
        """The client's side of a tunnel sends no more."""
        connection = self._connection
        if self._upstream_ended or connection is None:
            if connection is not None:
                connection.close()
                self._connection = None
            self._over()
            self.client.answered(keep=False)
        elif not connection.closed and connection.transport.can_write_eof():
            connection.transport.write_eof()

    def upstream_ended(self) -> bool:
        """The upstream sends no more; True keeps its connection for the other direction, of a tunnel."""
        if self._state != _TUNNEL or self.client.ended:
            return False
        self._upstream_ended = True
        self.client.end_writing()
        return True

    # When something goes wrong.

    def _may_ask_again(self) -> bool:
        """Whether asking once more cannot do anything twice: a safe request of which everything is still at hand."""
        return self.safe and self._kept is not None and not self._client_gone

    def upstream_lost(self, exc: Exception | None) -> None:
        """The upstream's connection is closed."""
        self._connection = None
        if self._state == _TUNNEL:
            self._cut_off("" if exc is None else "reset")
        elif self._state == _ANSWERING:
            if isinstance(self._answer, UntilCloseBody) and exc is None:
                self.client.write(self._answer.end())
                self._complete()
            else:
                self._cut_off("reset")
        elif self._state == _SENT:
            if self._reused and not self._sent_again and not self._received and self._may_ask_again():
                # The upstream closed the unused connection while the request was on its way.
                self._sent_again = True
                self._attempt(fresh=True)
            else:
                self._failed("reset", 502)

    def ran_out_of_time(self) -> None:
        """The client's deadline has passed during this exchange."""
        client = self.client
        if client.ended and self.safe and self._state in (_SENT, _ANSWERING):
            client.abort()
        elif self._state == _SENT:
            if self.request_done or (self._head.expects_continue and not self._body_begun):
                self._failed("timeout", 504)
            elif self._connection is not None and self._connection.writing_paused:
                self._failed("upstream-stalled", 504)
            else:
                self._drop_upstream()
                self._answer_ourselves(408, "client-stalled")
        elif self._state == _ANSWERING:
            self._cut_off("client-stalled" if client.writing_paused else "idle")
        elif self._state == _TUNNEL:
            self._cut_off("idle")

    def _failed(self, cause: str, status: int, *, unsent: bool = False) -> None:
        """The upstream gave no answer. Let the monolith answer where that is safe, or say so to the client."""
        self._drop_upstream()
        self._received = b""
        choice = self._choice
        if self._client_gone:
            self._over()
            self.client.answered(keep=False)
        elif choice.fallback and (self._may_ask_again() if not unsent else self._kept is not None):
            self._cause = cause
            monolith = self._gateway.monolith_choice(self._head, choice.route)
            monolith.set_cookie = choice.set_cookie
            self._choice = monolith
            self._sent_again = False
            self._attempt()
        else:
            self._answer_ourselves(status, cause)

    def _broken_request(self, why: str) -> None:
        self.request_done = False
        self._drop_upstream()
        if self._state == _ANSWERING:
            self._cut_off(f"request: {why}")
        else:
            self._answer_ourselves(400, f"request: {why}")

    def _answer_ourselves(self, status: int, error: str) -> None:
        """Answer in the upstream's place."""
        self._error = error
        self._status = status
        keep = self._keep_alive and self.request_done and not self._gateway.draining
        self.client.write(own_answer(status, self._request_id, close=not keep, head_only=self._head.method == b"HEAD"))
        self._over()
        self.client.answered(keep=keep)

    def _cut_off(self, error: str) -> None:
        """End the client's connection without ending the answer, which was not whole."""
        self._error = error
        self._drop_upstream()
        tunnelled = self._state == _TUNNEL
        by_close = not tunnelled and not self._head.minor and not isinstance(self._answer, LengthBody)
        self._over()
        self.client.cut_off(reset=by_close or error == "client-stalled")

    def client_lost(self) -> None:
        """The client is gone. Safe work stops; what may already have been done is waited for, and told to nobody."""
        if self._state == _OVER or self._client_gone:
            return
        self._client_gone = True
        if self._state == _SENT and self.request_done and not self.safe:
            return
        if self._state != _TUNNEL:
            self._status = self._status or _CLIENT_CLOSED
            self._error = "client-gone"
        if self._state == _TUNNEL and self._connection is not None:
            self._connection.close()
            self._connection = None
        self._drop_upstream()
        self._over()
        self.client.answered(keep=False)

    def _drop_upstream(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    def _over(self) -> None:
        """Count and log, once."""
        self._state = _OVER
        gateway, choice = self._gateway, self._choice
        seconds = time.perf_counter() - self._started
        side = "candidate" if choice.candidate else "monolith"
        upstream = choice.upstream.name
        gateway.counts.add(choice.route, side, upstream, self._status, bool(self._cause), seconds)
        gateway.log.add(
            self._head.method,
            self._head.path,
            self._status,
            choice.route,
            side,
            upstream,
            seconds,
            self._request_id,
            self._cause,
            self._error,
        )
