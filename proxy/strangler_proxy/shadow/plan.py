"""What becomes of the copies of one route's exchanges, in one stage and where one side answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from zlib import crc32

from strangler.evidence import Missed
from strangler.shadow import SHADOW_HEADER
from strangler.toggles import BUCKETS, Side, Stage
from strangler_proxy.config import Route
from strangler_proxy.outgoing import without_guarded
from strangler_proxy.request_head import RequestHead
from strangler_proxy.response_head import ResponseHead
from strangler_proxy.shadow.copies import Copy
from strangler_proxy.shadow.kept import Kept
from strangler_proxy.shadow.ledger import SHARDS
from strangler_proxy.shadow.shapes import Shapes
from strangler_proxy.wish import Wish

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection
    from strangler_proxy.retained import RequestBody
    from strangler_proxy.shadow.lane import Lane
    from strangler_proxy.shadow.ledger import Place
    from strangler_proxy.shadow.shadow import Shadow

__all__ = ["Plan"]

_SAFE: Final = frozenset({b"GET", b"HEAD", b"OPTIONS"})
_SKIP: Final = Missed.SKIP.value
_TOO_LONG: Final = Missed.TOO_LONG.value
_STREAMING: Final = Missed.STREAMING.value
_CONDITIONAL: Final = Missed.CONDITIONAL.value
_RANGE: Final = Missed.RANGE.value
_SESSION: Final = Missed.SESSION.value
_BYTES: Final = Missed.BYTES.value
_BY_CONDITION: Final = frozenset({304, 412})
_BY_RANGE: Final = frozenset({206, 416})
_STREAM: Final = b"text/event-stream"


class Plan:
    """Made once for a route, a stage and an answering side, and shared by all exchanges that it fits.

    `candidate_answers` says who gives the customer its answer; the other side is asked in `lane`. `foreign` says that
    the candidate is outside the monolith's trust domain, `wish` what it is to be told of the client, None for nothing.
    `rewrite` gives the target that the candidate is asked for, None where that is the one that came. `release` is the
    candidate's where it does not report one. `strategy` is the one for unsafe methods, empty where their copies are not
    sent; `marks` has for it, and for reads, the line that marks a copy.

    `template` is what all its requests are counted under, empty where that depends on the path, and `shard` the batch
    that they are counted in. `copied` counts the copies that were sent and `agreed` the pairs that agreed, for ever.
    """

    __slots__ = (
        "_everybody",
        "_threshold",
        "agreed",
        "candidate_answers",
        "copied",
        "foreign",
        "lane",
        "marks",
        "places",
        "release",
        "rewrite",
        "route",
        "shadow",
        "shapes",
        "shard",
        "stage",
        "strategy",
        "template",
        "wish",
    )

    def __init__(
        self,
        shadow: Shadow,
        route: Route,
        stage: Stage,
        answering: Side,
        lane: Lane,
        *,
        foreign: bool,
        wish: Wish | None,
        rewrite: Callable[[RequestHead], bytes] | None,
        release: str,
    ) -> None:
        self.shadow = shadow
        self.route: str = route.name
        self.stage: str = stage.value
        self.candidate_answers: bool = answering is Side.CANDIDATE
        self.lane = lane
        self.foreign: bool = foreign
        self.wish: Wish | None = None if self.candidate_answers else wish
        self.rewrite = rewrite
        self.release: str = release
        self.strategy: str = route.writes if stage is Stage.SHADOW and route.writes != "skip" else ""
        self.marks: dict[bool, bytes] = {
            True: f"{SHADOW_HEADER}: read".encode(),
            False: f"{SHADOW_HEADER}: {self.strategy}".encode(),
        }
        sample = shadow.settings.sample if route.sample is None else route.sample
        self._threshold: int = round(sample * BUCKETS)
        self._everybody: bool = self._threshold >= BUCKETS
        self.shapes = Shapes(route.path)
        self.template: str = self.shapes.constant
        self.shard: int = crc32(route.name.encode()) % SHARDS
        self.copied: int = 0
        self.agreed: int = 0
        # Where pairs are counted, by what they are counted by; forgotten with each telling.
        self.places: dict[tuple[str, str, str, bytes, int], Place] = {}

    def template_of(self, head: RequestHead) -> str:
        """What a request is counted under."""
        return self.template or self.shapes.of(head.path)

    @property
    def answering(self) -> str:
        """The side that gives the customer its answer, as evidence has it."""
        return "candidate" if self.candidate_answers else "monolith"

    def sampled(self, head: RequestHead, client: ClientConnection) -> bool:
        """Whether this customer's requests are copied."""
        if self._everybody:
            return True
        return self.shadow.visitors.bucket(head, client.peer.lines(head)) < self._threshold

    def keep_body(self, head: RequestHead, client: ClientConnection) -> Kept | None:
        """Where the request's body is to be kept as it passes; None where there will be no copy of it. Never raises."""
        try:
            if not self.sampled(head, client) or (head.method not in _SAFE and not self.strategy):
                return None
            return Kept(self.shadow.held, self.shadow.settings.body_bytes)
        except Exception as error:
            self.lane.report("a request could not be kept for a copy", error)
            return None

    def capture(
        self,
        client: ClientConnection,
        head: RequestHead,
        body: RequestBody | None,
        response: ResponseHead,
        request_id: bytes,
        target: bytes,
        identity: bytes,
        asked: float,
    ) -> Copy | None:
        """Begin to keep the exchange whose final answer begins; None where it becomes no copy, which is counted. Never
        raises: whatever is wrong with a copy, the customer has its answer."""
        try:
            return self._capture(client, head, body, response, request_id, target, identity, asked)
        except Exception as error:
            self.lane.report("an exchange could not be kept for a copy", error)
            return None

    def _capture(
        self,
        client: ClientConnection,
        head: RequestHead,
        body: RequestBody | None,
        response: ResponseHead,
        request_id: bytes,
        target: bytes,
        identity: bytes,
        asked: float,
    ) -> Copy | None:
        kept: Kept | None = None
        if body is not None:
            kept, body.copied = body.copied, None
        if kept is None and not self.sampled(head, client):
            return None
        cause = self._why_not(head, body, kept, response)
        if cause:
            if kept is not None:
                kept.release()
            self.shadow.missed(self, cause)
            return None
        lines = response.lines
        if self.candidate_answers and self.foreign and response.guarded is not None:
            lines = without_guarded(lines, response.guarded, self.shadow.unsettable)
        copy = Copy(
            self, client, head, kept, request_id, target, identity, response.status, lines, response.release, asked
        )
        if self.shadow.held.bytes > self.shadow.held.most:
            copy.drop(_BYTES)
            return None
        return copy

    def _why_not(self, head: RequestHead, body: RequestBody | None, kept: Kept | None, response: ResponseHead) -> str:
        safe = head.method in _SAFE
        if head.overridden if safe else not self.strategy:
            # A copy of a GET that is one of a DELETE would not even be marked as a write.
            return _SKIP
        if kept is not None and kept.why:
            return kept.why
        if body is not None and not body.done:
            # Answered before it was asked: the other side would have to know where to stop.
            return _STREAMING
        shown = response.guarded is not None and not (self.candidate_answers and self.foreign)
        if shown and self.shadow.moves_session(head, response, safe=safe):
            return _SESSION
        if head.conditions is not None:
            if response.status in _BY_CONDITION:
                return _CONDITIONAL
            if response.status in _BY_RANGE:
                return _RANGE
        if response.length > self.shadow.settings.body_bytes and head.method != b"HEAD":
            return _TOO_LONG
        if response.length < 0 and any(_STREAM in line.lower() for line in response.lines if line[:1] in b"cC"):
            return _STREAMING
        return ""
