"""One request: sent to the upstream that was chosen, sent again where that is safe, until there is one answer to it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from strangler_proxy.answers import options_answer, own_answer
from strangler_proxy.asking import INTRODUCING, OVER, SENT, WAITING, Asking
from strangler_proxy.head import BadHead
from strangler_proxy.introduction import Introduction
from strangler_proxy.outcome import FAILED, FAILING, SUCCEEDED, UNDECIDED
from strangler_proxy.outgoing import response_head
from strangler_proxy.partial_head import PartialHead
from strangler_proxy.reply import BODILESS, Reply, final_lines, shown_lines
from strangler_proxy.response_head import ResponseHead, parse_response
from strangler_proxy.retained import RequestBody
from strangler_proxy.routes.target import has_dot_segments
from strangler_proxy.tunnel import Tunnel
from strangler_proxy.vouched import Refusal

if TYPE_CHECKING:
    from strangler_proxy.record.recorder import Recorder
    from strangler_proxy.shadow.copies import Copy
    from strangler_proxy.shadow.onlooker import Onlooker
    from strangler_proxy.shadow.plan import Plan

__all__ = ["Exchange"]

_LONGEST_HEAD: Final = 262144
# So many interim answers before the final one mean no good.
_MOST_INTERIM: Final = 32
_CONTINUE: Final = 100
# Why there is nothing to record: the answer was the proxy's own, or no answer.
_OWN: Final = "own-answer"
_UPGRADED: Final = "upgraded"
_CLIENT_CLOSED: Final = 499
# Why an answer ends early by its upstream's doing.
_UPSTREAM_CUT_OFF: Final = frozenset({"reset", "idle", "garbage", "total"})
# What is held against the one address that was asked; a connection that is reset is by the pool.
_ITS_FAULT: Final = frozenset({"timeout", "upstream-stalled", "garbage"})


class Exchange(Asking):
    """One request of one client, until its answer begins."""

    __slots__ = ()

    def begin(self, rest: bytes) -> None:
        """Start; `rest` is what came behind the head, of a request that has a body."""
        head, limits = self._head, self._gateway.limits
        if head.via is not None and any(self._gateway.pseudonym in via for via in head.via):
            self._refuse(508, "loop")
            return
        if self._gateway.refuses_dots and has_dot_segments(head.path):
            self._refuse(400, "a dot segment in the path")
            return
        if head.length:
            if limits.body_bytes and head.length > limits.body_bytes:
                self._refuse(413, "body-too-long")
                return
            self._body = RequestBody(head.length, limits, safe=self.safe)
            if self._choice.plan is not None:
                self._body.copied = self._choice.plan.keep_body(head, self._client)
            if self._gateway.recording is not None:
                self._body.recorded = self._gateway.recording.keep_body(self._choice.route, head, self._client)
            if rest:
                self.from_client(rest)
        elif head.last_hop:
            self._status = 200
            self._client.write(options_answer(self._request_id, close=not self._keep_alive))
            self._over()
            self._client.answered(keep=self._keep_alive)
            return
        if self._state == WAITING:
            wish, vouching = self._choice.wish, self._gateway.vouching
            if wish is None or vouching is None:
                self._enter()
                return
            target = self._choice.target or head.target
            self._state = INTRODUCING
            self._introduction = Introduction(
                self, self._client, vouching, wish, head, target, self._body, self._request_id
            )
            self._introduction.begin()

    def turned_away(self, refusal: Refusal) -> None:
        """The monolith has not, and this is its word for it: the candidate was never asked."""
        if self._choice.fallback:
            self._choice = self._gateway.fall_back(self._choice)
        self._error, self._status = refusal.error, refusal.status
        self._not_recorded(_OWN)
        keep = self._keep_alive and self.request_done and not self._gateway.draining
        head_only = self._head.method == b"HEAD"
        self._client.write(refusal.answer(self._request_id, close=not keep, head_only=head_only))
        self._over()
        self._client.answered(keep=keep)

    def from_upstream(self, data: bytes) -> None:
        """More of the answer came."""
        if self._state != SENT:
            return
        held = self._held
        if held is not None:
            self._answer(held, data)
            return
        try:
            self._take_head(data)
        except BadHead:
            self._failed("garbage", 502)

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
            if response.status == 101:
                self._upgrade(response, data)
                return
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                raise BadHead(502, "interim answers without end")
            if response.status == _CONTINUE and self._body is not None:
                # From now on it is the client who is waited for.
                self._told_to_continue = True
                self._body.pardon(monotonic())
                self._wait()
            if self._head.minor:
                lines = shown_lines(response, self._choice, self._gateway.unsettable_cookies)
                self._client.write(response_head(response, lines, b""))
            if not data:
                return
        if self._choice.fallback and self._may_ask_again():
            status = response.status
            if status in FAILING:
                self._failed(f"status-{status}", status)
                return
            if not data and response.length > 0 and self._head.method != b"HEAD" and status not in BODILESS:
                # While none of the body is there, nothing is promised: the monolith can still answer in its place.
                self._held = response
                return
        self._answer(response, data)

    def _answer(self, response: ResponseHead, data: bytes) -> None:
        """Let the answer begin."""
        connection = self._connection
        if connection is None:
            return
        self._held = None
        vouching = self._gateway.vouching
        if vouching is not None and not self._choice.foreign and (response.guarded is not None or not self.safe):
            # It may have been a login, a logout, or a change to what the session holds.
            vouching.forget(self._head.lines)
        self._connection = None
        self._status = response.status
        self._choice.pool.heard(self._permit, response.status)
        if response.release:
            self._gateway.counts.release(self._choice.upstream, response.release)
        reply = Reply(self._client, connection, self._choice, self._head, self._body, self, self._started)
        if self._choice.plan is not None:
            reply.onlooker = self._copy(self._choice.plan, response)
        if self._gateway.recording is not None:
            reply.onlooker = self._taken_down(self._gateway.recording, response, reply.onlooker)
        reply.begin(response, data, keep_alive=self._keep_alive)
        if self._client_gone and self._client.exchange is reply:
            # What was to be done is done. The rest of the answer may have no end, and nobody hears it.
            reply.client_lost()

    def _copy(self, plan: Plan, response: ResponseHead) -> Copy | None:
        """Where this exchange is kept for a copy of it; None where it will be none."""
        introduction = self._introduction
        return plan.capture(
            self._client,
            self._head,
            self._body,
            response,
            self._request_id,
            self._choice.target,
            b"" if introduction is None or self._choice.wish is None else introduction.request_lines,
            self.asked or self._started,
        )

    def _taken_down(self, recorder: Recorder, response: ResponseHead, other: Onlooker | None) -> Onlooker | None:
        """Who is shown the answer where this exchange is recorded, `other` with it."""
        lines = final_lines(response, self._choice, self._gateway.unsettable_cookies)
        if added := self.answer_lines():
            lines = [*lines, *added.split(b"\r\n")[:-1]]
        asked = self.asked or self._started
        return recorder.take(
            self._client,
            self._choice,
            self._head,
            self._body,
            response,
            lines,
            other,
            started=self._started,
            asked=asked,
        )

    def _not_recorded(self, cause: str) -> None:
        """Nothing comes that could be recorded."""
        if self._gateway.recording is not None:
            self._gateway.recording.miss(self._choice.route, self._head, self._client, cause)

    def _upgrade(self, response: ResponseHead, data: bytes) -> None:
        asked = {each.strip().lower() for each in self._head.upgrade.split(b",")}
        connection = self._connection
        if connection is None or not response.upgrade or response.upgrade.lower() not in asked:
            self._failed("unasked-upgrade", 502)
            return
        client = self._client
        self._status = 101
        self._not_recorded(_UPGRADED)
        self._connection = None
        # A tunnel may stay for hours: that is no request in flight any more, only a connection.
        self._choice.pool.detach(connection)
        self._leave(SUCCEEDED)
        added = b"%bUpgrade: %b\r\nConnection: Upgrade\r\n" % (self.answer_lines(), response.upgrade)
        lines = final_lines(response, self._choice, self._gateway.unsettable_cookies)
        # The tunnel first: it is told when the client or the upstream takes no more.
        client.exchange = Tunnel(client, connection, self)
        client.write(response_head(response, lines, added) + data)
        client.resume_reading()
        if held := client.take_held():
            connection.transport.write(held)

    def replied(self, why: str) -> None:
        """Who took this exchange's place is done: `why` it ended early, empty for an answer that was whole."""
        self._error = why
        counts, upstream, status = self._gateway.counts, self._choice.upstream, self._status
        if status in FAILING:
            counts.failure(upstream, f"status-{status}")
            self._leave(FAILED)
        elif not why:
            self._leave(SUCCEEDED)
            if self._fell is not None:
                self._fell.shadow.fell_back(self._fell, self._client, self._head, status)
        elif why in _UPSTREAM_CUT_OFF:
            counts.failure(upstream, why)
            self._choice.tally.broke_off(status)
            self._leave(FAILED)
        else:
            if why != "client-gone":
                counts.refusal(status, why)
            self._leave(UNDECIDED)
        self._over()

    def client_ended(self) -> None:
        """The client sends no more: without the end of its request there is nothing to answer."""
        if not self.request_done:
            self.client_lost()

    def upstream_ended(self) -> bool:
        """The upstream sends no more, so its connection is to be closed; `upstream_lost` says what that means."""
        return False

    def _may_ask_again(self) -> bool:
        """Whether asking once more cannot do anything twice: a safe request of which everything is still at hand."""
        return self.safe and not self._interim and (self._body is None or self._body.whole) and not self._client_gone

    def upstream_lost(self, exc: Exception | None) -> None:
        """The upstream's connection is closed."""
        self._connection = None
        if self._state == SENT:
            unanswered = self._partial is None and self._held is None
            if self._reused and not self._sent_again and unanswered and self._may_ask_again():
                # The upstream closed the unused connection while the request was on its way.
                self._sent_again = True
                self._gateway.counts.failure(self._choice.upstream, "stale")
                if self._span is not None:
                    self._span.failed("reset")
                self._attempt(fresh=True)
            else:
                self._failed("reset", 502)

    def ran_out_of_time(self) -> None:
        """The client's deadline has passed during this exchange."""
        client = self._client
        if client.ended and self.safe:
            client.abort()
        elif monotonic() >= self._until():
            self._out_of_all_time()
        elif self._state == INTRODUCING or (client.writing_paused and self._state == SENT):
            self._stalled()
        elif self._held is not None:
            # Its head came in time. What it waits for with the rest is the customer's matter.
            self._answer(self._held, b"")
        elif self._awaits_answer():
            self._failed("timeout", 504)
        elif self._connection is not None and self._connection.writing_paused:
            self._failed("upstream-stalled", 504)
        else:
            self._stalled()

    def _stalled(self) -> None:
        self._gateway.counts.timeout("body_timeout")
        self._refuse(408, "client-stalled")

    def _out_of_all_time(self) -> None:
        """The time that this upstream has for the whole of it is over."""
        if self._state != SENT:
            self._leave(UNDECIDED)
            self._failed("total", 504, unsent=True)
        elif self._awaits_answer():
            self._failed("total", 504)
        else:
            # The body was still coming: that is nothing to be held against the upstream.
            self._refuse(504, "total")

    def _failed(self, cause: str, status: int, *, unsent: bool = False) -> None:
        """The upstream gave no answer. Let the monolith answer where that is safe, or say so to the client."""
        if self._connection is not None and cause in _ITS_FAULT:
            self._choice.pool.blame(self._connection.endpoint)
        self._drop_upstream(FAILED)
        self._partial = self._held = None
        choice, gateway = self._choice, self._gateway
        gateway.counts.failure(choice.upstream, cause)
        if self._span is not None:
            self._span.failed(cause)
        if self._client_gone:
            self._status = _CLIENT_CLOSED
            self._over()
            self._client.answered(keep=False)
        elif choice.fallback and (unsent or self._may_ask_again()):
            self._cause = cause
            self._fell = choice.plan
            gateway.counts.fallback(choice.route, choice.upstream, cause)
            self._choice = gateway.fall_back(choice)
            self._sent_again = False
            self._enter()
        else:
            self._answer_ourselves(status, cause, keep=self._keep_alive)

    def _refuse(self, status: int, why: str) -> None:
        """Answer a request that cannot go on; what follows it on its connection is not read."""
        self._drop_upstream(UNDECIDED)
        self._gateway.counts.refusal(status, why)
        self._answer_ourselves(status, why, keep=False)

    def _answer_ourselves(self, status: int, error: str, *, keep: bool) -> None:
        """Answer in the upstream's place."""
        self._error = error
        self._status = status
        self._not_recorded(_OWN)
        keep = keep and self.request_done and not self._gateway.draining
        head_only = self._head.method == b"HEAD"
        self._client.write(own_answer(status, self._request_id, close=not keep, head_only=head_only))
        self._over()
        self._client.answered(keep=keep)

    def client_lost(self) -> None:
        """The client is gone. Safe work stops; what may already have been done is waited for, and told to nobody.

        Told a second time, it is waited for no longer.
        """
        if self._state == OVER:
            return
        waited, self._client_gone = self._client_gone, True
        if not waited and self._state == SENT and self.request_done and not self.safe:
            return
        self._status = self._status or _CLIENT_CLOSED
        self._error = "client-gone"
        self._drop_upstream(UNDECIDED)
        self._over()
        self._client.answered(keep=False)

    def _over(self) -> None:
        """Count and log, once."""
        self._state = OVER
        choice, status, head = self._choice, self._status, self._head
        if self._body is not None:
            self._body.release()
        seconds = monotonic() - self._started
        choice.tally.add(status, seconds)
        if self._span is not None:
            self._span.end(choice.tally, status, self._error, self._cause)
        word = self._error
        if not word and status in FAILING:
            word = f"status-{status}"
        elif not word and self._sent_again:
            word = "sent-again"
        self._gateway.log.add(
            head.method, head.path, status, choice.label, seconds, self._request_id, self._cause, word
        )
