"""What the connections of one worker share: configuration, routes, the snapshot in force, pools, counts and log."""

from __future__ import annotations

import asyncio
import os
import time
from time import monotonic
from typing import TYPE_CHECKING, Final

from strangler.toggles import Side, Snapshot, Stage, Toggle
from strangler_proxy.access_log import AccessLog
from strangler_proxy.choice import Choice
from strangler_proxy.config import Config, Route
from strangler_proxy.counts import Counts
from strangler_proxy.membership import Membership
from strangler_proxy.peer import Peer
from strangler_proxy.pool import Pool
from strangler_proxy.proxied_line import ProxiedLine, knows_us
from strangler_proxy.record.order import Order
from strangler_proxy.record.recorder import Recorder
from strangler_proxy.request_head import RequestHead
from strangler_proxy.room_cookie import ROOM_COOKIE
from strangler_proxy.routes import Match, RouteTable
from strangler_proxy.routes.decision import Decision, decide, decided
from strangler_proxy.shadow.plan import Plan
from strangler_proxy.shadow.shadow import Shadow
from strangler_proxy.subject import COOKIE as SUBJECT_COOKIE
from strangler_proxy.subject import Subjects
from strangler_proxy.tracing import Tracer

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection
    from strangler_proxy.vouching import Vouching

__all__ = ["Gateway"]

_TICK: Final = 0.1
# The stages in which the side is asked too that does not answer.
_COMPARED: Final = frozenset({Stage.SHADOW, Stage.CANARY, Stage.EXTRACTED})
_SUBJECT: Final = SUBJECT_COOKIE.encode() + b"="
_METHODS: Final = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}


