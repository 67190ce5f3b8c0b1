"""A request on its way to the upstream that was chosen: its turn, its connection, its head and its body."""

from __future__ import annotations

from abc import abstractmethod
from time import monotonic
from typing import TYPE_CHECKING, Final

from strangler_proxy.body import BadBody
from strangler_proxy.choice import Choice
from strangler_proxy.connecting import Connecting
from strangler_proxy.holder import ClientHolder
from strangler_proxy.introduction import Introduction
from strangler_proxy.outgoing import request_head, without_private_cookies
from strangler_proxy.partial_head import PartialHead
from strangler_proxy.request_head import RequestHead
from strangler_proxy.response_head import ResponseHead
from strangler_proxy.retained import BodyTooLong, RequestBody
from strangler_proxy.tracing import Span
from strangler_proxy.upstream import UpstreamConnection

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection
    from strangler_proxy.shadow.plan import Plan

__all__ = ["CONNECTING", "HALF_CLOSED", "INTRODUCING", "OVER", "SENT", "WAITING", "Asking"]

_SAFE: Final = frozenset({b"GET", b"HEAD", b"OPTIONS"})
_NEVER: Final = float("inf")
# How long a client that has stopped sending may still be waiting for its answer to begin, when asking again is safe.
HALF_CLOSED: Final = 1.0

WAITING: Final = 0
CONNECTING: Final = 1
SENT: Final = 2
OVER: Final = 3
INTRODUCING: Final = 4


