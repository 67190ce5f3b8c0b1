"""Live shadow in one worker: what is kept, what waits, whom it goes to, and what is counted."""

from __future__ import annotations

import asyncio
import random
import time
from time import monotonic
from typing import TYPE_CHECKING, Final

from strangler.evidence import Batch, Missed
from strangler_proxy.config import Config
from strangler_proxy.membership import Membership
from strangler_proxy.outgoing import without_guarded
from strangler_proxy.request_head import RequestHead
from strangler_proxy.response_head import ResponseHead
from strangler_proxy.shadow.kept import Held
from strangler_proxy.shadow.lane import Lane
from strangler_proxy.shadow.ledger import Ledger
from strangler_proxy.shadow.visitors import Visitors
from strangler_proxy.subject import Subjects

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection
    from strangler_proxy.peer import Peer
    from strangler_proxy.shadow.copies import Copy
    from strangler_proxy.shadow.frame import Unequal
    from strangler_proxy.shadow.outlet import Outlet
    from strangler_proxy.shadow.plan import Plan
    from strangler_proxy.vouching import Vouching

__all__ = ["Shadow"]

_QUEUE_FULL: Final = Missed.QUEUE_FULL.value
_BYTES: Final = Missed.BYTES.value
_DRAINING: Final = Missed.DRAINING.value
_CLIENT_GONE: Final = Missed.CLIENT_GONE.value
_FAULT: Final = Missed.FAULT.value