class Gateway:
    """One worker's shared state. While `draining`, every answer is the last of its connection.

    `recording` is the `recorder` while something is to be recorded, else None: all that a request looks at.
    """

    def __init__(
        self,
        config: Config,
        subjects: Subjects,
        loop: asyncio.AbstractEventLoop,
        *,
        log: AccessLog | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.config = config
        self.limits = config.limits
        self.loop = loop
        self.counts = Counts()
        self.log = AccessLog(None) if log is None else log
        self.tracer = tracer
        self.refuses_dots = config.refuse_dot_segments
        self.draining = False
        self.drained = asyncio.Event()
        self.clients: set[ClientConnection] = set()
        self.private_cookies = frozenset(name.encode() for name in (*config.private_cookies, ROOM_COOKIE))
        self.unsettable_cookies = self.private_cookies | {SUBJECT_COOKIE.encode()}
        # A request that carries our own mark has been here before.
        self.pseudonym = b"strangler-" + config.digest.encode()
        self.pools = {
            name: Pool(upstream, loop, last_resort=name == config.monolith)
            for name, upstream in config.upstreams.items()
        }
        self.vouching: Vouching | None = None
        if any(route.identity != "none" for route in config.routes):
            # Imported only where a route wants it: it brings cryptography along, some 10 MB a worker.
            from strangler_proxy.identity_state import vouching_of

            self.vouching = vouching_of(config, self.monolith)
        self.shadow = Shadow(config, subjects, loop, private=self.private_cookies, unsettable=self.unsettable_cookies)
        self.recorder = Recorder(self.shadow.visitors, config.shadow, [route.name for route in config.routes], loop)
        self.recording: Recorder | None = None
        self._table = RouteTable(config.routes)
        self._asks_headers = any(route.headers for route in config.routes)
        self._subjects = subjects
        self._choices: dict[tuple[str, Side, str, bool], Choice] = {}
        self._unrouted = self._choice(None, decide(None, None, monolith=config.monolith), "")
        self._settled: list[Choice | None] = []
        self._toggles: dict[str, Toggle] = {}
        self._canaries: dict[str, Toggle] = {}
        self._membership = Membership(config.groups)
        # What takes our cookie away; empty while somebody's side depends on it.
        self._clearing = b""
        self._proxied: ProxiedLine | None = None
        self.put_into_force(Snapshot())
        self._number = 0
        self._series = os.urandom(8).hex().encode() + b"-"
        self._ticking: asyncio.TimerHandle | None = None

    @property
    def monolith(self) -> Pool:
        """The connections to the monolith."""
        return self.pools[self.config.monolith]

    def new_request_id(self) -> bytes:
        """An id that no other request has, here or in another worker."""
        self._number += 1
        return self._series + str(self._number).encode()

    def put_into_force(self, snapshot: Snapshot) -> None:
        """Decide by `snapshot` from the next request on."""
        # By the routes' places: of a thousand routes each look-up by name would miss the processor's cache again.
        settled: list[Choice | None] = []
        asking: dict[str, Toggle] = {}
        canaries: dict[str, Toggle] = {}
        lanes: set[str] = set()
        for route in self._table.routes:
            toggle = snapshot.toggles.get(route.name)
            if toggle is not None and self._is_compared(route, toggle.stage):
                lanes.add(self.config.monolith if toggle.stage is Stage.EXTRACTED else route.candidate)
            if toggle is not None and toggle.stage is Stage.CANARY and route.twin:
                canaries[route.name] = toggle
            if toggle is not None and toggle.asks_subject and route.twin:
                asking[route.name] = toggle
                settled.append(None)
            else:
                decision = decide(route, toggle, monolith=self.config.monolith)
                settled.append(self._choice(route, decision, _stage(toggle, route)))
        self._settled, self._toggles, self._canaries = settled, asking, canaries
        # Whatever is taken back may go forward again, and then nobody is to be drawn anew. Seams read the cookie too.
        over = bool(snapshot.toggles) and all(each.stage is Stage.RETIRED for each in snapshot.toggles.values())
        self._clearing = b"Set-Cookie: " + self._subjects.clear_cookie() if over else b""
        self._copy_to(lanes)

    def record(self, order: Order | None) -> None:
        """Record what `order` wants from the next request on; None for nothing."""
        if order is None or self.draining:
            self.recorder.end()
            self.recording = None
        else:
            self.recorder.begin(order)
            self.recording = self.recorder

    def _copy_to(self, lanes: set[str]) -> None:
        """Copies go to these upstreams from now on."""
        shadow = self.shadow
        shadow.open_lanes(lanes)
        self._introduce()
        monolith = shadow.monolith
        self.monolith.pace = monolith.pace if monolith.opened else None
        if self.vouching is None or not monolith.opened:
            return
        if shadow.vouching is None:
            from strangler_proxy.identity_state import vouching_of

            shadow.vouching = self.vouching.twin = vouching_of(self.config, monolith.pool)
        else:
            shadow.vouching.pool = monolith.pool

    def _is_compared(self, route: Route, stage: Stage) -> bool:
        share = self.shadow.settings.sample if route.sample is None else route.sample
        return route.twin and stage in _COMPARED and share > 0

    def be_known(self, line: ProxiedLine) -> None:
        """Send `line` with each request to the monolith and its kind from now on."""
        self._proxied = line
        self._introduce()

    def _introduce(self) -> None:
        if self._proxied is None:
            return
        line = self._proxied.line()
        lanes = [lane.pool for lane in self.shadow.lanes]
        for pool in [*self.pools.values(), *lanes]:
            if knows_us(self.config, pool.upstream):
                pool.proxied = line

    def choose(self, head: RequestHead, peer: Peer) -> Choice:
        """Who answers this request of `peer`, by the routes and by the snapshot in force now."""
        choice = self._chosen(head, peer)
        if head.ours and self._clearing and _brings_subject(head):
            return choice.of_one_request(choice.target, self._clearing)
        return choice

    def _chosen(self, head: RequestHead, peer: Peer) -> Choice:
        method = _METHODS.get(head.method) or head.method.decode("ascii")
        fields = head.fields() if self._asks_headers else ()
        match = self._table.match(method, head.path, head.query, fields)
        if match is None:
            return self._unrouted
        choice = self._settled[match.place]
        if head.tester and match.route.name in self._canaries:
            tested = self._ask_tester(match, head)
            if tested is not None:
                return tested
        if choice is None:
            return self._ask_subject(match, head, peer)
        return self._rewritten(choice, match, head, b"") if choice.rewrites else choice

    def fall_back(self, choice: Choice) -> Choice:
        """The monolith in the place of `choice`, whose upstream gave no answer."""
        monolith = self.monolith
        tally = self.counts.tally(
            choice.route, Side.MONOLITH.value, monolith.upstream.name, choice.tally.stage, fell_back=True
        )
        return Choice(choice.route, monolith, Side.MONOLITH, tally, set_cookie=choice.set_cookie)

    def _ask_tester(self, match: Match, head: RequestHead) -> Choice | None:
        """What a tester's word gives; None where it is to be passed over."""
        route = match.route
        outcome, side = self._subjects.testers.outcome(head.tester, route.name, time.time())
        self.counts.tester(outcome)
        if side is None:
            return None
        choice = self._choice(route, decided(route, side, monolith=self.config.monolith), Stage.CANARY.value)
        return self._rewritten(choice, match, head, b"") if choice.rewrites else choice

    def _ask_subject(self, match: Match, head: RequestHead, peer: Peer) -> Choice:
        route = match.route
        subject = self._subjects.of(head.fields())
        toggle = self._toggles[route.name]
        groups = self._membership.of(subject.value, head.came, trusted=peer.trusted) if toggle.groups else []
        decision = decide(route, toggle, subject.value, groups, monolith=self.config.monolith)
        choice = self._choice(route, decision, _stage(toggle, route))
        set_cookie = b""
        if subject.new:
            set_cookie = b"Set-Cookie: " + self._subjects.set_cookie(subject, secure=head.secure)
        return self._rewritten(choice, match, head, set_cookie) if choice.rewrites or set_cookie else choice

    def _rewritten(self, choice: Choice, match: Match, head: RequestHead, set_cookie: bytes) -> Choice:
        target = b""
        if choice.rewrites:
            target = self._table.rewritten(match, head.path) + head.target[len(head.path) :]
        return choice.of_one_request(target, set_cookie)

    def _choice(self, route: Route | None, decision: Decision, stage: str) -> Choice:
        name = "-" if route is None else route.name
        key = (name, decision.side, stage, decision.fallback)
        choice = self._choices.get(key)
        if choice is None:
            candidate = route is not None and decision.side is Side.CANDIDATE
            choice = self._choices[key] = Choice(
                name,
                self.pools[decision.upstream],
                decision.side,
                self.counts.tally(name, decision.side.value, decision.upstream, stage),
                fallback=decision.fallback,
                rewrites=route is not None and candidate and route.rewrite is not None,
                timeout=route.timeout if route is not None and candidate else None,
                foreign=False if route is not None and route.private_cookies else None,
                wish=self.vouching.wish(route) if self.vouching and route is not None and candidate else None,
                plan=None if route is None or not stage else self._plan(route, Stage(stage), decision.side),
            )
        return choice

    def _plan(self, route: Route, stage: Stage, side: Side) -> Plan | None:
        if not self._is_compared(route, stage):
            return None
        upstream = self.config.upstreams[route.candidate]
        plan = Plan(
            self.shadow,
            route,
            stage,
            side,
            self.shadow.monolith if side is Side.CANDIDATE else self.shadow.lane(route.candidate),
            foreign=not (upstream.trusted or route.private_cookies),
            wish=self.vouching.wish(route) if self.vouching else None,
            rewrite=None if route.rewrite is None else self._candidate_target,
            release=upstream.release,
        )
        self.shadow.plans.append(plan)
        return plan

    def _candidate_target(self, head: RequestHead) -> bytes:
        """What the candidate of the route that takes a request is asked for."""
        method = _METHODS.get(head.method) or head.method.decode("ascii")
        match = self._table.match(method, head.path, head.query, head.fields() if self._asks_headers else ())
        return head.target if match is None else self._table.rewritten(match, head.path) + head.target[len(head.path) :]

    def forget(self, client: ClientConnection) -> None:
        """A client's connection is closed and nothing is under way for it."""
        self.clients.discard(client)
        if self.draining and not self.clients:
            self.drained.set()

    def start(self) -> None:
        """Begin to watch time limits."""
        # At once, so that names are looked up before the first customer comes.
        self._tick()

    def drain(self) -> None:
        """Close unused client connections, and end each of the others with the answer that it waits for."""
        self.draining = True
        # What is under way is over soon, and told then.
        self.recording = None
        self.shadow.drain()
        if not self.clients:
            self.drained.set()
        for client in list(self.clients):
            client.drain()

    def stop(self) -> None:
        """Close what is left, at once."""
        if self._ticking is not None:
            self._ticking.cancel()
        for client in list(self.clients):
            client.abort()
        self.recorder.end()
        self.shadow.close()
        if self.vouching is not None:
            self.vouching.close()
        for pool in self.pools.values():
            pool.close()
        self.log.close()
        if self.tracer is not None:
            self.tracer.sink.close()

    def _tick(self) -> None:
        # One timer for all limits: a timer a connection, set anew for each piece of each body, would cost more than
        # the proxying.
        self._ticking = self.loop.call_later(_TICK, self._tick)
        now = monotonic()
        self._introduce()
        for client in [client for client in self.clients if client.deadline < now]:
            client.ran_out_of_time()
        for pool in self.pools.values():
            pool.tick(now)
        self.shadow.tick(now)
        if self.recording is not None and not self.recording.tick(now):
            self.recording = None
        self.log.flush()


def _brings_subject(head: RequestHead) -> bool:
    """Whether a request comes with our own cookie."""
    if head.cookies is not None:
        for index in head.cookies:
            if _SUBJECT in head.lines[index]:
                return True
    return False


def _stage(toggle: Toggle | None, route: Route) -> str:
    """The stage that an answer is counted in, empty where there is no toggle to have one."""
    if toggle is None or not route.twin:
        return ""
    return toggle.stage.value
