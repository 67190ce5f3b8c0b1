"""Looking at everything that gates are judged by: evidence, traffic, breakers, approvals, and what others say."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from strangler.documents import DocumentStore
from strangler.evidence import Evidence, EvidenceStore, Scope
from strangler.evidence.traffic import BOUNDS, window_of
from strangler.gates import Answered, Gates, Observed, ProbeGate, ProbeSeen, PrometheusGate, PrometheusSeen, Span
from strangler.toggles import Stage
from strangler_proxy.config.values import Config
from strangler_proxy.gates.approvals import approvals_of
from strangler_proxy.gates.outside import ask_probe, ask_prometheus
from strangler_proxy.gates.spans import answered, newest_release, spans_of
from strangler_proxy.routes.route import Route

__all__ = ["Observer"]

_BEFORE: Final = 3600.0
"""How far back the monolith is looked at where the candidate has no neighbour any more."""

_FRESH: Final = 5.0
"""An answer from outside is good for so many seconds: gates are looked at once a second, for many routes at a time."""

_LATE: Final = 2.0
"""So many seconds after a window's end all of it has been told."""

_NOBODY: Final = Answered()


@dataclass(frozen=True, slots=True)
class _Traffic:
    """What customers got of a route from `since` to `over`: the candidate's newest release and when it first answered,
    both sides since then, and the monolith before `since`."""

    since: float = 0.0
    over: int = 0
    newest: tuple[str, float] = ("", 0.0)
    spans: tuple[Span, ...] = ()
    before: Answered = _NOBODY


_NO_TRAFFIC: Final = _Traffic()
_Gate = TypeVar("_Gate")
_Seen = TypeVar("_Seen")


class Observer:
    """Looks for whoever judges inside the control plane. It may block, so call it in a thread; threads may share one.

    It asks the addresses of probes and of Prometheus that `gates` name, so hand in none that came over the network.
    Commands it never runs.
    """

    def __init__(
        self,
        config: Config,
        evidence: EvidenceStore,
        documents: DocumentStore,
        *,
        probe: Callable[[ProbeGate], ProbeSeen] = ask_probe,
        prometheus: Callable[[PrometheusGate], PrometheusSeen] = ask_prometheus,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._routes = {route.name: route for route in config.routes if route.twin}
        self._rules = config.rules.revision
        self._evidence = evidence
        self._documents = documents
        self._probe = _remembered(probe, clock)
        self._prometheus = _remembered(prometheus, clock)
        self._clock = clock
        self._known: dict[str, _Traffic] = {}

    def observe(self, name: str, gates: Gates, *, stage: Stage, since: float) -> Observed:
        """What was seen of a route or seam that has been in `stage` since then (seconds since 1970), as far as `gates`
        ask for it. Of a seam there is no evidence and no traffic. Raises StoreUnavailable.

        Evidence is that of the candidate's newest release under the rules in force, from the day of `since` on; what
        customers got counts from when that release first answered.
        """
        now = self._clock()
        route = self._routes.get(name)
        traffic = _NO_TRAFFIC if route is None else self._traffic(name, since, window_of(now - _LATE))
        release, first = traffic.newest
        return Observed(
            route=name,
            since=since,
            now=now,
            stage=stage.value,
            evidence=None if route is None else self._newest(name, release, first, since),
            methods=frozenset() if route is None else route.methods,
            templates=() if route is None else (route.path,),
            spans=traffic.spans,
            bounds=BOUNDS,
            before=traffic.before,
            opened=self._opened(route, since) if gates.breaker else None,
            probes={each: self._probe(each) for each in gates.probes},
            prometheus={each: self._prometheus(each) for each in gates.prometheus},
            approvals=approvals_of(self._documents, name) if gates.approval else (),
        )

    def _traffic(self, name: str, since: float, over: int) -> _Traffic:
        """What there is in windows that began before `over`, when a window begins. They are over, so that this is asked
        for once."""
        known = self._known.get(name)
        if known is not None and (known.since, known.over) == (since, over):
            return known
        windows = self._evidence.traffic(name, since=since, until=over)
        newest = newest_release(windows)
        before = self._evidence.traffic(name, since=since - _BEFORE, until=since)
        found = self._known[name] = _Traffic(
            since=since,
            over=over,
            newest=newest,
            spans=spans_of((each for each in windows if each.start >= newest[1]), now=over),
            before=answered(each for each in before if each.key.side == "monolith"),
        )
        return found

    def _newest(self, name: str, release: str, first: float, since: float) -> Evidence:
        newest = Scope(name, release, self._rules)
        seen = [each for each in self._evidence.scopes(name) if each.scope.rules == self._rules]
        paired = any(each.scope == newest for each in seen)
        # One that customers have met and of which there is no pair yet has no evidence, unless others' pairs are newer.
        if seen and (not release or (not paired and seen[0].last >= first)):
            newest = seen[0].scope
        return self._evidence.read(newest, since=since)

    def _opened(self, route: Route | None, since: float) -> int | None:
        if route is None:
            return None
        # The window in which the stage began counts too: what fails at once opens it there, and then no more.
        return sum(each.count for each in self._evidence.opened(route.candidate, since=window_of(since)))


def _remembered(ask: Callable[[_Gate], _Seen], clock: Callable[[], float]) -> Callable[[_Gate], _Seen]:
    """`ask`, which is not asked for the same thing again at once."""
    answers: dict[_Gate, tuple[float, _Seen]] = {}

    def asked(gate: _Gate) -> _Seen:
        at = clock()
        found = answers.get(gate)
        if found is None or not 0 <= at - found[0] < _FRESH:
            seen = ask(gate)
            # From its end on: an address that hangs must not be waited for once for each route.
            found = answers[gate] = (clock(), seen)
        return found[1]

    return asked
