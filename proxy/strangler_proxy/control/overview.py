"""Everything at a glance: how much has moved, how each route stands and fares, what needs a person."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from strangler.errors import StoreUnavailable
from strangler.evidence import Traffic
from strangler.evidence.traffic import duration_at, window_of
from strangler.toggles import Kind, Snapshot
from strangler_proxy.control.agreements import Agreed, Agreements
from strangler_proxy.control.how_far import HowFar, Point, part_json
from strangler_proxy.control.moves import Moves
from strangler_proxy.control.needs import needs_of, stalling_of
from strangler_proxy.control.plan_needs import PlanNeeds
from strangler_proxy.control.plane import ControlPlane
from strangler_proxy.plan.progress import Part

__all__ = ["Overview"]

# What requests are counted under that no route takes.
_NO_ROUTE: Final = "-"
_JOINED: Final = 3600
_FRESH: Final = 1.0
"""Everybody who looks within a second sees the same rates."""
_MOST_RATES: Final = 8

_Rates = Mapping[str, Mapping[str, dict[str, Any]]]


class Overview:
    """Looks at `plane`. While a store does not answer, what it would tell is missing, and `lacks` says so; the toggles
    in force are told in any case."""

    def __init__(self, plane: ControlPlane, *, clock: Callable[[], float] = time.time) -> None:
        self._plane = plane
        self._clock = clock
        self._agreements = Agreements(plane.config, plane.evidence.store, clock=clock)
        self._moves = Moves(plane.in_force.store.history, lambda: plane.snapshot.revision)
        self._how_far = HowFar(plane.config, plane.evidence.store, self._moves, clock=clock)
        self._plan = PlanNeeds(plane.config.path.parent / plane.config.plan, plane.documents, clock=clock)
        self._lock = threading.Lock()
        self._rates: dict[int, tuple[float, _Rates]] = {}

    async def now(self, over: int, *, seconds: float) -> dict[str, Any]:
        """How everything stands, with what customers got in the last `over` seconds. Agreements are brought up to date
        for about so many `seconds`."""
        status, snapshot = self._plane.status(), self._plane.snapshot
        return await asyncio.to_thread(self._now, status, snapshot, over, seconds)

    async def progress(self, since: float, step: int) -> list[Point]:
        """How much had moved since then, every `step` seconds. Raises StoreUnavailable."""
        return await asyncio.to_thread(self._how_far.over, since, step)

    def _now(self, status: Mapping[str, Any], snapshot: Snapshot, over: int, seconds: float) -> dict[str, Any]:
        now = self._clock()
        lacks: list[str] = []

        def known(look: Callable[[], Any], without: Any) -> Any:
            try:
                return look()
            except StoreUnavailable as error:
                if str(error) not in lacks:
                    lacks.append(str(error))
                return without

        since: Mapping[str, float] = known(self._moves.since, {})
        left: Mapping[str, float] = known(self._moves.left, {})
        parts: tuple[list[Part], str] = known(self._how_far.now, ([], ""))
        rates: _Rates = known(lambda: self._rates_of(over, now), {})
        stages = {toggle.name: toggle.stage for toggle in snapshot.toggles.values()}
        agreed: tuple[dict[str, Agreed], int] = known(lambda: self._agreements.look(stages, seconds=seconds), ({}, 0))
        steps: list[tuple[str, str]] = known(lambda: self._plan.look(snapshot, since), [])
        rows = list(self._rows(status, snapshot, since, left, rates, agreed[0]))
        return {
            "at": now,
            "revision": snapshot.revision,
            "over": over,
            "lacks": lacks,
            "behind": agreed[1],
            "parts": [{"name": each.name, **part_json(each)} for each in parts[0]],
            "code_lacks": parts[1] or None,
            "routes": rows,
            "unrouted": rates.get(_NO_ROUTE, {}).get("monolith"),
            "replicas": status["replicas"],
            "needs": needs_of(status, rows, steps),
            "stalling": stalling_of(rows, now),
        }

    def _rows(
        self,
        status: Mapping[str, Any],
        snapshot: Snapshot,
        since: Mapping[str, float],
        left: Mapping[str, float],
        rates: _Rates,
        agreed: Mapping[str, Agreed],
    ) -> Iterator[dict[str, Any]]:
        """Every route and seam that there is a toggle or a place in the configuration for, by context and name."""
        rollouts = {name: each for each in status["rollouts"] for name in each["toggles"]}
        routes = {route.name: route for route in self._plane.config.routes}
        configured = self._plane.configured() | routes.keys()
        for name in sorted(snapshot.toggles.keys() | routes.keys(), key=_by_context):
            toggle, route, rollout = snapshot.toggles.get(name), routes.get(name), rollouts.get(name)
            twin = route is None or route.twin
            agreement = agreed.get(name)
            yield {
                "name": name,
                "kind": toggle.kind.value if toggle is not None else Kind.ROUTE.value,
                "candidate": route and route.candidate,
                "twin": twin,
                "configured": name in configured,
                "stage": toggle.stage.value if toggle is not None and twin else None,
                "share": toggle.share if toggle is not None and twin else None,
                "overrides": len(toggle.overrides) if toggle is not None and twin else 0,
                "since": since.get(name),
                "left": left.get(name),
                "rollout": rollout and {"name": rollout["name"], "state": rollout["state"]},
                "sides": rates.get(name, {}),
                "agreement": None if agreement is None else agreement.to_json(),
            }

    def _rates_of(self, over: int, now: float) -> _Rates:
        """By route and side what customers got in the last `over` seconds."""
        with self._lock:
            made, rates = self._rates.get(over, (float("-inf"), {}))
            if not 0 <= now - made < _FRESH:
                rates = self._look(over, now)
                if len(self._rates) >= _MOST_RATES:
                    self._rates.clear()
                self._rates[over] = now, rates
            return rates

    def _look(self, over: int, now: float) -> _Rates:
        since = window_of(now - over)
        found: dict[str, dict[str, Traffic]] = {}
        for window in self._plane.evidence.store.traffic(since=since, step=_JOINED):
            sides = found.setdefault(window.key.route, {})
            sides[window.key.side] = sides.get(window.key.side, Traffic()) + window.traffic
        return {
            route: {side: _told(traffic, now - since) for side, traffic in sides.items()}
            for route, sides in found.items()
        }


def _by_context(name: str) -> tuple[str, str]:
    """Names of one bounded context stand together, which those in their own order may not: `a`, `a-b`, `a.c`."""
    return name.partition(".")[0], name


def _told(traffic: Traffic, seconds: float) -> dict[str, Any]:
    return {
        "requests": traffic.requests,
        "rate": traffic.requests / seconds,
        "errors": traffic.errors,
        "error_rate": traffic.errors / traffic.requests if traffic.requests else None,
        "fallbacks": traffic.fallbacks,
        "p50": duration_at(traffic.buckets, 0.5),
        "p99": duration_at(traffic.buckets, 0.99),
    }
