"""Recording in one worker: which exchanges are taken down, and how they get to the comparer that writes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from strangler.evidence import Missed, subject_hash
from strangler_proxy.choice import Choice
from strangler_proxy.config import ShadowSettings
from strangler_proxy.record.order import UNROUTED, Order
from strangler_proxy.record.taken import Taken
from strangler_proxy.request_head import RequestHead
from strangler_proxy.response_head import ResponseHead
from strangler_proxy.retained import RequestBody
from strangler_proxy.shadow.frame import pack_passed
from strangler_proxy.shadow.kept import Held, Kept
from strangler_proxy.shadow.onlooker import Onlooker
from strangler_proxy.shadow.outlet import Way
from strangler_proxy.shadow.visitors import Visitors

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection

__all__ = ["Recorder"]

_QUEUE_FULL: Final = Missed.QUEUE_FULL.value
_BYTES: Final = Missed.BYTES.value
_TOO_LONG: Final = Missed.TOO_LONG.value
_STREAMING: Final = Missed.STREAMING.value
_CLIENT_GONE: Final = Missed.CLIENT_GONE.value
# Its body was under way already when the recording began; it was not over when that was.
_BEGUN: Final = "begun"
_ENDED: Final = "ended"
# Its client was not drawn.
_SAMPLE: Final = "sample"
_SPACE: Final = 2**64
_USER_AGENT: Final = b"user-agent:"
_STREAM: Final = b"text/event-stream"


class Recorder:
    """Takes down what one worker passes, as long as there is an order, and tells the comparer at `path` once the
    customer has the whole answer. `visitors` know who asks; `routes` are the names of all routes.

    It has the bounds of copies, and holds its own bytes (`held`) beside theirs. `bodies` says whether these are wanted,
    `most_bytes` how long one may be. `missed_by` counts for ever, by cause, what was not recorded.
    """

    __slots__ = (
        "_chosen",
        "_deadline",
        "_delivering",
        "_fresh",
        "_loop",
        "_most_waiting",
        "_order",
        "_path",
        "_routes",
        "_settling",
        "_threshold",
        "_visitors",
        "_waiting",
        "_way",
        "bodies",
        "held",
        "missed_by",
        "most_bytes",
    )

    def __init__(
        self,
        visitors: Visitors,
        settings: ShadowSettings,
        routes: Sequence[str],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.held = Held(settings.bytes)
        self.most_bytes: int = settings.body_bytes
        self.missed_by: dict[str, int] = {}
        self.bodies: bool = True
        self._visitors = visitors
        self._routes = routes
        self._loop = loop
        self._most_waiting: int = settings.queue
        self._path: Path | None = None
        self._way: Way | None = None
        self._order: str = ""
        self._chosen: frozenset[str] = frozenset()
        self._threshold: int = _SPACE
        self._deadline: float = 0.0
        # Answers just given; those that their customers have not wholly taken; those that the comparer has no room for.
        self._fresh: list[Taken] = []
        self._delivering: list[Taken] = []
        self._waiting: deque[Taken] = deque()
        self._settling: bool = False

    # What is wanted.

    def tell(self, path: Path) -> None:
        """From the next order on, the comparer that listens at `path` is told."""
        self._path = path

    def begin(self, order: Order) -> None:
        """Take down what `order` wants, until it is over; what was wanted before is over."""
        if order.id == self._order:
            return
        self.end()
        if self._path is None:
            return
        self._order = order.id
        self._chosen = order.chosen(self._routes)
        self._threshold = round(order.sample * _SPACE)
        self.bodies = order.bodies
        now = monotonic()
        self._deadline = now + order.seconds
        way = self._way = Way(self._path, self._loop, "what is recorded waits, and is dropped")
        way.tick(now)

    def end(self) -> None:
        """Take down nothing any more: tell what waits, as far as there is room for it."""
        self._order = ""
        self._settle()
        for taken in [*self._delivering, *self._waiting]:
            taken.drop(_ENDED)
        self._delivering = []
        self._waiting.clear()
        if self._way is not None:
            self._way.close()
            self._way = None

    # What passes.

    def keep_body(self, route: str, head: RequestHead, client: ClientConnection) -> Kept | None:
        """Where the request's body is to be kept as it passes; None where it is not."""
        if not self.bodies or not self._drawn(self._mark(route, head, client)):
            return None
        return Kept(self.held, self.most_bytes)

    def take(
        self,
        client: ClientConnection,
        choice: Choice,
        head: RequestHead,
        body: RequestBody | None,
        response: ResponseHead,
        lines: list[bytes],
        other: Onlooker | None,
        *,
        started: float,
        asked: float,
    ) -> Onlooker | None:
        """Who is to be shown the answer that begins with `lines`: `other` alone, where this is not recorded."""
        kept: Kept | None = None
        if body is not None:
            kept, body.recorded = body.recorded, None
        mark = self._mark(choice.route, head, client)
        cause = self._why_not(mark, head, body, kept, response)
        if cause or not mark:
            if kept is not None:
                kept.release()
            if cause:
                self.missed(cause)
            return other
        return Taken(
            self,
            client,
            head,
            kept,
            other,
            order=self._order,
            mark=mark,
            route="" if choice.route == UNROUTED else choice.route,
            candidate=choice.side == "candidate",
            status=response.status,
            lines=lines,
            started=started,
            asked=asked,
        )

    def miss(self, route: str, head: RequestHead, client: ClientConnection, cause: str) -> None:
        """Of an exchange that would have been recorded there is no answer of an upstream."""
        if self._drawn(self._mark(route, head, client)):
            self.missed(cause)

    def missed(self, cause: str) -> None:
        """An exchange was not recorded."""
        self.missed_by[cause] = self.missed_by.get(cause, 0) + 1

    def _mark(self, route: str, head: RequestHead, client: ClientConnection) -> str:
        """Who asks, as a keyed hash: the subject, else whoever has that address and that browser; empty where the route
        is not recorded."""
        if route not in self._chosen:
            return ""
        mark = self._visitors.mark(head)
        if mark:
            return mark
        browser = b""
        for line in head.came:
            if line[:11].lower() == _USER_AGENT:
                browser = line
        told = client.peer.lines(head) + browser
        return subject_hash(self._visitors.key, told.decode("latin-1"))

    def _drawn(self, mark: str) -> bool:
        return bool(mark) and (self._threshold >= _SPACE or int(mark, 16) < self._threshold)

    def _why_not(
        self, mark: str, head: RequestHead, body: RequestBody | None, kept: Kept | None, response: ResponseHead
    ) -> str:
        """Why an exchange is not recorded; empty where it is, and where it is not wanted."""
        if not mark:
            return ""
        if not self._drawn(mark):
            return _SAMPLE
        if self.held.bytes > self.held.most:
            return _BYTES
        if not self.bodies:
            return ""
        if body is not None:
            if not body.done:
                return _STREAMING
            if kept is None:
                return _BEGUN
            if kept.why:
                return kept.why
        if response.length > self.most_bytes and head.method != b"HEAD":
            return _TOO_LONG
        if response.length < 0 and any(_STREAM in line.lower() for line in response.lines if line[:1] in b"cC"):
            return _STREAMING
        return ""

    # What goes out.

    def offer(self, taken: Taken) -> None:
        """A customer was given its answer. It is looked at when the event loop has come round: then it is sent."""
        if taken.order != self._order:
            taken.drop(_ENDED)
            return
        self._fresh.append(taken)
        if not self._settling:
            self._settling = True
            self._loop.call_soon(self._settle)

    def _settle(self) -> None:
        self._settling = False
        fresh, self._fresh = self._fresh, []
        for taken in fresh:
            self._deliver(taken)
        self._pump()

    def _deliver(self, taken: Taken) -> None:
        if taken.client.broken:
            taken.drop(_CLIENT_GONE)
        elif len(self._delivering) + len(self._waiting) >= self._most_waiting:
            taken.drop(_QUEUE_FULL)
        elif taken.client.has_unsent():
            self._delivering.append(taken)
        else:
            self._waiting.append(taken)

    def _pump(self) -> None:
        """Tell the comparer what waits, as far as it has room."""
        way = self._way
        while way is not None and self._waiting and way.has_room():
            if not way.send(pack_passed(self._waiting[0].passed())):
                return
            self._waiting.popleft().release()

    def tick(self, now: float) -> bool:
        """What is due: called every tenth of a second while there is an order. False once its time is over."""
        if not self._order or now >= self._deadline:
            self.end()
            return False
        if self._way is not None:
            self._way.tick(now)
        if self._delivering:
            delivering, self._delivering = self._delivering, []
            for taken in delivering:
                self._deliver(taken)
        self._pump()
        return True
