"""What a worker tells of itself once a second beside its counts: counters as differences, gauges as they stand."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strangler_proxy.gateway import Gateway

__all__ = ["Report", "process_samples"]

_LAG_EVERY = 0.25
_BREAKER_STATES = ("closed", "open", "half-open", "off")
# [name, label values, number]
Sample = list[Any]


class Report:
    """The report of one worker, made of what its `gateway` holds. `start` and `stop` are its event loop's.

    `turned_away` counts, by cause, the connections that never came to the gateway.
    """

    def __init__(self, gateway: Gateway, turned_away: Mapping[str, int] | None = None) -> None:
        self._gateway = gateway
        self._turned_away: Mapping[str, int] = {} if turned_away is None else turned_away
        self._loop = gateway.loop
        self._began = time.monotonic()
        self._told: dict[tuple[str, ...], float] = {}
        self._telling: dict[tuple[str, ...], float] = {}
        self._counters: list[Sample] = []
        self._gauges: list[Sample] = []
        self._lag = 0.0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to watch how late the event loop is."""
        self._due = self._loop.time() + _LAG_EVERY
        self._timer = self._loop.call_at(self._due, self._on_time)

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _on_time(self) -> None:
        now = self._loop.time()
        self._lag = max(self._lag, now - self._due)
        self._due = now + _LAG_EVERY
        self._timer = self._loop.call_at(self._due, self._on_time)

    def take(self) -> tuple[list[Sample], list[Sample]]:
        """The counters' growth since the last take, and the gauges; the names are those of `measures`."""
        self._counters, self._gauges, self._telling = [], [], {}
        self._causes()
        self._clients()
        for pool in self._gateway.pools.values():
            self._pool(pool.stats(self._loop.time()))
        self._copies()
        for cause, total in self._gateway.recorder.missed_by.items():
            self._counter("strangler_recording_dropped_total", total, cause)
        self._log_and_spans()
        self._gauge("strangler_worker_age_seconds", time.monotonic() - self._began)
        self._gauge("strangler_event_loop_lag_seconds", self._lag)
        self._lag = 0.0
        self._gauges += process_samples()
        # Only what was told of now is kept, so that what is gone takes no memory.
        self._told = self._telling
        return self._counters, self._gauges

    def _counter(self, name: str, total: float, *labels: str, of: str = "") -> None:
        """`of` tells apart what is told under the same labels."""
        key = (name, *labels, of)
        self._telling[key] = total
        before = self._told.get(key, 0)
        # Less than before: it was made anew, and began at nothing.
        grown = total - before if total >= before else total
        if grown:
            self._counters.append([name, list(labels), grown])

    def _gauge(self, name: str, value: float, *labels: str) -> None:
        self._gauges.append([name, list(labels), value])

    def _causes(self) -> None:
        causes = self._gateway.counts.take_causes()
        for each in causes["fallbacks"]:
            labels = [each["route"], each["upstream"], each["cause"]]
            self._counters.append(["strangler_fallbacks_total", labels, each["count"]])
        for each in causes["failures"]:
            labels = [each["upstream"], each["cause"]]
            self._counters.append(["strangler_upstream_failures_total", labels, each["count"]])
        for each in causes["refusals"]:
            labels = [str(each["status"]), each["reason"]]
            self._counters.append(["strangler_requests_refused_total", labels, each["count"]])

    def _clients(self) -> None:
        self._gauge("strangler_client_connections", len(self._gateway.clients))
        self._gauge("strangler_client_connections_limit", self._gateway.limits.connections)
        for cause, total in self._turned_away.items():
            self._counter("strangler_client_connections_refused_total", total, cause)
        for limit, total in self._gateway.counts.timeouts.items():
            self._counter("strangler_client_timeouts_total", total, limit)
        for outcome, total in self._gateway.counts.testers.items():
            self._counter("strangler_testers_total", total, outcome)
        if self._gateway.vouching is not None:
            for outcome, total in self._gateway.vouching.counts.items():
                self._counter("strangler_vouching_total", total, outcome)
            self._counter("strangler_forgotten_untold_total", self._gateway.vouching.untold)

    def _pool(self, stats: dict[str, Any]) -> None:
        upstream = str(stats["upstream"])
        for state in ("in_use", "unused", "connecting"):
            self._gauge("strangler_pool_connections", stats["connections"][state], upstream, state)
        self._counter("strangler_pool_connections_made_total", stats["connections_made"], upstream)
        self._gauge("strangler_pool_in_flight", stats["in_flight"], upstream)
        self._gauge("strangler_pool_in_flight_limit", stats["in_flight_most"], upstream)
        self._gauge("strangler_pool_waiting", stats["waiting"], upstream)
        self._gauge("strangler_pool_waiting_limit", stats["waiting_most"], upstream)
        for cause, total in stats["refused"].items():
            self._counter("strangler_pool_refused_total", total, upstream, cause)
        for cause, total in stats["connect_failures"].items():
            self._counter("strangler_connect_failures_total", total, upstream, cause)
        for state in _BREAKER_STATES:
            self._gauge("strangler_breaker_state", int(stats["breaker"] == state), upstream, state)
        self._counter("strangler_breaker_opened_total", stats["breaker_opened"], upstream)
        for endpoint in stats["endpoints"]:
            address = str(endpoint["address"])
            self._gauge("strangler_endpoint_healthy", int(endpoint["healthy"]), upstream, address)
            self._gauge("strangler_endpoint_ejected", int(endpoint["ejected"]), upstream, address)
            # Addresses come and go with DNS, so what is kept for ever is not told by address.
            self._counter("strangler_endpoint_ejections_total", endpoint["ejections"], upstream, of=address)
            self._counter("strangler_endpoint_probes_failed_total", endpoint["probes_failed"], upstream, of=address)
        if stats["dns_age"] is not None:
            self._gauge("strangler_dns_age_seconds", stats["dns_age"], upstream)
        self._gauge("strangler_dns_failing", len(stats["dns_failing"]), upstream)
        self._counter("strangler_dns_failures_total", stats["dns_failures"], upstream)

    def _copies(self) -> None:
        shadow = self._gateway.shadow
        sent: dict[tuple[str, str], int] = defaultdict(int)
        agreed: dict[str, int] = defaultdict(int)
        for plan in shadow.plans:
            sent[plan.route, plan.lane.name] += plan.copied
            agreed[plan.route] += plan.agreed
        for (route, upstream), total in sent.items():
            self._counter("strangler_shadow_copies_total", total, route, upstream)
        for route, total in agreed.items():
            self._counter("strangler_shadow_pairs_total", total, route, "agree", "")
        for (route, cause), total in shadow.missed_by.items():
            self._counter("strangler_shadow_missed_total", total, route, cause)
        for (route, cause), total in shadow.ledger.inconclusive.items():
            self._counter("strangler_shadow_pairs_total", total, route, "inconclusive", cause)
        self._gauge("strangler_shadow_queue", shadow.waiting)
        self._gauge("strangler_shadow_queue_bytes", shadow.held.bytes)
        for lane in shadow.lanes:
            self._gauge("strangler_shadow_in_flight", lane.under_way, lane.name)
            self._gauge("strangler_shadow_halted", int(lane.pace.halted), lane.name)
        for (upstream, release), total in self._gateway.counts.releases.items():
            self._counter("strangler_releases_total", total, upstream, release)

    def _log_and_spans(self) -> None:
        log = self._gateway.log
        self._counter("strangler_access_log_lines_total", log.lines)
        self._counter("strangler_access_log_sampled_out_total", log.sampled_out)
        self._counter("strangler_access_log_dropped_total", log.dropped)
        tracer = self._gateway.tracer
        if tracer is not None:
            self._counter("strangler_spans_total", tracer.sink.spans)
            for cause, total in tracer.sink.dropped.items():
                self._counter("strangler_spans_dropped_total", total, cause)


def process_samples() -> list[Sample]:
    """Processor time, memory and open files of this process; the last two where the system tells them."""
    samples: list[Sample] = [["strangler_process_cpu_seconds_total", [], time.process_time()]]
    memory, files = _resident_memory(), _open_files()
    if memory is not None:
        samples.append(["strangler_process_resident_memory_bytes", [], memory])
    if files is not None:
        samples.append(["strangler_process_open_fds", [], files])
    return samples


def _resident_memory() -> int | None:
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - once a second on the event loop
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def _open_files() -> int | None:
    try:
        # Newer kernels tell the number as a size; listing thousands would hold the event loop up.
        return os.stat("/proc/self/fd").st_size or len(os.listdir("/proc/self/fd"))  # noqa: PTH116, PTH208 - as above
    except OSError:
        return None
