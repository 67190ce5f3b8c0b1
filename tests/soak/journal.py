"""What happened, and what of it is an excuse. Pure: times are seconds since the run's start."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.soak.witness import Measurement

__all__ = ["EXCUSES", "Disturbance", "Journal", "Request", "Stages"]

# How long after an upstream is back (or a reload is done) its consequences may last: breakers try again after at most
# 1 s as configured here, unused connections are found to be closed; old workers end what they had for at most 15 s.
_AFTER_UPSTREAM = 3.0
_AFTER_RELOAD = 16.0
_UPSTREAMS = frozenset({"monolith", "catalog"})

EXCUSES = {
    "worker killed": "its connection belonged to the very worker that was killed by SIGKILL at that time",
    "upstream down": "the upstream that had to answer was killed or stopped at that time, and nobody else could have"
    " answered: it was the monolith's, or not safe, or an answer had begun",
    "machine stood still": "at that time the witness, which asks an upstream of its own directly, woke a second or more"
    " too late, or had no answer for as long, or an upstream waited for a processor most of the time; and upstreams"
    " that answer nobody would explain it",
    "closed while unused": "a reload closed a connection that waited for nothing while the customer began to use it"
    " again (RFC 9112 9.5); no byte of an answer had come, and no upstream executed it",
    "behind a cut answer": "it was sent on the same connection behind a request whose failure is judged by itself",
    "behind a last answer": "during a reload it was sent together with the request before, and the answer to that one"
    " said that it is the connection's last (RFC 9112 9.6); no byte of an answer had come, and no upstream executed it",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request that did not end with a right answer, or one whose answering side is to be looked at.

    `outcome` is `wrong`, `refused` (a 5xx of the proxy's own), `broken` or `side`; `who` answered, if anybody did.
    `behind` is what became of the request before that was sent with it: `cut` or its connection's `last`.
    """

    kind: str
    name: str
    route: str
    safe: bool
    began: float
    ended: float
    outcome: str
    why: str
    port: int = 0
    begun: bool = False
    reused: bool = False
    behind: str = ""
    who: str = ""


@dataclass(slots=True)
class Disturbance:
    """Something that was done on purpose. `clients` are the customers' ports that a killed worker held."""

    what: str
    began: float
    ended: float = math.inf
    upstream: str = ""
    clients: frozenset[int] = frozenset()
    note: str = ""


@dataclass(slots=True)
class Stages:
    """Which stages of the moving route may have been in force when."""

    _held: list[tuple[str, float, float]] = field(default_factory=lambda: [("monolith", -math.inf, math.inf)])

    def moving(self, stage: str, now: float) -> None:
        """A move to `stage` begins: until it is settled, the old ones may hold too."""
        self._held.append((stage, now, math.inf))

    def settled(self, now: float) -> None:
        """Every worker has acknowledged the last move."""
        *before, last = self._held
        self._held = [*((stage, since, min(until, now)) for stage, since, until in before), last]

    def during(self, began: float, ended: float) -> set[str]:
        """The stages that may have been in force at some time of a span."""
        return {stage for stage, since, until in self._held if since <= ended and began <= until}


class Journal:
    """Counts what went well, keeps what did not, and judges it once everything is known."""

    def __init__(self) -> None:
        self.right: Counter[str] = Counter()
        self.doubtful: list[Request] = []
        self.disturbances: list[Disturbance] = []
        self.standstills: list[Measurement] = []
        self.stages = Stages()
        # POSTs that were answered rightly, with digests of what was sent; and those given up by the customer halfway.
        self.accepted: dict[str, str] = {}
        self.unfinished: set[str] = set()

    def sides(self, route: str, began: float, ended: float) -> set[str]:
        """Who may answer a request of that time while nothing is down."""
        if route == "n":
            return {"catalog"}
        stages = self.stages.during(began, ended) if route == "c" else {"monolith"}
        sides = {"monolith"} if stages - {"extracted"} else set()
        return sides | ({"catalog"} if stages - {"monolith", "shadow"} else set())

    def excuse(self, request: Request) -> str | None:
        """The name of what excuses a request that went wrong, None when nothing does."""
        if request.outcome == "wrong":
            return None
        unanswered = request.outcome == "broken" and not request.begun
        if unanswered and request.behind == "cut":
            return "behind a cut answer"
        if request.outcome == "broken" and any(
            request.port in each.clients and each.began <= request.ended for each in self.disturbances
        ):
            return "worker killed"
        if self._lay_with(self._down(request), request):
            return "upstream down"
        if unanswered and request.reused and self._during("reload", request, after=_AFTER_RELOAD):
            return "behind a last answer" if request.behind else "closed while unused"
        if self._stood_still(request) and self._lay_with(_UPSTREAMS, request):
            return "machine stood still"
        return None

    def _during(self, what: str, request: Request, *, after: float, upstream: str = "") -> bool:
        return any(
            each.what == what
            and each.upstream == upstream
            and each.began <= request.ended
            and request.began <= each.ended + after
            for each in self.disturbances
        )

    def _down(self, request: Request) -> frozenset[str]:
        """The upstreams that were killed or stopped at the time of a request."""
        return frozenset(
            upstream
            for upstream in _UPSTREAMS
            if any(self._during(what, request, after=_AFTER_UPSTREAM, upstream=upstream) for what in ("kill", "hang"))
        )

    def _stood_still(self, request: Request) -> bool:
        return any(
            each.began <= request.ended and request.began <= each.ended + _AFTER_UPSTREAM for each in self.standstills
        )

    def _lay_with(self, down: frozenset[str], request: Request) -> bool:
        """Whether upstreams that are `down` explain what became of a request."""
        if request.outcome == "broken" and not request.begun:
            return False  # whatever happens behind it, the proxy answers
        able = self.sides(request.route, request.began, request.ended)
        if request.outcome == "side":
            return request.route == "c" and request.who == "monolith" and "catalog" in down
        if request.route == "c" and request.safe and not request.begun:
            # The monolith answers in the candidate's place: only its own failure counts.
            return "monolith" in down
        return bool(down & able)

    def executed_wrongly(self, executed: Iterable[tuple[str, str]]) -> list[str]:
        """What the upstreams' ledgers say against the customers: `executed` are names with digests of bodies."""
        wrong = []
        counts: Counter[str] = Counter()
        digests: dict[str, str] = {}
        for name, digest in executed:
            counts[name] += 1
            digests[name] = digest
        for name, count in counts.items():
            if count > 1:
                wrong.append(f"{name} was executed {count} times")
            if name in self.unfinished:
                wrong.append(f"{name} was executed, though its body never came whole")
        for name, digest in self.accepted.items():
            if name not in counts:
                wrong.append(f"{name} was answered, and never executed: lost")
            elif digests[name] != digest:
                wrong.append(f"{name} was executed with another body than was sent")
        wrong += [
            f"{request.name} was executed, though its connection was closed before it was read"
            for request in self.doubtful
            if self.excuse(request) in {"closed while unused", "behind a last answer"} and counts[request.name]
        ]
        return wrong

    def judged(self) -> tuple[Counter[str], list[Request]]:
        """How often each excuse held, and what nothing excuses."""
        excused: Counter[str] = Counter()
        guilty = []
        for request in self.doubtful:
            excuse = self.excuse(request)
            if excuse is None:
                guilty.append(request)
            else:
                excused[excuse] += 1
        return excused, guilty