class Asking(ClientHolder):
    """The asking half of an exchange. What comes of it, and what is to be done when it fails, is the other half's.

    `asked` is when the last of the request is written to the upstream; 0 before that.
    """

    __slots__ = (
        "_body",
        "_cause",
        "_choice",
        "_client",
        "_client_gone",
        "_connecting",
        "_connection",
        "_error",
        "_fell",
        "_gateway",
        "_head",
        "_held",
        "_interim",
        "_introduction",
        "_keep_alive",
        "_partial",
        "_permit",
        "_request_id",
        "_reused",
        "_sent_again",
        "_span",
        "_started",
        "_state",
        "_status",
        "_told_to_continue",
        "asked",
    )

    def __init__(self, client: ClientConnection, head: RequestHead) -> None:
        super().__init__(request_done=head.length == 0, safe=head.method in _SAFE and not head.overridden)
        gateway = self._gateway = client.gateway
        self._client = client
        self._head = head
        self._started = monotonic()
        self._request_id = head.request_id or gateway.new_request_id()
        self._choice: Choice = gateway.choose(head, client.peer)
        self._span: Span | None = None
        if gateway.tracer is not None:
            self._span = gateway.tracer.begin(head, [head.lines[index] for index in head.traces or ()])
        self._state = WAITING
        self._permit = 0
        self._introduction: Introduction | None = None
        self._body: RequestBody | None = None
        self._connecting: Connecting | None = None
        self._connection: UpstreamConnection | None = None
        self._reused = False
        self._sent_again = False
        self._partial: PartialHead | None = None
        # The head of an answer that nothing has come of yet.
        self._held: ResponseHead | None = None
        self._interim = 0
        self._told_to_continue = False
        self._status = 0
        self._cause = ""
        # Whose copies this exchange may have been one of, before the monolith had to answer.
        self._fell: Plan | None = None
        self.asked = 0.0
        self._error = ""
        self._keep_alive = head.keep_alive
        self._client_gone = False

    def from_client(self, data: bytes) -> None:
        """More of the request's body came."""
        body = self._body
        if body is None:
            return
        try:
            piece = body.feed(data)
        except BodyTooLong:
            self._refuse(413, "body-too-long")
            return
        except BadBody as error:
            self._refuse(400, f"request: {error}")
            return
        if body.done:
            self.request_done = True
            if body.rest:
                self._client.hold(body.rest)
        if piece and self._connection is not None:
            self._send(self._connection, piece)
        if self._state == SENT:
            self._wait()
        elif self._state == INTRODUCING and self._introduction is not None:
            self._introduction.go_on()

    def introduced(self) -> None:
        """The monolith has vouched for the client."""
        self._state = WAITING
        self._enter()

    def answer_lines(self) -> bytes:
        """What the candidate's answer has to say beside its own lines."""
        introduction = self._introduction
        return b"" if introduction is None or self._choice.wish is None else introduction.answer_lines

    def _enter(self) -> None:
        """Ask for a turn at the chosen upstream."""
        pool = self._choice.pool
        permit = pool.enter(self)
        if permit > 0:
            self._permit = permit
            self._attempt(fresh=False)
        elif permit < 0:
            self.refused(pool.refusal)
        else:
            self._state = WAITING
            self.hold_back()

    def admitted(self, permit: int) -> None:
        """The turn has come."""
        self._permit = permit
        if monotonic() >= self._until():
            self._out_of_all_time()
        else:
            self._attempt(fresh=False)

    def refused(self, why: str) -> None:
        """The turn will not come."""
        self._state = WAITING
        self._failed(why, 503, unsent=True)

    def hold_back(self) -> None:
        """Wait for something else than the client."""
        # Until there is somebody to send it to, the body stays with the client. Of one that has sent everything
        # nothing but its leaving can come, and that is to be noticed.
        client = self._client
        if not self.request_done:
            client.pause_reading()
        self._patient_until(_NEVER)

    def _attempt(self, *, fresh: bool) -> None:
        """Send the request to the chosen upstream, on an unused connection or on a new one."""
        self.asked = 0.0
        pool = self._choice.pool
        connection = None if fresh else pool.take(surely=not self.safe)
        if connection is not None:
            self._reused = True
            self._connected(connection)
            return
        self._reused = False
        self._state = CONNECTING
        self.hold_back()
        self._connecting = pool.connect(self._connected, self._not_connected)

    def _connected(self, connection: UpstreamConnection) -> None:
        self._connecting = None
        if connection.closed:
            self._not_connected("reset")
            return
        client = self._client
        self._connection = connection
        connection.exchange = self
        self._state = SENT
        data = self._request_head()
        if self._body is not None:
            data += self._body.send()
        if client.writing_paused:
            connection.pause_reading()
        self._send(connection, data)
        if not connection.writing_paused:
            client.resume_reading()
        self._wait()

    def _send(self, connection: UpstreamConnection, data: bytes) -> None:
        if self.request_done:
            # On a busy machine the upstream may have answered before this process has its next turn.
            self.asked = monotonic()
        connection.transport.write(data)

    def _request_head(self) -> bytes:
        head, choice = self._head, self._choice
        lines = head.lines
        if choice.foreign and head.cookies is not None:
            lines = without_private_cookies(lines, head.cookies, self._gateway.private_cookies)
        added = self._client.peer.lines(head) + choice.pool.proxied
        if self._span is not None and self._connection is not None:
            if self._span.replaced:
                lines = [line for line in lines if line not in self._span.replaced]
            added += self._span.lines(choice.upstream, self._connection.endpoint.name, choice.target)
        if not head.request_id:
            added = b"%bX-Request-Id: %b\r\n" % (added, self._request_id)
        if self._introduction is not None and choice.wish is not None:
            added += self._introduction.request_lines
        return request_head(head, choice.target or head.target, lines, added)

    def _not_connected(self, why: str) -> None:
        self._connecting = None
        if self._state != OVER:
            self._failed(why, 504 if why == "connect-timeout" else 502, unsent=True)

    def _awaits_answer(self) -> bool:
        """Whether it is the upstream's turn: it has the whole request, or was asked whether to go on with it."""
        if self.request_done:
            return True
        asked = self._head.expects_continue and not self._told_to_continue
        return asked and self._body is not None and not self._body.begun

    def _wait(self) -> None:
        """Set the time limit for what is waited for: more of the request, or the answer's first byte."""
        now = monotonic()
        upstream = self._choice.pool.upstream
        if self._client.writing_paused:
            # Nothing is read from the upstream meanwhile, so that it cannot be late.
            deadline = now + self._gateway.limits.body_timeout
        elif self._awaits_answer():
            deadline = now + self._choice.first_byte_timeout
        elif self._connection is not None and self._connection.writing_paused:
            deadline = now + upstream.idle_timeout
        elif self._body is not None:
            deadline = self._body.due(now)
        else:
            deadline = _NEVER
        self._patient_until(deadline)

    def _patient_until(self, deadline: float) -> None:
        client = self._client
        if client.ended and self.safe:
            deadline = min(deadline, monotonic() + HALF_CLOSED)
        client.deadline = min(deadline, self._until())

    def _until(self) -> float:
        """When the time for the whole of it is over."""
        total = self._choice.pool.upstream.total_timeout
        return self._started + total if total else _NEVER

    def upstream_full(self) -> None:
        """The upstream takes no more for now."""
        if not self.request_done:
            self._client.pause_reading()
            if self._state == SENT:
                self._wait()

    def upstream_drained(self) -> None:
        """The upstream takes more again."""
        if not self.request_done:
            self._client.resume_reading()
            if self._body is not None:
                self._body.pardon(monotonic())
        if self._state == SENT:
            self._wait()

    def client_full(self) -> None:
        """The client takes no more for now."""
        if self._connection is not None:
            self._connection.pause_reading()
            self._wait()

    def client_drained(self) -> None:
        """The client takes more again."""
        if self._connection is not None:
            self._connection.resume_reading()
            self._wait()

    def _drop_upstream(self, outcome: int) -> None:
        """Let go of the upstream, wherever the request is on its way to it."""
        if self._introduction is not None:
            self._introduction.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
        elif self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        elif self._state == WAITING and not self._permit:
            self._choice.pool.withdraw(self)
        self._leave(outcome)

    def _leave(self, outcome: int) -> None:
        permit, self._permit = self._permit, 0
        if permit:
            self._choice.pool.leave(permit, outcome)

    @abstractmethod
    def _failed(self, cause: str, status: int, *, unsent: bool = False) -> None:
        """The upstream gave no answer, for which `cause` is the word and `status` what a client would be told."""

    @abstractmethod
    def _refuse(self, status: int, why: str) -> None:
        """The request cannot go on, and that is the client's doing."""

    @abstractmethod
    def _out_of_all_time(self) -> None:
        """The time that the upstream has for the whole of it is over."""
