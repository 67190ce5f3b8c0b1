"""Every metric of the proxy: name, kind, labels and meaning. The one list that workers, control plane and docs share.

A label's values come from the configuration or from words of our own, never from what a client sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["COUNTER", "GAUGE", "HISTOGRAM", "MEASURES", "Measure"]

COUNTER: Final = "counter"
GAUGE: Final = "gauge"
HISTOGRAM: Final = "histogram"


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric. Its label `worker` (a slot, or `control`) is added by the control plane."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


_ANSWER: Final = ("route", "side", "upstream", "stage")

_ALL: Final = (
    # Answers
    Measure("strangler_requests_total", COUNTER, (*_ANSWER, "status_class"), "Requests, answered or given up."),
    Measure(
        "strangler_request_duration_seconds",
        HISTOGRAM,
        _ANSWER,
        "From a request's head to the end of its answer, tunnels included.",
    ),
    Measure(
        "strangler_fallbacks_total",
        COUNTER,
        ("route", "upstream", "cause"),
        "Requests that the monolith was asked for because the candidate's upstream gave no answer.",
    ),
    Measure(
        "strangler_upstream_failures_total",
        COUNTER,
        ("upstream", "cause"),
        "Times that an upstream gave no answer, or none that was whole.",
    ),
    Measure(
        "strangler_requests_refused_total",
        COUNTER,
        ("status", "reason"),
        "Requests refused or cut off for what their clients sent, or did not send or take in time.",
    ),
    # Clients
    Measure("strangler_client_connections", GAUGE, ("worker",), "Client connections that are open."),
    Measure("strangler_client_connections_limit", GAUGE, ("worker",), "The most client connections of a worker."),
    Measure(
        "strangler_client_connections_refused_total",
        COUNTER,
        ("cause",),
        "Client connections that were not let in, or closed to make room.",
    ),
    Measure(
        "strangler_client_timeouts_total",
        COUNTER,
        ("limit",),
        "Times that a client was slower than a limit allows.",
    ),
    # Upstreams
    Measure(
        "strangler_pool_connections",
        GAUGE,
        ("worker", "upstream", "state"),
        "Connections to an upstream: `in_use`, `unused` or `connecting`.",
    ),
    Measure("strangler_pool_connections_made_total", COUNTER, ("upstream",), "Connections made to an upstream."),
    Measure("strangler_pool_in_flight", GAUGE, ("worker", "upstream"), "Requests that an upstream is busy with."),
    Measure("strangler_pool_in_flight_limit", GAUGE, ("worker", "upstream"), "The most requests in flight at once."),
    Measure("strangler_pool_waiting", GAUGE, ("worker", "upstream"), "Requests that wait for a place in flight."),
    Measure("strangler_pool_waiting_limit", GAUGE, ("worker", "upstream"), "The most requests that may wait."),
    Measure(
        "strangler_pool_refused_total",
        COUNTER,
        ("upstream", "cause"),
        "Requests that an upstream was not asked, by breaker, bulkhead or health.",
    ),
    Measure(
        "strangler_connect_failures_total",
        COUNTER,
        ("upstream", "cause"),
        "Connections that could not be made.",
    ),
    Measure(
        "strangler_breaker_state",
        GAUGE,
        ("worker", "upstream", "state"),
        "1 for the state of the circuit breaker: `closed`, `open`, `half-open` or `off`.",
    ),
    Measure("strangler_breaker_opened_total", COUNTER, ("upstream",), "Times that a circuit breaker opened."),
    Measure(
        "strangler_endpoint_healthy",
        GAUGE,
        ("worker", "upstream", "address"),
        "Whether an address of an upstream is healthy.",
    ),
    Measure(
        "strangler_endpoint_ejected",
        GAUGE,
        ("worker", "upstream", "address"),
        "Whether an address is left out for a while because of its failures.",
    ),
    Measure("strangler_endpoint_ejections_total", COUNTER, ("upstream",), "Times that an address was left out."),
    Measure("strangler_endpoint_probes_failed_total", COUNTER, ("upstream",), "Health probes that failed."),
    Measure(
        "strangler_dns_age_seconds",
        GAUGE,
        ("worker", "upstream"),
        "Since when the names of an upstream are not confirmed; absent without names.",
    ),
    Measure("strangler_dns_failing", GAUGE, ("worker", "upstream"), "Names whose last look-up failed."),
    Measure("strangler_dns_failures_total", COUNTER, ("upstream",), "Look-ups of names that failed."),
    # Identity
    Measure(
        "strangler_testers_total",
        COUNTER,
        ("outcome",),
        "Signed words of testers that came to a route in a canary: `honoured`, `expired`, `revoked`, `forged` or"
        " `other-route`.",
    ),
    Measure(
        "strangler_vouching_total",
        COUNTER,
        ("outcome",),
        "Requests that wanted an identity, by how they came to one.",
    ),
    Measure(
        "strangler_forgotten_untold_total",
        COUNTER,
        (),
        "Cookies that other workers were not told to forget: there were too many at once.",
    ),
    # Log and spans
    Measure("strangler_access_log_lines_total", COUNTER, (), "Lines given to the access log."),
    Measure("strangler_access_log_sampled_out_total", COUNTER, (), "Requests that had no line, by the log's share."),
    Measure("strangler_access_log_dropped_total", COUNTER, (), "Lines lost because the log's reader was slow or gone."),
    Measure("strangler_spans_total", COUNTER, (), "Spans that were made."),
    Measure("strangler_spans_dropped_total", COUNTER, ("cause",), "Spans lost: `queue-full` or `not-exported`."),
    # Copies
    Measure(
        "strangler_shadow_copies_total",
        COUNTER,
        ("route", "upstream"),
        "Copies of requests that were sent to the side that had not answered.",
    ),
    Measure(
        "strangler_shadow_missed_total",
        COUNTER,
        ("route", "cause"),
        "Requests that were to be copied and became no pair.",
    ),
    Measure("strangler_shadow_queue", GAUGE, ("worker",), "Copies that wait."),
    Measure("strangler_shadow_queue_bytes", GAUGE, ("worker",), "Memory that all copies of a worker hold."),
    Measure("strangler_shadow_in_flight", GAUGE, ("worker", "upstream"), "Copies under way to an upstream."),
    Measure(
        "strangler_shadow_halted",
        GAUGE,
        ("worker", "upstream"),
        "Whether copies are held back because the upstream answers more slowly than it usually does.",
    ),
    Measure(
        "strangler_releases_total",
        COUNTER,
        ("upstream", "release"),
        "Answers to customers by the release that an upstream says it is.",
    ),
    # Pairs
    Measure(
        "strangler_shadow_pairs_total",
        COUNTER,
        ("route", "verdict", "cause"),
        "Pairs by verdict; an inconclusive one with its cause.",
    ),
    # Comparers
    Measure("strangler_comparer_up", GAUGE, ("comparer",), "Whether a comparer is linked to the control plane."),
    Measure("strangler_comparer_links_total", COUNTER, ("comparer",), "Times that a comparer linked itself."),
    Measure("strangler_comparer_backlog", GAUGE, ("comparer",), "Exchanges that a comparer holds."),
    Measure("strangler_comparer_backlog_bytes", GAUGE, ("comparer",), "Memory that those take."),
    Measure("strangler_comparer_examining", GAUGE, ("comparer",), "Those among them for which sides are asked again."),
    Measure(
        "strangler_comparer_asked_again_total",
        COUNTER,
        ("upstream",),
        "Requests with which a comparer asked an upstream again.",
    ),
    Measure(
        "strangler_comparer_unanswered_total",
        COUNTER,
        ("upstream", "cause"),
        "Times that an upstream was not asked again, or gave no answer.",
    ),
    Measure("strangler_comparer_refused_total", COUNTER, (), "Connections of workers ended for what came on them."),
    Measure("strangler_comparer_faults_total", COUNTER, (), "Exchanges not compared because of a fault of ours."),
    Measure(
        "strangler_evidence_lost_total",
        COUNTER,
        ("what", "cause"),
        "Batches of evidence, or windows of traffic, that are not in the store and never will be.",
    ),
    # Recordings
    Measure("strangler_recorded_total", COUNTER, (), "Requests that were written to recordings."),
    Measure("strangler_recording_dropped_total", COUNTER, ("cause",), "Requests that were not, while one ran."),
    # Workers
    Measure("strangler_worker_up", GAUGE, ("worker",), "Whether the worker of a slot is linked to the control plane."),
    Measure("strangler_worker_live", GAUGE, ("worker",), "Whether it decides by the revision in force."),
    Measure("strangler_worker_revision", GAUGE, ("worker",), "The revision of the toggles that it acknowledged last."),
    Measure("strangler_worker_age_seconds", GAUGE, ("worker",), "How long its process has been running."),
    Measure("strangler_worker_links_total", COUNTER, ("worker",), "Times that a worker of the slot linked itself."),
    Measure(
        "strangler_event_loop_lag_seconds",
        GAUGE,
        ("worker",),
        "How late, at the worst of the last second, the event loop came to what was due.",
    ),
    Measure("strangler_process_cpu_seconds_total", COUNTER, ("worker",), "Processor time of a process."),
    Measure("strangler_process_resident_memory_bytes", GAUGE, ("worker",), "Memory of a process."),
    Measure("strangler_process_open_fds", GAUGE, ("worker",), "File descriptors that a process has open."),
    # Toggles and control plane
    Measure("strangler_toggles_revision", GAUGE, (), "The revision in force."),
    Measure("strangler_toggle_stage", GAUGE, ("name", "kind", "stage"), "1 for the stage of a toggle."),
    Measure("strangler_toggle_share_ratio", GAUGE, ("name", "kind"), "The share of a toggle's subjects, 0 to 1."),
    Measure("strangler_rollouts", GAUGE, ("state",), "Rollouts that are not over, by state."),
    Measure("strangler_notices_total", COUNTER, ("outcome",), "Notices to people: sent, failed or dropped."),
    Measure("strangler_dependency_up", GAUGE, ("dependency",), "Whether what `/health/ready` names is well."),
    Measure("strangler_build_info", GAUGE, ("version", "config"), "1, with version and configuration's digest."),
    Measure("strangler_last_reload_ok", GAUGE, (), "Whether the last reload came into force; absent before the first."),
    Measure("strangler_last_reload_timestamp_seconds", GAUGE, (), "When that was: Unix time."),
    Measure("strangler_control_start_time_seconds", GAUGE, (), "When the control plane started: Unix time."),
)

MEASURES: Final = {measure.name: measure for measure in _ALL}
