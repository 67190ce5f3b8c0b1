"""The recording of this replica: begun by an order, told to workers and to who writes, and ended in time."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import Any, Final

from strangler_proxy.control.comparers import NOTHING, Comparer
from strangler_proxy.control.workers import Workers
from strangler_proxy.record.order import Order

__all__ = ["End", "Recordings"]

WAIT_SECONDS: Final = 2.0
# How long the end may take: until all workers have taken it, the file is closed, and all counts are told.
_TAKEN_SECONDS: Final = 2.0
_CLOSED_SECONDS: Final = 4.0
_TOLD_SECONDS: Final = 2.0
_DROPPED: Final = "strangler_recording_dropped_total"
_SAMPLE: Final = "sample"
_ABSENT: Final = "comparer 0, which writes it, is not there: what is to be recorded waits, and is dropped"

_log = logging.getLogger("strangler.recording")


class End(StrEnum):
    """Why a recording has ended."""

    TIME = "time"
    REQUESTS = "requests"
    STOPPED = "stopped"


@dataclass(slots=True, eq=False)
class _Recording:
    """One of them. `before` is what had been dropped when it began, by cause; `reports` what each comparer that has
    written it told last, by when its process began. `over` is set when nothing of it is to come any more."""

    order: Order
    who: str
    why: str
    before: dict[str, float]
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    deadline: float = 0.0
    end: End | None = None
    reports: dict[float, dict[str, Any]] = field(default_factory=dict)
    acknowledged: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def line(self) -> bytes:
        """What workers and the comparer are told of it now."""
        if self.end is not None:
            return NOTHING
        order = self.order.to_json(seconds=max(self.deadline - monotonic(), 0.0))
        message = {"type": "record", "order": order}
        return json.dumps(message, separators=(",", ":")).encode() + b"\n"

    def total(self, what: str) -> int:
        """A number that comparers told, added up."""
        return sum(int(report.get(what, 0)) for report in self.reports.values())


class Recordings:
    """One at a time. Ended it still can be asked for, until the next one begins."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._last: _Recording | None = None
        self._watching: asyncio.Task[None] | None = None
        workers.order = workers.comparers.order = self._line
        workers.comparers.on_recording = self._heed

    @property
    def runs(self) -> bool:
        """Whether one has begun and is not over."""
        return self._last is not None and not self._last.over.is_set()

    async def begin(self, order: Order, *, who: str, why: str, wait_seconds: float | None = None) -> None:
        """Begin one, when none `runs`; returns when all workers record, or the time (2 seconds) is over."""
        wait = WAIT_SECONDS if wait_seconds is None else wait_seconds
        recording = self._last = _Recording(order, who, why, self._dropped(), deadline=monotonic() + order.seconds)
        _log.warning("recording to %s begun by %s: %s", order.path, who, why)
        self._watching = asyncio.create_task(self._watch(recording))
        comparers = self._workers.comparers
        comparers.record(recording.line())
        # Whoever writes is to know of it first.
        await self._until(recording, lambda: self._is_written(order.id), wait)
        if recording.end is None:
            self._workers.record(recording.line())
            recording.acknowledged, recording.missing = await self._workers.recording(order.id, wait_seconds=wait)

    async def end(self, who: str) -> bool:
        """End the one that runs, and wait until it is over; False where there is none."""
        recording = self._last
        if recording is None or recording.over.is_set():
            return False
        if recording.end is None:
            _log.warning("recording to %s stopped by %s", recording.order.path, who)
            self._set_end(recording, End.STOPPED)
        await recording.over.wait()
        return True

    async def stop(self) -> None:
        """This process ends, and with it what is recorded."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        if self._last is not None and self.runs:
            self._set_end(self._last, End.STOPPED)
            self._workers.record(NOTHING)
            self._workers.comparers.record(NOTHING)
            self._last.over.set()
            _log.warning("recording to %s ended: the control plane ends", self._last.order.path)

    def running(self) -> dict[str, Any] | None:
        """The one that runs, as the control API tells it."""
        return self.told() if self.runs else None

    def told(self) -> dict[str, Any] | None:
        """The one that runs, or the one that ran last; None where there was none."""
        recording = self._last
        if recording is None:
            return None
        order = recording.order
        dropped = {
            cause: int(number - recording.before.get(cause, 0)) for cause, number in sorted(self._dropped().items())
        }
        sampled_out = dropped.pop(_SAMPLE, 0)
        return {
            "id": order.id,
            "state": "ended" if recording.over.is_set() else "running" if recording.end is None else "ending",
            "end": recording.end,
            "file": str(order.path),
            "routes": list(order.routes),
            "sample": order.sample,
            "bodies": order.bodies,
            "requests": order.requests or None,
            "since": recording.since.isoformat(),
            "until": (recording.since + timedelta(seconds=order.seconds)).isoformat(),
            "who": recording.who,
            "why": recording.why,
            "written": recording.total("written"),
            "bytes": recording.total("bytes"),
            "sampled_out": sampled_out,
            "dropped": {cause: number for cause, number in dropped.items() if number},
            "problem": self._problem(recording),
            "acknowledged": [str(slot) for slot in recording.acknowledged],
            "missing": [str(slot) for slot in recording.missing],
        }

    def _line(self) -> bytes:
        return NOTHING if self._last is None else self._last.line()

    def _dropped(self) -> dict[str, float]:
        counters = self._workers.measured.counters
        return {key[1]: number for key, number in counters.items() if key[0] == _DROPPED}

    def _problem(self, recording: _Recording) -> str | None:
        if recording.over.is_set():
            latest = list(recording.reports.values())[-1:]
            return str(latest[0].get("problem", "")) or None if latest else None
        writing = self._workers.comparers.writing
        if writing is None or not writing.heard:
            return _ABSENT
        return str(writing.recording.get("problem", "")) or None

    def _heed(self, comparer: Comparer) -> None:
        """A comparer has said how its recording stands, or what it counted."""
        recording, report = self._last, comparer.recording
        if recording is None or recording.over.is_set() or report.get("id") != recording.order.id:
            return
        recording.reports[comparer.began] = report
        if report.get("full") is True and recording.end is None:
            self._set_end(recording, End.REQUESTS)
        recording.changed.set()

    def _is_written(self, name: str, *, closed: bool = False, settled: bool = False) -> bool:
        """Whether who writes has taken that order, has `closed` its file, and has told what it counted until then."""
        writing = self._workers.comparers.writing
        if writing is None:
            return closed
        report = writing.recording
        return (
            report.get("id") == name
            and (not closed or report.get("closed") is True)
            and (not settled or writing.settled)
        )

    @staticmethod
    def _set_end(recording: _Recording, end: End) -> None:
        recording.end = end
        recording.changed.set()

    @staticmethod
    async def _until(recording: _Recording, condition: Callable[[], bool], seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition():
                    recording.changed.clear()
                    await recording.changed.wait()

    async def _watch(self, recording: _Recording) -> None:
        left = recording.deadline - monotonic()
        await self._until(recording, lambda: recording.end is not None, left)
        recording.end = recording.end or End.TIME
        workers, name = self._workers, recording.order.id
        workers.record(NOTHING)
        await workers.recording("", wait_seconds=_TAKEN_SECONDS)
        # They have told all that there is to write.
        workers.comparers.record(NOTHING)
        await self._until(recording, lambda: self._is_written(name, closed=True), _CLOSED_SECONDS)
        await self._until(recording, lambda: self._is_written(name, closed=True, settled=True), _TOLD_SECONDS)
        await workers.settled(wait_seconds=_TOLD_SECONDS)
        recording.over.set()
        _log.warning(
            "recording to %s ended (%s): %d requests written",
            recording.order.path,
            recording.end,
            recording.total("written"),
        )
