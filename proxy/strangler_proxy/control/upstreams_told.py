"""Everything that the workers of this replica tell of the upstreams and of copies, with what each may at most."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, Final

from strangler_proxy.config.upstreams import Upstream
from strangler_proxy.config.values import Config
from strangler_proxy.control.upstreams import upstream_rows
from strangler_proxy.control.workers import Workers

__all__ = ["copies_told", "upstreams_told"]

_CONNECTIONS: Final = ("in_use", "unused", "connecting")
_Labels = tuple[str, ...]


class _Measures:
    """Of all workers together: gauges of those that are linked now, counters since the control plane started."""

    def __init__(self, workers: Workers) -> None:
        self._found: dict[str, Counter[_Labels]] = defaultdict(Counter)
        for worker in workers.linked().values():
            for measure, labels, value in worker.gauges:
                self._found[str(measure)][tuple(map(str, labels))] += value
        for (measure, *labels), number in workers.measured.counters.items():
            self._found[measure][tuple(labels)] += int(number)

    def of(self, measure: str) -> Mapping[_Labels, int]:
        """By labels, a number each."""
        return self._found[measure]

    def one(self, measure: str, *labels: str) -> int:
        """The number with these labels, 0 for none."""
        return int(self._found[measure][labels])

    def total(self, measure: str) -> int:
        """All of them together."""
        return int(self._found[measure].total())

    def by_cause(self, measure: str, upstream: str) -> dict[str, int]:
        """Those of an upstream by cause."""
        return {cause: int(number) for (name, cause), number in sorted(self.of(measure).items()) if name == upstream}


def upstreams_told(config: Config, workers: Workers) -> list[dict[str, Any]]:
    """One for each upstream: as the status has it, and its pools, queues and copies; of all workers together."""
    measures = _Measures(workers)
    candidates = Counter(route.candidate for route in config.routes)
    sent: Counter[str] = Counter()
    for (_, upstream), number in measures.of("strangler_shadow_copies_total").items():
        sent[upstream] += number
    return [
        {
            **row,
            "monolith": row["name"] == config.monolith,
            "routes": candidates[row["name"]],
            **_pool(measures, config.upstreams[row["name"]], row["workers"]),
            "copies": {
                **_of(
                    measures.one("strangler_shadow_in_flight", row["name"]), config.shadow.in_flight * row["workers"]
                ),
                "sent": sent[row["name"]],
                "halted": measures.one("strangler_shadow_halted", row["name"]),
            },
        }
        for row in upstream_rows(config.upstreams, workers)
    ]


def copies_told(config: Config, workers: Workers) -> dict[str, Any]:
    """Copies of requests, of all workers together: what they hold and may hold, how many were sent, and how many were
    not and why; the routes of which most were not first."""
    measures, shadow, linked = _Measures(workers), config.shadow, len(workers.linked())
    missed: Counter[str] = Counter()
    routes: dict[str, Counter[str]] = defaultdict(Counter)
    for (route, cause), number in measures.of("strangler_shadow_missed_total").items():
        missed[cause] += number
        routes[route][cause] += number
    return {
        "sample": shadow.sample,
        "rate": shadow.rate or None,
        "slowdown": shadow.slowdown or None,
        "timeout": shadow.timeout,
        "body_bytes": shadow.body_bytes,
        "queue": _of(measures.total("strangler_shadow_queue"), shadow.queue * linked),
        "bytes": _of(measures.total("strangler_shadow_queue_bytes"), shadow.bytes * linked),
        "sent": measures.total("strangler_shadow_copies_total"),
        "missed": _most_first(missed),
        "routes": [
            {"route": route, "missed": causes.total(), "causes": _most_first(causes)}
            for route, causes in sorted(routes.items(), key=lambda each: (-each[1].total(), each[0]))
        ],
        "comparers": workers.comparers.rows(),
    }


def _pool(measures: _Measures, upstream: Upstream, workers: int) -> dict[str, Any]:
    name, breaker = upstream.name, upstream.breaker
    return {
        "urls": [str(url) for url in upstream.urls],
        "probed": upstream.health is not None,
        "connections": {
            **{state: measures.one("strangler_pool_connections", name, state) for state in _CONNECTIONS},
            "most": upstream.max_connections * workers,
            "made": measures.one("strangler_pool_connections_made_total", name),
            "failed": measures.by_cause("strangler_connect_failures_total", name),
        },
        "in_flight": _of(
            measures.one("strangler_pool_in_flight", name), measures.one("strangler_pool_in_flight_limit", name)
        ),
        "waiting": _of(
            measures.one("strangler_pool_waiting", name), measures.one("strangler_pool_waiting_limit", name)
        ),
        "refused": measures.by_cause("strangler_pool_refused_total", name),
        "breaker_opened": measures.one("strangler_breaker_opened_total", name),
        "breaker_opens": None
        if breaker is None
        else {
            "failures": breaker.consecutive_failures,
            "rate": breaker.failure_rate,
            "calls": breaker.minimum_calls,
            "window": breaker.window,
            "seconds": breaker.open_for,
        },
        "ejections": measures.one("strangler_endpoint_ejections_total", name),
        "probes_failed": measures.one("strangler_endpoint_probes_failed_total", name),
        "names_failing": measures.one("strangler_dns_failing", name),
    }


def _of(now: int, most: int) -> dict[str, int]:
    return {"now": now, "most": most}


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: int(number) for name, number in sorted(counts.items(), key=lambda each: (-each[1], each[0]))}
