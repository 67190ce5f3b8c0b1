"""What the page of upstreams shows, of what the API's upstreams tell. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from strangler_proxy.causes import told_causes

__all__ = ["CopiesShown", "Gauge", "UpstreamShown", "copies_shown", "upstreams_shown"]

_MOST_ROUTES: Final = 20
_NEARLY: Final = 0.8
_BY_DESIGN: Final = frozenset(
    {"streaming", "conditional", "range", "session", "skip", "too-long", "client-gone", "draining"}
)

_Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gauge:
    """How much there is of something, and how much there may be (0: nothing was told); `octets` are memory."""

    label: str
    now: int
    most: int
    octets: bool = False

    @property
    def part(self) -> float:
        """0 to 1."""
        return min(self.now / self.most, 1.0) if self.most else 0.0

    @property
    def is_nearly_full(self) -> bool:
        """Whether somebody should know."""
        return self.part >= _NEARLY


@dataclass(frozen=True, slots=True)
class Address:
    """An address, and how many of the workers that told of it find it well."""

    address: str
    well: int
    workers: int

    @property
    def state(self) -> str:
        """In a word."""
        return "well" if self.well == self.workers else "left out" if not self.well else "left out by some"


@dataclass(frozen=True, slots=True)
class UpstreamShown:
    """An upstream: the API's row of it, what it is to the routes, its addresses, its breaker in words and how full what
    it has is."""

    told: _Json
    role: str
    addresses: tuple[Address, ...]
    breaker: str
    breaker_kind: str
    opens: str
    gauges: tuple[Gauge, ...]
    failures: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class CopiesShown:
    """Copies of requests: their budget, how many were sent and became no pair, and why; `meant` are causes by which a
    copy is not made on purpose. `routes` are those of which most became none."""

    sent: int
    missed: int
    gauges: tuple[Gauge, ...]
    dropped: tuple[tuple[int, str, str], ...]
    meant: tuple[tuple[int, str, str], ...]
    routes: tuple[_Json, ...]
    more_routes: int


def upstreams_shown(document: _Json) -> tuple[UpstreamShown, ...]:
    """The upstreams, those in trouble first, then the monolith, then by name."""
    rows = sorted(document["upstreams"], key=lambda each: (each["ok"], not each["monolith"], each["name"]))
    return tuple(_upstream(row) for row in rows)


def copies_shown(document: _Json) -> CopiesShown:
    """What becomes of copies."""
    copies = document["copies"]
    causes = told_causes(copies["missed"])
    return CopiesShown(
        sent=copies["sent"],
        missed=sum(copies["missed"].values()),
        gauges=(
            Gauge("copies that wait", copies["queue"]["now"], copies["queue"]["most"]),
            Gauge("memory that copies hold", copies["bytes"]["now"], copies["bytes"]["most"], octets=True),
        ),
        dropped=tuple(each for each in causes if each[1] not in _BY_DESIGN),
        meant=tuple(each for each in causes if each[1] in _BY_DESIGN),
        routes=tuple(copies["routes"][:_MOST_ROUTES]),
        more_routes=max(0, len(copies["routes"]) - _MOST_ROUTES),
    )


def _upstream(row: _Json) -> UpstreamShown:
    breaker, kind = _breaker(row)
    connections = row["connections"]
    return UpstreamShown(
        told=row,
        role="answers what no candidate does" if row["monolith"] else _candidate(row["routes"]),
        addresses=tuple(Address(each["address"], each["well"], row["workers"]) for each in row["addresses"]),
        breaker=breaker,
        breaker_kind=kind,
        opens=_opens(row["breaker_opens"]),
        gauges=(
            Gauge("connections", connections["in_use"] + connections["unused"], connections["most"]),
            Gauge("requests in flight", row["in_flight"]["now"], row["in_flight"]["most"]),
            Gauge("requests that wait", row["waiting"]["now"], row["waiting"]["most"]),
            Gauge("copies under way", row["copies"]["now"], row["copies"]["most"]),
        ),
        failures=tuple(sorted(row["failures"].items(), key=lambda each: (-each[1], each[0]))),
    )


def _candidate(routes: int) -> str:
    if not routes:
        return "no route's candidate"
    return "candidate of 1 route" if routes == 1 else f"candidate of {routes} routes"


def _breaker(row: _Json) -> tuple[str, str]:
    """How the breaker stands in words, and what kind of news that is."""
    states = row["breaker"]
    if not states:
        return "no worker has told yet", "wait"
    if set(states) == {"off"}:
        return "none", "info"
    if set(states) <= {"closed", "off"}:
        return "closed", "ok"
    told = ", ".join(f"{state} in {states[state]} of {row['workers']}" for state in sorted(states, key=_openness))
    return told, "bad" if states.get("open") else "wait"


def _openness(state: str) -> int:
    return {"open": 0, "half-open": 1}.get(state, 2)


def _opens(settings: _Json | None) -> str:
    if settings is None:
        return ""
    return (
        f"opens after {settings['failures']} failures in a row, or when {settings['rate']:.0%} of at least"
        f" {settings['calls']} requests within {settings['window']:g} s failed"
    )
