"""How much traffic each view of a monolith has: from an access log, or from the proxy's own metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from strangler.errors import StranglerError
from strangler.evidence import Histogram
from strangler.inventory import Inventory, Lookup
from strangler.recording.access_lines import AccessLine
from strangler_proxy.discover.capture import Captures
from strangler_proxy.routes.route import Route
from strangler_proxy.routes.target import decoded_path

__all__ = ["NO_ROUTE", "Counted", "Traffic", "traffic_of_lines", "traffic_of_metrics"]

NO_ROUTE: Final = "-"
# What nobody answers is told by its first segment, and clients can choose many.
_MOST_UNKNOWN: Final = 1000


@dataclass(slots=True)
class Counted:
    """Requests of one view and method. `refused` are answers 4xx, `errors` 5xx; `redirects` went to the last slash."""

    requests: float = 0.0
    refused: float = 0.0
    errors: float = 0.0
    redirects: float = 0.0
    times: Histogram = field(default_factory=Histogram)

    def add(self, other: Counted) -> None:
        """Take in the requests of another."""
        self.requests += other.requests
        self.refused += other.refused
        self.errors += other.errors
        self.redirects += other.redirects
        self.times.merge(other.times)


@dataclass(slots=True)
class Traffic:
    """What was counted: by view (its key) and method, and what no view answers, by the first segment of its path.

    `first` and `last` are when, in seconds since 1970, None where that is not known. `timed` says whether durations are
    known.
    """

    views: dict[tuple[str, str], Counted] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    requests: float = 0.0
    first: float | None = None
    last: float | None = None

    def of(self, key: str, method: str) -> Counted:
        """Where the requests of a view and method are counted."""
        return self.views.setdefault((key, method), Counted())

    @property
    def timed(self) -> bool:
        """Whether it is known how long requests took."""
        return any(each.times.count for each in self.views.values())


def traffic_of_lines(lines: Iterable[AccessLine], inventory: Inventory) -> Traffic:
    """The traffic of an access log."""
    lookup, traffic = Lookup(inventory), Traffic()
    for line in lines:
        traffic.requests += line.stands_for
        traffic.first = line.at if traffic.first is None else min(traffic.first, line.at)
        traffic.last = line.at if traffic.last is None else max(traffic.last, line.at)
        path = decoded_path(line.target.partition("?")[0].encode("utf-8", "surrogateescape"))
        found = None if path is None else lookup.find(path)
        if found is None:
            _unknown(traffic.unknown, path or line.target, line.stands_for)
            continue
        counted = traffic.of(found.view.key, line.method)
        counted.requests += line.stands_for
        counted.refused += line.stands_for * (400 <= line.status < 500)
        counted.errors += line.stands_for * (line.status >= 500)
        counted.redirects += line.stands_for * found.redirected
        if line.seconds is not None:
            counted.times.add(line.seconds, max(1, round(line.stands_for)))
    return traffic


def _unknown(unknown: Counter[str], path: str, number: float) -> None:
    first = path.split("/")[1] if path.count("/") > 1 else path.removeprefix("/")
    shown = f"/{first}/…" if path.count("/") > 1 else f"/{first}"
    unknown[shown if shown in unknown or len(unknown) < _MOST_UNKNOWN else "…"] += round(number) or 1


def traffic_of_metrics(text: str, inventory: Inventory, routes: Iterable[Route]) -> Traffic:
    """The traffic that the proxy's metrics tell, since it started: of the views that `routes` take, all methods of a
    route together. Raises StranglerError for what is no exposition of them."""
    taken = list(routes)
    captures, traffic = Captures(inventory, taken), Traffic()
    counted = _by_route(text)
    traffic.requests = sum(each.requests for each in counted.values())
    known = {route.name: route for route in taken}
    for name, each in counted.items():
        route = known.get(name)
        views = [] if route is None else [found.view for found in captures.of(route, left=False) if found.methods]
        if route is None or len(views) != 1:
            # No route, one that the file no longer has, or one whose views cannot be told from each other.
            told = "(no route)" if name == NO_ROUTE else f"(route {name})"
            traffic.unknown[told] += round(each.requests)
            continue
        traffic.of(views[0].key, " ".join(sorted(route.methods))).add(each)
    return traffic


def _by_route(text: str) -> Mapping[str, Counted]:
    found: dict[str, Counted] = {}
    below: dict[tuple[str, ...], list[tuple[float, float]]] = {}
    try:
        families = list(text_string_to_metric_families(text))
    except (ValueError, KeyError, IndexError) as error:
        raise StranglerError(f"These are no metrics in Prometheus' text format: {error}") from error
    for sample in (sample for family in families for sample in family.samples):
        if sample.name == "strangler_requests_total":
            counted = found.setdefault(sample.labels.get("route", NO_ROUTE), Counted())
            counted.requests += sample.value
            kind = sample.labels.get("status_class", "")
            counted.refused += sample.value * kind.startswith("4")
            counted.errors += sample.value * kind.startswith("5")
        elif sample.name == "strangler_request_duration_seconds_bucket":
            place = tuple(sample.labels.get(each, "") for each in ("route", "side", "upstream", "stage"))
            below.setdefault(place, []).append((float(sample.labels["le"]), sample.value))
    if not found:
        raise StranglerError("There is no strangler_requests_total in these metrics: are they those of the proxy?")
    for place, bounds in below.items():
        counted, before = found.setdefault(place[0], Counted()), 0.0
        for bound, number in sorted(bounds):
            # Each counts as long as it may have been; beyond the last bound nobody knows.
            if number > before and bound != float("inf"):
                counted.times.add(bound, int(number - before))
            before = number
    return found
