"""A copy: the other side is asked what the customer was answered already, and both answers are held together."""

from __future__ import annotations

import time
from time import monotonic
from typing import TYPE_CHECKING, Final

from strangler.evidence import Missed
from strangler_proxy.outgoing import without_private_cookies
from strangler_proxy.shadow.capture import Capture
from strangler_proxy.shadow.errand import AGAIN, OTHER, SECOND, Errand
from strangler_proxy.shadow.frame import Side, Unequal
from strangler_proxy.shadow.same import same_lines
from strangler_proxy.vouched import Refusal, Vouched

if TYPE_CHECKING:
    from strangler_proxy.shadow.lane import Lane
    from strangler_proxy.shadow.ledger import Place
    from strangler_proxy.vouch_question import Pending

__all__ = ["Copy"]

_SAFE: Final = frozenset({b"GET", b"HEAD", b"OPTIONS"})
_NO_ANSWER: Final = Missed.NO_ANSWER.value
_DRAINING: Final = Missed.DRAINING.value
_FAULT: Final = Missed.FAULT.value
# Words of an errand that are causes themselves.
_CAUSES: Final = frozenset({Missed.BREAKER_OPEN.value, Missed.TOO_LONG.value, Missed.BYTES.value})
# And those that say that the other side had the request, and failed.
_FAILED: Final = frozenset({"garbage", "reset", "timeout"})
_CHUNKED: Final = b"Transfer-Encoding: chunked"


