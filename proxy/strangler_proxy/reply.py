"""The answer to a request, on its way from the upstream to the client, in the place of the exchange that asked."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from strangler_proxy.body import BadBody, Body, ChunkedBody, LengthBody, UntilCloseBody
from strangler_proxy.choice import Choice
from strangler_proxy.holder import ClientHolder
from strangler_proxy.outgoing import response_head, without_guarded
from strangler_proxy.request_head import RequestHead
from strangler_proxy.response_head import ResponseHead
from strangler_proxy.retained import RequestBody
from strangler_proxy.upstream import UpstreamConnection

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection
    from strangler_proxy.forward import Exchange
    from strangler_proxy.shadow.onlooker import Onlooker

__all__ = ["BODILESS", "Reply", "final_lines", "shown_lines"]

# Answers of these never have a body, whatever their heads say.
BODILESS: Final = frozenset({204, 304})
# A shared cache may keep an answer with its Set-Cookie, and would make everybody the one subject it was set for.
_UNSHARED: Final = b"Cache-Control: private"


def shown_lines(response: ResponseHead, choice: Choice, unsettable: frozenset[bytes]) -> list[bytes]:
    """The header lines that a client may see: a foreign upstream sets neither the monolith's own cookies nor ours."""
    if response.guarded is None or not choice.foreign:
        return response.lines
    return without_guarded(response.lines, response.guarded, unsettable)


def final_lines(response: ResponseHead, choice: Choice, unsettable: frozenset[bytes]) -> list[bytes]:
    """The header lines of an answer that no other follows: those, and our own cookie where the choice has one."""
    lines = shown_lines(response, choice, unsettable)
    return [*lines, choice.set_cookie, _UNSHARED] if choice.set_cookie else lines