class Shadow:
    """The copies of one worker.

    `private` are the monolith's own cookies, `unsettable` those that no other upstream may set. `outlet` leads to the
    comparers; without one nothing unequal can be compared. `vouching` asks the monolith on behalf of copies, over their
    own connections. `waiting` counts the copies that wait, `held` what all of them hold; `introducing` are those that
    wait for the monolith's word. `plans` are all that were made, `missed_by` counts for ever, by route and cause.
    """

    __slots__ = (
        "_config",
        "_delivering",
        "_draining",
        "_fresh",
        "_lanes",
        "_loop",
        "_membership",
        "_settling",
        "held",
        "introducing",
        "ledger",
        "missed_by",
        "monolith",
        "outlet",
        "plans",
        "private",
        "second",
        "settings",
        "unsettable",
        "visitors",
        "vouching",
        "waiting",
    )

    def __init__(
        self,
        config: Config,
        subjects: Subjects,
        loop: asyncio.AbstractEventLoop,
        *,
        private: frozenset[bytes],
        unsettable: frozenset[bytes],
    ) -> None:
        self.settings = config.shadow
        self.private = private
        self.unsettable = unsettable
        self.visitors = Visitors(subjects)
        self._membership = Membership(config.groups) if config.groups else None
        self.held = Held(config.shadow.bytes)
        self.ledger = Ledger(config.rules.revision, self.visitors)
        self.outlet: Outlet | None = None
        self.vouching: Vouching | None = None
        self.waiting: int = 0
        self.introducing: set[Copy] = set()
        self.plans: list[Plan] = []
        self.missed_by: dict[tuple[str, str], int] = {}
        self._config = config
        self._loop = loop
        self._lanes: dict[str, Lane] = {}
        self.monolith = self.lane(config.monolith)
        self.second: Lane | None = self.lane(config.shadow.second) if config.shadow.second else None
        # Answers just given, and those that their customers have not wholly taken yet.
        self._fresh: list[Copy] = []
        self._delivering: list[Copy] = []
        self._settling: bool = False
        self._draining: bool = False

    @property
    def lanes(self) -> list[Lane]:
        """Those that copies may go to now."""
        return [lane for lane in self._lanes.values() if lane.opened]

    def lane(self, upstream: str) -> Lane:
        """The lane to an upstream, which may have to be opened."""
        lane = self._lanes.get(upstream)
        if lane is None:
            lane = self._lanes[upstream] = Lane(self._config.upstreams[upstream], self.settings, self._loop)
        return lane

    def open_lanes(self, wanted: set[str]) -> None:
        """From now on these upstreams are asked, and no others but the monolith and its second instance with them."""
        names = set(wanted)
        if wanted:
            names.add(self.monolith.name)
            if self.second is not None:
                names.add(self.second.name)
        for name in names:
            self.lane(name).open()
        for name, lane in self._lanes.items():
            if name not in names and lane.opened:
                self._clear(lane)
                for copy in [copy for copy in self.introducing if copy.plan.lane is lane]:
                    copy.abandon(_DRAINING)
                for errand in list(lane.errands):
                    errand.sender.abandon(_DRAINING)
                lane.close()

    # What comes in.

    def offer(self, copy: Copy) -> None:
        """A customer was given its answer. It is looked at when the event loop has come round: then it is sent."""
        self._fresh.append(copy)
        if not self._settling:
            self._settling = True
            self._loop.call_soon(self._settle)

    def _settle(self) -> None:
        self._settling = False
        fresh, self._fresh = self._fresh, []
        for copy in fresh:
            self._deliver(copy)

    def _deliver(self, copy: Copy) -> None:
        try:
            if copy.client.broken:
                copy.drop(_CLIENT_GONE)
            elif copy.client.has_unsent():
                self._delivering.append(copy)
            else:
                self._take_in(copy)
        except Exception as error:
            # Those that come after it would be lost too, with what they hold.
            copy.plan.lane.report("a copy could not be taken in", error)
            copy.drop(_FAULT)

    def _take_in(self, copy: Copy) -> None:
        lane = copy.plan.lane
        cause = ""
        if self._draining or not lane.opened:
            cause = _DRAINING
        elif self.waiting >= self.settings.queue and not lane.has_room():
            cause = _QUEUE_FULL
        elif self.held.bytes > self.held.most:
            cause = _BYTES
        else:
            now = monotonic()
            cause = lane.refuses(now)
            if not cause and copy.plan.wish is not None and not self.monolith.pace.admits(now):
                # Vouching is the monolith's work too.
                cause = Missed.SLOWED.value
        if cause:
            copy.drop(cause)
            return
        lane.waiting.append(copy)
        self.waiting += 1
        lane.pump()

    # What goes out, and what becomes of it.

    def missed(self, plan: Plan, cause: str) -> None:
        """A sampled exchange became no pair."""
        key = (plan.route, cause)
        self.missed_by[key] = self.missed_by.get(key, 0) + 1
        self.ledger.missed(plan, cause)

    def fell_back(self, plan: Plan, client: ClientConnection, head: RequestHead, status: int) -> None:
        """The candidate failed, and the monolith gave the customer its answer. Never raises."""
        try:
            if plan.sampled(head, client):
                self.ledger.fell_back(plan, head.method, head.path, status, time.time())
        except Exception as error:
            plan.lane.report("a fallback could not be counted", error)

    def tell(self, unequal: Unequal) -> bool:
        """Let a comparer look at it; False where none can."""
        return self.outlet is not None and self.outlet.tell(unequal)

    def wants_again(self) -> bool:
        """Whether the monolith is to be asked once more although both sides agree."""
        share = self.settings.recheck
        return share > 0.0 and random.random() < share  # noqa: S311 - no secret

    def shown(self, response: ResponseHead) -> list[bytes]:
        """The header lines of a foreign candidate's answer that a customer would see."""
        return (
            response.lines
            if response.guarded is None
            else without_guarded(response.lines, response.guarded, self.unsettable)
        )

    def group_of(self, head: RequestHead, peer: Peer) -> str:
        """The first configured group that whoever asks belongs to; empty for none."""
        if self._membership is None:
            return ""
        subject = self.visitors.subject(head).decode("utf-8", "backslashreplace")
        return self._membership.first(subject, head.came, trusted=peer.trusted)

    def moves_session(self, head: RequestHead, response: ResponseHead, *, safe: bool) -> bool:
        """Whether an answer sets a private cookie: any after an unsafe request, else to another value than came.

        Django sets the same session and CSRF cookies again and again.
        """
        if response.guarded is None:
            return False
        came: set[bytes] = set()
        if safe and head.cookies is not None:
            for index in head.cookies:
                line = head.lines[index]
                came.update([crumb.strip(b" \t") for crumb in line[line.find(b":") + 1 :].split(b";")])
        for index in response.guarded:
            line = response.lines[index]
            if line[:11].lower() != b"set-cookie:":
                return True
            crumb = line[11:].partition(b";")[0].strip(b" \t")
            if crumb not in came and crumb.partition(b"=")[0].strip(b" \t") in self.private:
                return True
        return False

    # Time passing, and the end.

    def tick(self, now: float) -> None:
        """What is due: called every tenth of a second."""
        lanes = self.lanes
        for lane in lanes:
            lane.tick(now)
        if lanes and self.outlet is not None:
            self.outlet.tick(now)
        if self._delivering:
            waiting, self._delivering = self._delivering, []
            for copy in waiting:
                self._deliver(copy)

    def take(self) -> Batch:
        """A batch of what was counted since the last takes; an empty one where there is nothing."""
        return self.ledger.take()

    def untold(self) -> int:
        """How many batches there are to take."""
        return self.ledger.waiting

    def drain(self) -> None:
        """Let go of everything that waits, and take in nothing more."""
        self._draining = True
        for copy in [*self._delivering, *self._fresh]:
            copy.drop(_DRAINING)
        self._delivering, self._fresh = [], []
        for lane in self.lanes:
            self._clear(lane)

    def close(self) -> None:
        """End what is under way."""
        self.drain()
        for copy in list(self.introducing):
            copy.abandon(_DRAINING)
        for lane in self.lanes:
            for errand in list(lane.errands):
                errand.sender.abandon(_DRAINING)
        if self.vouching is not None:
            self.vouching.close()
        for lane in self.lanes:
            lane.close()
        if self.outlet is not None:
            self.outlet.close()

    def _clear(self, lane: Lane) -> None:
        while lane.waiting:
            self.waiting -= 1
            lane.waiting.popleft().drop(_DRAINING)