class Copy(Capture):
    """One exchange of a customer, from when its answer begins until the other side's has been held against it.

    Once its turn has come it holds a place in its plan's lane, and gives it back exactly once. `group` is from then on
    the first configured group that the customer belongs to, else whether it came as somebody, as far as cookies say:
    `anonymous` or `credentials`.
    """

    __slots__ = (
        "_again",
        "_body",
        "_ended",
        "_errand",
        "_known",
        "_pending",
        "_public",
        "_safe",
        "_second",
        "_until",
        "group",
        "place",
    )

    _pending: Pending | None
    _errand: Errand | None
    _second: Errand | None
    _again: Errand | None
    # Whether it came with a private cookie.
    _known: bool
    # The request's lines without the private cookies.
    _public: list[bytes]
    group: str
    # Where it is counted, once both sides have answered.
    place: Place | None

    def delivered(self, held_up: float) -> None:
        """The customer has been given the whole of it; so long the customer itself has kept it waiting."""
        self.seconds = max(monotonic() - self.asked - held_up, 0.0)
        self.at = time.time()
        self.plan.shadow.offer(self)

    def begin(self) -> None:
        """The turn has come: find out who asks, where the candidate is to know, and ask."""
        plan = self.plan
        shadow = plan.shadow
        shadow.waiting -= 1
        plan.lane.under_way += 1
        self.place = None
        self._ended = False
        self._pending = None
        self._errand = self._second = self._again = None
        self._safe = self.head.method in _SAFE
        self._body = self.sent_body()
        head = self.head
        public = head.lines
        if head.cookies is not None:
            public = without_private_cookies(public, head.cookies, shadow.private)
        self._public = public
        self._known = public is not head.lines
        self.group = shadow.group_of(head, self.peer) or ("credentials" if self._known else "anonymous")
        self._until = monotonic() + shadow.settings.timeout
        wish, vouching = plan.wish, shadow.vouching
        if wish is None or vouching is None:
            self._send(b"")
            return
        needed = vouching.body_needed(head) if self._body else 0
        self._pending = vouching.vouch(
            wish,
            head,
            target=self.candidate_target(),
            forwarded=self.peer.lines(head),
            body=self._body[:needed],
            request_id=self.request_id,
            done=self._introduced,
        )
        if self._pending is not None:
            shadow.introducing.add(self)

    def _introduced(self, result: Vouched | Refusal) -> None:
        self._pending = None
        self.plan.shadow.introducing.discard(self)
        if isinstance(result, Vouched):
            self.identity = result.lines
            try:
                self._send(result.lines)
            except Exception as error:
                # Whoever brings the word would be held up by it, and the place in the lane be taken for ever.
                self.plan.lane.report("a copy could not be sent", error)
                self.abandon(_FAULT)
            return
        # Whatever the monolith says instead, the candidate would never have been asked.
        self.plan.shadow.ledger.unidentified(self)
        self._end()

    def _send(self, identity: bytes) -> None:
        plan, head = self.plan, self.head
        to_candidate = not plan.candidate_answers
        request = self._request(
            plan.lane, self.lines_for(candidate=to_candidate), self.target_for(candidate=to_candidate), identity
        )
        errand = self._errand = self._errand_to(plan.lane, OTHER, request)
        second = plan.shadow.second
        if second is not None and self._safe and second.has_room() and not second.refuses(monotonic()):
            self._second = self._errand_to(
                second, SECOND, self._request(second, self.lines_for(candidate=False), head.target, b"")
            )
            second.under_way += 1
            self._second.begin()
        plan.copied += 1
        errand.begin()

    def _errand_to(self, lane: Lane, kind: int, request: bytes) -> Errand:
        shadow = self.plan.shadow
        return Errand(
            self,
            kind,
            lane,
            request,
            shadow.held,
            most=shadow.settings.body_bytes,
            until=self._until,
            safe=self._safe,
            head_only=self.head.method == b"HEAD",
        )

    # What is sent.

    def candidate_target(self) -> bytes:
        """What the candidate is, or was, asked for."""
        if self.plan.candidate_answers or self.plan.rewrite is None:
            return self.target or self.head.target
        return self.plan.rewrite(self.head)

    def target_for(self, *, candidate: bool) -> bytes:
        """What a side is asked for."""
        return self.candidate_target() if candidate else self.head.target

    def lines_for(self, *, candidate: bool) -> list[bytes]:
        """The request's own lines as a side is sent them: without conditions, framed by a length."""
        head = self.head
        lines = self._public if candidate and self.plan.foreign else head.lines
        if head.conditions is not None:
            conditions = [head.lines[index] for index in head.conditions]
            lines = [line for line in lines if line not in conditions]
        if head.expects_continue:
            lines = [line for line in lines if line[:7].lower() != b"expect:"]
        if head.length < 0:
            length = b"Content-Length: %d" % len(self._body)
            lines = [length if line == _CHUNKED else line for line in lines]
        return lines

    def _request(self, lane: Lane, lines: list[bytes], target: bytes, identity: bytes) -> bytes:
        head = self.head
        return b"%b %b HTTP/1.1\r\n%b\r\n%b%b\r\n\r\n%b" % (
            head.method,
            target,
            b"\r\n".join(lines),
            self._added(identity) + lane.pool.proxied,
            self.plan.marks[self._safe],
            self._body,
        )

    def _added(self, identity: bytes) -> bytes:
        """What is told of the client, in whole lines."""
        added = self.peer.lines(self.head) + identity
        return added if self.head.request_id else b"%bX-Request-Id: %b\r\n" % (added, self.request_id)

    # What came of it.

    def returned(self, errand: Errand) -> None:
        """An errand is over."""
        if errand.kind == OTHER:
            second = self._second
            if errand.why:
                self._unanswered(errand.why)
            elif second is None or second.over:
                self._judge(errand)
        elif errand.kind == SECOND:
            self._leave_second()
            other = self._errand
            if other is not None and other.over and not other.why and not self._ended:
                self._judge(other)
        else:
            self._asked_again(errand)

    def _leave_second(self) -> None:
        lane = self.plan.shadow.second
        if lane is not None:
            lane.leave()

    def _unanswered(self, why: str) -> None:
        second = self._second
        if second is not None and not second.over:
            second.cancel()
            self._leave_second()
        if why in _FAILED and not self.plan.candidate_answers:
            # A customer would have been failed, too: what a candidate dies of is not to be missing from the verdict.
            self.plan.shadow.ledger.failed(self)
        else:
            self.plan.shadow.missed(self.plan, why if why in _CAUSES else _NO_ANSWER)
        self._end()

    def _judge(self, errand: Errand) -> None:
        """Both answers are there."""
        plan = self.plan
        shadow = plan.shadow
        response = errand.response
        if response is None:
            return
        lines = response.lines
        if not plan.candidate_answers:
            self.release = response.release
            if plan.foreign and response.guarded is not None:
                lines = shadow.shown(response)
        shadow.ledger.observed(self, errand.seconds)
        body = self.answer_body()
        if response.status != self.status or errand.body != body or not same_lines(self.lines, lines):
            again = self._second if self._second is not None and not self._second.why else None
            if not shadow.tell(self._unequal(body, lines, errand, again)):
                shadow.missed(plan, Missed.COMPARER_FULL.value)
            self._end()
            return
        shadow.ledger.agreed(self)
        if self._second is not None and not self._second.why:
            self._note_repeat(self._second)
            self._end()
        elif not (self._safe and shadow.wants_again() and self._ask_again()):
            self._end()

    def _ask_again(self) -> bool:
        """Ask the monolith once more, if it has room for that."""
        lane = self.plan.shadow.monolith
        # A copy that is asked there holds a place already, and makes room by leaving.
        if lane is not self.plan.lane and not lane.has_room():
            return False
        now = monotonic()
        if lane.refuses(now):
            return False
        self._until = now + self.plan.shadow.settings.timeout
        request = self._request(lane, self.lines_for(candidate=False), self.head.target, b"")
        self._again = self._errand_to(lane, AGAIN, request)
        if lane is not self.plan.lane:
            lane.under_way += 1
            self._leave_lane()
        self._again.begin()
        return True

    def _asked_again(self, errand: Errand) -> None:
        if not errand.why:
            self._note_repeat(errand)
        self._end()

    def _note_repeat(self, repeat: Errand) -> None:
        """The monolith, or its second instance, has answered the same request again."""
        response = repeat.response
        if response is None:
            return
        old = self._monoliths(repeat)
        changed = response.status != old[0] or repeat.body != old[2] or not same_lines(old[1], response.lines)
        self.plan.shadow.ledger.repeated(self, repeat.seconds, changed=changed, later=repeat.kind == AGAIN)
        repeat.release()

    def _monoliths(self, repeat: Errand) -> tuple[int, list[bytes], bytes]:
        """The monolith's own answer: status, lines and body."""
        if not self.plan.candidate_answers:
            return self.status, self.lines, self.answer_body()
        errand = self._errand
        if errand is None or errand.response is None:
            return 0, [], b""
        return errand.response.status, errand.response.lines, errand.body

    def _unequal(self, body: bytes, lines: list[bytes], errand: Errand, again: Errand | None) -> Unequal:
        plan = self.plan
        answered = Side(status=self.status, lines=self.lines, body=body, seconds=self.seconds)
        other = _side(errand, lines)
        return Unequal(
            route=plan.route,
            template=plan.template_of(self.head),
            stage=plan.stage,
            answering=plan.answering,
            group=self.group,
            method=self.head.method.decode("ascii"),
            target=self.head.target,
            candidate_target=self.candidate_target(),
            request_lines=[*self.lines_for(candidate=False), *_split(self._added(b""))],
            candidate_lines=[*self.lines_for(candidate=True), *_split(self._added(self.identity))],
            request_body=self._body,
            strategy="" if self._safe else plan.strategy,
            subject=plan.shadow.visitors.mark(self.head),
            release=plan.shadow.ledger.release_of(self),
            old=other if plan.candidate_answers else answered,
            new=answered if plan.candidate_answers else other,
            again=None if again is None or again.response is None else _side(again, again.response.lines),
            withheld=self._withholds(),
            at=self.at,
        )

    def old_status(self) -> int:
        """The status of the monolith's answer; of one that has not come yet, the customer's."""
        if self.plan.candidate_answers and self._errand is not None and self._errand.response is not None:
            return self._errand.response.status
        return self.status

    def _withholds(self) -> bool:
        """Whether the other side was not told all that the customer said of itself."""
        plan = self.plan
        return plan.foreign and not plan.candidate_answers and self._known and not self.identity

    # Its end.

    def abandon(self, cause: str) -> None:
        """Nobody wants to know any more."""
        if self._ended:
            return
        judged = self._again is not None
        pending, self._pending = self._pending, None
        if pending is not None:
            self.plan.shadow.introducing.discard(self)
            pending.cancel()
        for errand in (self._errand, self._again):
            if errand is not None:
                errand.cancel()
        if self._second is not None and not self._second.over:
            self._second.cancel()
            self._leave_second()
        if not judged:
            self.plan.shadow.missed(self.plan, cause)
        self._end()

    def _leave_lane(self) -> None:
        self.plan.lane.leave()

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        for errand in (self._errand, self._second, self._again):
            if errand is not None:
                errand.release()
        again = self._again
        self._errand = self._second = self._again = None
        self.release_all()
        if again is not None and self.plan.lane is not self.plan.shadow.monolith:
            self.plan.shadow.monolith.leave()
        else:
            self._leave_lane()


def _side(errand: Errand, lines: list[bytes]) -> Side:
    status = 0 if errand.response is None else errand.response.status
    return Side(status=status, lines=lines, body=errand.body, seconds=errand.seconds)


def _split(lines: bytes) -> list[bytes]:
    return lines.split(b"\r\n")[:-1]