class Reply(ClientHolder):
    """Joins a client's connection and an upstream's until the answer has passed.

    The rest of the request passes the other way, where it has not wholly come. `exchange`, whose place it takes, is
    told once when it is over. `onlooker` is shown the answer as it passes, where there is one.
    """

    __slots__ = (
        "_body",
        "_choice",
        "_client",
        "_connection",
        "_exchange",
        "_framing",
        "_full_since",
        "_head",
        "_held_up",
        "_keep_alive",
        "_reusable",
        "_until",
        "onlooker",
    )

    def __init__(
        self,
        client: ClientConnection,
        connection: UpstreamConnection,
        choice: Choice,
        head: RequestHead,
        body: RequestBody | None,
        exchange: Exchange,
        started: float,
    ) -> None:
        super().__init__(request_done=body is None or body.done, safe=exchange.safe)
        self._client = client
        self._connection: UpstreamConnection | None = connection
        self._choice = choice
        self._head = head
        self._body = body
        self._exchange = exchange
        self._framing: Body
        self._keep_alive: bool
        self._reusable: bool
        total = choice.pool.upstream.total_timeout
        self._until = started + total if total else 0.0
        # How long the client has kept the answer waiting so far, and since when it does.
        self._held_up = 0.0
        self._full_since = 0.0
        self.onlooker: Onlooker | None = None
        client.exchange = self
        connection.exchange = self

    def begin(self, response: ResponseHead, data: bytes, *, keep_alive: bool) -> None:
        """Pass on the head, and `data`, which came behind it. `keep_alive` is what the client asked for."""
        head, client = self._head, self._client
        if self._body is not None:
            self._body.forget()
        reusable = response.keep_alive
        added = b""
        length = response.length
        if head.method == b"HEAD" or response.status in BODILESS:
            self._framing = LengthBody(0)
            if length > 0 or length == -1:
                # Some servers send the body all the same, and later: it would be taken for the next request's answer.
                reusable = False
        elif length >= 0:
            self._framing = LengthBody(length)
        else:
            chunked = head.minor == 1
            keep_alive = keep_alive and chunked
            if chunked:
                added = b"Transfer-Encoding: chunked\r\n"
            if length == -1:
                self._framing = ChunkedBody(chunked=chunked, request=False)
            else:
                self._framing = UntilCloseBody(chunked=chunked)
                reusable = False
            if self.onlooker is not None:
                self.onlooker.frames(chunked=chunked, endless=length != -1)
        # What is left of the request may never come, or never be read.
        if not self.request_done or client.gateway.draining or client.ended:
            keep_alive = False
        if not keep_alive:
            added += b"Connection: close\r\n"
        elif not head.minor:
            added += b"Connection: keep-alive\r\n"
        self._keep_alive = keep_alive
        self._reusable = reusable
        lines = response.lines
        if response.guarded is not None or self._choice.set_cookie:
            lines = final_lines(response, self._choice, client.gateway.unsettable_cookies)
        added += self._exchange.answer_lines()
        self._pass_on(response_head(response, lines, added), data)

    def from_upstream(self, data: bytes) -> None:
        """More of the answer came."""
        self._pass_on(b"", data)

    def _pass_on(self, before: bytes, data: bytes) -> None:
        """Give the client `before` and what of the answer's body is in `data`."""
        body = self._framing
        if body.done:
            body.rest = data
        elif data:
            try:
                piece = body.feed(data)
            except BadBody:
                self._client.write(before)
                self._cut_off("garbage")
                return
            if self.onlooker is not None and not self.onlooker.add(piece):
                self.onlooker = None
            before = before + piece if before else piece
        if before:
            self._client.write(before)
        if body.done:
            if body.rest:
                self._reusable = False
            self._complete()
        elif not self._client.writing_paused:
            self._patient_for(self._choice.pool.upstream.idle_timeout)

    def _patient_for(self, seconds: float) -> None:
        deadline = monotonic() + seconds
        self._client.deadline = min(deadline, self._until) if self._until else deadline

    def from_client(self, data: bytes) -> None:
        """More of the request's body came."""
        body, connection = self._body, self._connection
        if body is None or connection is None:
            return
        try:
            piece = body.feed(data)
        except BadBody as error:
            self._cut_off(f"request: {error}")
            return
        if body.done:
            self.request_done = True
            if body.rest:
                self._client.hold(body.rest)
        if piece:
            connection.transport.write(piece)
            patience = self._choice.pool.upstream.idle_timeout
            if not body.done:
                # Who sends drop by drop runs out of time during the answer as before it.
                now = monotonic()
                patience = min(patience, body.due(now) - now)
            self._patient_for(patience)

    def client_full(self) -> None:
        """The client takes no more for now."""
        if self._connection is not None:
            self._connection.pause_reading()
        self._full_since = monotonic()
        self._patient_for(self._client.gateway.limits.body_timeout)

    def client_drained(self) -> None:
        """The client takes more again."""
        if self._connection is not None:
            self._connection.resume_reading()
        if self._full_since:
            self._held_up += monotonic() - self._full_since
            self._full_since = 0.0
        self._patient_for(self._choice.pool.upstream.idle_timeout)

    def upstream_full(self) -> None:
        """The upstream takes no more for now."""
        if not self.request_done:
            self._client.pause_reading()

    def upstream_drained(self) -> None:
        """The upstream takes more again."""
        if not self.request_done:
            self._client.resume_reading()
            if self._body is not None:
                self._body.pardon(monotonic())

    def client_ended(self) -> None:
        """The client sends no more: without the end of its request the answer has nobody to go to."""
        if not self.request_done:
            self.client_lost()

    def upstream_ended(self) -> bool:
        """The upstream sends no more, so its connection is to be closed; `upstream_lost` says what that means."""
        return False

    def client_lost(self) -> None:
        """The client is gone."""
        self._lose_onlooker("client-gone")
        self._drop_upstream()
        self._exchange.replied("client-gone")
        self._client.answered(keep=False)

    def upstream_lost(self, exc: Exception | None) -> None:
        """The upstream's connection is closed."""
        self._connection = None
        if isinstance(self._framing, UntilCloseBody) and exc is None:
            self._client.write(self._framing.end())
            self._complete()
        else:
            self._cut_off("reset")

    def ran_out_of_time(self) -> None:
        """The client's deadline has passed during the answer."""
        client = self._client
        if client.ended and self.safe:
            client.abort()
        elif self._until and monotonic() >= self._until:
            self._cut_off("client-stalled" if self._was_held_up() else "total")
        elif client.writing_paused or self._owes_more():
            client.gateway.counts.timeout("body_timeout")
            self._cut_off("client-stalled")
        else:
            self._cut_off("idle")

    def _was_held_up(self) -> bool:
        """Whether the client, taking its answer slowly, has used up most of the total time by itself."""
        now = monotonic()
        held_up = self._held_up + (now - self._full_since if self._full_since else 0.0)
        return held_up * 2 > self._choice.pool.upstream.total_timeout

    def _owes_more(self) -> bool:
        """Whether the client could go on with its request and does not: the upstream may be waiting for it."""
        return not self.request_done and self._connection is not None and not self._connection.writing_paused

    def _complete(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._reusable and self.request_done:
                self._choice.pool.give(connection)
            elif self.request_done:
                connection.close()
            else:
                connection.abort()
        self._exchange.replied("")
        pace = self._choice.pool.pace
        if pace is not None and self._exchange.asked:
            now = monotonic()
            pace.add(now - self._exchange.asked - self._held_up, now)
        if self.onlooker is not None:
            self.onlooker.delivered(self._held_up)
        self._client.answered(keep=self._keep_alive and self.request_done)

    def _cut_off(self, error: str) -> None:
        """End the client's connection without ending the answer, which was not whole."""
        self._lose_onlooker(error)
        self._drop_upstream()
        # Where only the connection's end says that an answer is whole, an orderly end would lie.
        by_close = not self._head.minor and not isinstance(self._framing, LengthBody)
        self._exchange.replied(error)
        self._client.cut_off(reset=by_close or error == "client-stalled")

    def _lose_onlooker(self, why: str) -> None:
        onlooker, self.onlooker = self.onlooker, None
        if onlooker is not None:
            onlooker.cut_off(why)

    def _drop_upstream(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()
