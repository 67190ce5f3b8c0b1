"""A monolith's endpoints and apps with their traffic, tables and couplings, in one document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from strangler.inventory import App, Coupling, Inventory, Observed, View, couplings
from strangler_proxy.discover.traffic import Counted, Traffic

__all__ = ["AppSummary", "Discovery", "Endpoint", "discover_in"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A view with what is known of its traffic and tables. `share` is of all requests, 0 to 1.

    `methods` are the requests by method. `error_rate` is the share of its answers that were 5xx, `p95` in seconds; None
    where nobody knows. `reaches` says which other apps' tables it touches, each with `reads`, `writes`, `joins` or
    `transaction`.
    """

    view: View
    requests: float
    share: float
    methods: Mapping[str, float]
    error_rate: float | None
    refused_rate: float | None
    p95: float | None
    redirects: float
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    reaches: Mapping[str, tuple[str, ...]]
    observed: int

    def to_json(self) -> dict[str, Any]:
        """The endpoint as plain JSON types."""
        return {
            "key": self.view.key,
            "name": self.view.name,
            "view": self.view.view,
            "app": self.view.app,
            "kind": self.view.kind,
            "templates": [template for form in self.view.forms for template in form.localised],
            "requests": round(self.requests),
            "share": round(self.share, 6),
            "methods": {method: round(number) for method, number in self.methods.items()},
            "error_rate": _rounded(self.error_rate),
            "refused_rate": _rounded(self.refused_rate),
            "p95_seconds": _rounded(self.p95),
            "slash_redirects": round(self.redirects),
            "reads": list(self.reads),
            "writes": list(self.writes),
            "reaches": {app: list(ways) for app, ways in self.reaches.items()},
            "observed_requests": self.observed,
        }


@dataclass(frozen=True, slots=True)
class AppSummary:
    """An app with the sums of its endpoints. `needs` are its couplings to others, `needed` those of others to it."""

    app: App
    views: int
    requests: float
    share: float
    needs: tuple[Coupling, ...]
    needed: tuple[Coupling, ...]

    def to_json(self) -> dict[str, Any]:
        """The summary as plain JSON types."""
        return {
            "app": self.app.label,
            "module": self.app.module,
            "origin": self.app.origin,
            "lines": self.app.lines,
            "models": self.app.models,
            "views": self.views,
            "requests": round(self.requests),
            "share": round(self.share, 6),
            "needs": [_coupling(each) for each in self.needs],
            "needed": [_coupling(each) for each in self.needed],
        }


@dataclass(frozen=True, slots=True)
class Discovery:
    """All of it: `endpoints` by traffic, `apps` with most requests first, `unknown` what no view answers."""

    endpoints: tuple[Endpoint, ...]
    apps: tuple[AppSummary, ...]
    requests: float
    unknown: tuple[tuple[str, int], ...]
    first: float | None
    last: float | None
    timed: bool

    def to_json(self) -> dict[str, Any]:
        """The discovery as plain JSON types."""
        return {
            "requests": round(self.requests),
            "first": self.first,
            "last": self.last,
            "endpoints": [each.to_json() for each in self.endpoints],
            "apps": [each.to_json() for each in self.apps],
            "unknown": [{"paths": paths, "requests": number} for paths, number in self.unknown],
        }


def discover_in(inventory: Inventory, traffic: Traffic) -> Discovery:
    """The endpoints of an inventory with their traffic."""
    observed: dict[str, list[Observed]] = defaultdict(list)
    for row in inventory.observed:
        observed[row.key].append(row)
    counted: dict[str, dict[str, Counted]] = defaultdict(dict)
    for (key, method), each in traffic.views.items():
        counted[key][method] = each
    owners = inventory.owners()
    endpoints = [
        _endpoint(view, counted.pop(view.key, {}), observed[view.key], owners, traffic.requests)
        for view in inventory.views
    ]
    endpoints.sort(key=lambda each: -each.requests)
    return Discovery(
        tuple(endpoints),
        tuple(_apps(inventory, endpoints)),
        traffic.requests,
        tuple(traffic.unknown.most_common()),
        traffic.first,
        traffic.last,
        traffic.timed,
    )


def _endpoint(
    view: View, counted: Mapping[str, Counted], observed: Iterable[Observed], owners: Mapping[str, str], of: float
) -> Endpoint:
    whole = Counted()
    for each in counted.values():
        whole.add(each)
    rows = list(observed)
    reads = {table for row in rows for table in row.reads}
    writes = {table for row in rows for table in row.writes}
    reaches: dict[str, set[str]] = defaultdict(set)
    for way, app in _reached(rows, reads, writes, owners):
        if app and app != view.app:
            reaches[app].add(way)
    return Endpoint(
        view=view,
        requests=whole.requests,
        share=whole.requests / of if of else 0.0,
        methods={method: each.requests for method, each in sorted(counted.items(), key=lambda one: -one[1].requests)},
        error_rate=whole.errors / whole.requests if whole.requests else None,
        refused_rate=whole.refused / whole.requests if whole.requests else None,
        p95=whole.times.quantile(0.95),
        redirects=whole.redirects,
        reads=tuple(sorted(reads)),
        writes=tuple(sorted(writes)),
        reaches={app: tuple(sorted(ways)) for app, ways in sorted(reaches.items())},
        observed=sum(row.requests for row in rows),
    )


def _reached(
    rows: Iterable[Observed], reads: Iterable[str], writes: Iterable[str], owners: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The ways in which other tables are touched, each with the app whose they are."""
    yield from (("reads", owners.get(table, "")) for table in reads)
    yield from (("writes", owners.get(table, "")) for table in writes)
    for row in rows:
        yield from (("joins", app) for each in row.joins for app in each.apps)
        yield from (("transaction", app) for each in row.transactions for app in each.apps)


def _apps(inventory: Inventory, endpoints: Iterable[Endpoint]) -> list[AppSummary]:
    by_app: dict[str, list[Endpoint]] = defaultdict(list)
    for endpoint in endpoints:
        by_app[endpoint.view.app].append(endpoint)
    tied = couplings(inventory)
    found = []
    for app in inventory.apps:
        own = by_app[app.label]
        if app.origin != "project" and not own:
            continue
        found.append(
            AppSummary(
                app,
                sum(each.view.covers for each in own),
                sum(each.requests for each in own),
                sum(each.share for each in own),
                tuple(each for each in tied if each.source == app.label),
                tuple(each for each in tied if each.target == app.label),
            )
        )
    return sorted(found, key=lambda each: (-each.requests, each.app.origin != "project", -each.app.lines))


def _coupling(coupling: Coupling) -> dict[str, Any]:
    return {
        "source": coupling.source,
        "target": coupling.target,
        "kind": coupling.kind.value,
        "count": coupling.count,
        "example": coupling.example,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
