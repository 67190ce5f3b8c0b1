"""What a comparer tells of itself once a second: counters as differences, gauges as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strangler_proxy.comparer.backlog import Backlog
from strangler_proxy.comparer.comparer import Comparer
from strangler_proxy.comparer.desk import Desk
from strangler_proxy.comparer.intake import Intake
from strangler_proxy.comparer.ledger import Ledger
from strangler_proxy.comparer.sides import Sides
from strangler_proxy.report import process_samples

__all__ = ["Report"]

Sample = list[Any]


class Report:
    """The report of one comparer, made of its parts."""

    def __init__(
        self,
        intake: Intake,
        backlog: Backlog,
        comparer: Comparer,
        ledger: Ledger,
        sides: Sides,
        desk: Desk | None = None,
    ) -> None:
        self._intake = intake
        self._backlog = backlog
        self._comparer = comparer
        self._ledger = ledger
        self._sides = sides
        self._desk = desk
        self._told: dict[tuple[str, ...], float] = {}

    def take(self) -> tuple[list[Sample], list[Sample]]:
        """The counters' growth since the last take, and the gauges; the names are those of `measures`."""
        counters = []
        for key, total in self._totals():
            grown = total - self._told.get(key, 0)
            if grown:
                counters.append([key[0], list(key[1:]), grown])
                self._told[key] = total
        gauges: list[Sample] = [
            ["strangler_comparer_backlog", [], self._backlog.held],
            ["strangler_comparer_backlog_bytes", [], self._backlog.bytes],
            ["strangler_comparer_examining", [], self._comparer.examining],
            *process_samples(),
        ]
        return counters, gauges

    def _totals(self) -> Iterator[tuple[tuple[str, ...], float]]:
        for labels, total in self._ledger.pairs.items():
            yield ("strangler_shadow_pairs_total", *labels), total
        for upstream, total in self._sides.asked.items():
            yield ("strangler_comparer_asked_again_total", upstream), total
        for (upstream, cause), total in self._sides.unanswered.items():
            yield ("strangler_comparer_unanswered_total", upstream, cause), total
        if self._desk is not None:
            yield ("strangler_recorded_total",), self._desk.written
            for cause, total in self._desk.dropped.items():
                yield ("strangler_recording_dropped_total", cause), total
        yield ("strangler_comparer_refused_total",), self._intake.refused
        yield ("strangler_comparer_faults_total",), self._comparer.faults
