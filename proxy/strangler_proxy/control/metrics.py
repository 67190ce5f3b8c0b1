"""`/metrics`: what this replica's processes have counted and measured, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import accumulate
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from strangler import __version__
from strangler.toggles import BUCKETS, Stage
from strangler_proxy.control.plane import ControlPlane
from strangler_proxy.counts import BOUNDS
from strangler_proxy.measures import COUNTER, HISTOGRAM, MEASURES, Measure
from strangler_proxy.report import process_samples
from strangler_proxy.rollout import RolloutState
from strangler_proxy.rollout.rollout import OVER

__all__ = ["CONTROL", "exposition"]

# What the control plane is called where the other processes are called by their slot.
CONTROL: Final = "control"
_BOUNDS: Final = (*(str(bound) for bound in BOUNDS), "+Inf")

_Family: TypeAlias = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


def exposition(plane: ControlPlane, accept: str) -> tuple[bytes, str]:
    """The metrics of `plane` and of its workers in the format that `accept` asks for, and that format's name."""
    encode, content_type = choose_encoder(accept)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(_families(plane)))
    return encode(registry), content_type


class _Collected(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(plane: ControlPlane) -> list[Metric]:
    families = {name: _family(measure) for name, measure in MEASURES.items()}
    for name, labels, value in (*_summed(plane), *_of_workers(plane), *_of_comparers(plane), *_of_control(plane)):
        family = families.get(name)
        # A worker of another version may say what is not known here.
        if isinstance(family, CounterMetricFamily | GaugeMetricFamily) and len(labels) == len(MEASURES[name].labels):
            family.add_metric(labels, value)
    durations = families["strangler_request_duration_seconds"]
    if isinstance(durations, HistogramMetricFamily):
        for place, (numbers, seconds) in plane.workers.measured.durations.items():
            durations.add_metric(place, list(zip(_BOUNDS, accumulate(numbers), strict=True)), seconds[0])
    return list(families.values())


def _family(measure: Measure) -> _Family:
    if measure.kind == HISTOGRAM:
        return HistogramMetricFamily(measure.name, measure.meaning, labels=measure.labels)
    family = CounterMetricFamily if measure.kind == COUNTER else GaugeMetricFamily
    return family(measure.name, measure.meaning, labels=measure.labels)


_Sample: TypeAlias = tuple[str, tuple[str, ...], float]


def _summed(plane: ControlPlane) -> Iterator[_Sample]:
    measured = plane.workers.measured
    for labels, requests in measured.requests.items():
        yield "strangler_requests_total", labels, requests
    for (name, *values), number in measured.counters.items():
        yield name, tuple(values), number
    # Begun at nothing, so that the first of them is seen as a growth.
    for name, measure in MEASURES.items():
        if measure.kind == COUNTER and not measure.labels and (name,) not in measured.counters:
            yield name, (), 0
    for slot, links in measured.links.items():
        yield "strangler_worker_links_total", (str(slot),), links
    for what, lost in (("batch", plane.evidence.lost), ("traffic", plane.evidence.traffic.lost)):
        for cause, count in lost.items():
            yield "strangler_evidence_lost_total", (what, cause), count
    for number, links in plane.workers.comparers.links.items():
        yield "strangler_comparer_links_total", (str(number),), links


def _of_workers(plane: ControlPlane) -> Iterator[_Sample]:
    linked = plane.workers.linked()
    for slot in range(plane.config.workers):
        worker, name = linked.get(slot), str(slot)
        yield "strangler_worker_up", (name,), worker is not None
        yield "strangler_worker_live", (name,), worker is not None and worker.decides_by(plane.snapshot.revision)
        if worker is None:
            continue
        yield "strangler_worker_revision", (name,), worker.revision
        for measure, labels, value in worker.gauges:
            yield str(measure), (name, *map(str, labels)), float(value)


def _of_comparers(plane: ControlPlane) -> Iterator[_Sample]:
    linked = plane.workers.comparers.linked()
    for number in range(plane.config.comparers):
        comparer, name = linked.get(number), str(number)
        yield "strangler_comparer_up", (name,), comparer is not None and comparer.heard
        if comparer is None:
            continue
        for measure, labels, value in comparer.gauges:
            # What every process tells of itself has one label for all kinds of them.
            own = name if str(measure).startswith("strangler_comparer_") else f"comparer-{name}"
            yield str(measure), (own, *map(str, labels)), float(value)


def _of_control(plane: ControlPlane) -> Iterator[_Sample]:
    for measure, _, value in process_samples():
        yield measure, (CONTROL,), value
    snapshot = plane.snapshot
    yield "strangler_toggles_revision", (), snapshot.revision
    for toggle in snapshot.toggles.values():
        for stage in Stage:
            yield (
                "strangler_toggle_stage",
                (toggle.name, toggle.kind.value, stage.value),
                toggle.stage is stage,
            )
        yield "strangler_toggle_share_ratio", (toggle.name, toggle.kind.value), toggle.share / BUCKETS
    for state in RolloutState:
        if state not in OVER:
            number = sum(each.state is state for each in plane.rollouts.going_on)
            yield "strangler_rollouts", (state.value,), number
    for outcome, number in plane.notifier.counts.items():
        yield "strangler_notices_total", (outcome,), number
    for dependency, lack in plane.ready().items():
        yield "strangler_dependency_up", (dependency,), lack is None
    yield "strangler_build_info", (__version__, plane.config.digest), 1
    reloaded = plane.reloaded()
    if reloaded is not None:
        yield "strangler_last_reload_ok", (), reloaded["ok"] is True
        yield "strangler_last_reload_timestamp_seconds", (), datetime.fromisoformat(str(reloaded["at"])).timestamp()
    yield "strangler_control_start_time_seconds", (), plane.started_at.timestamp()
