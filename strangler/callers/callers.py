"""All that was counted, on all machines, and what it proves of views that nobody should need any more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from strangler.callers.counted import Caller, Passage, Reached
from strangler.evidence import GateVerdict, Judgement

__all__ = ["VERSION", "Callers"]

VERSION: Final = 1
"""The version of the format. A reader refuses another."""

# Counting may have been silent for so much of the time that is asked about.
_SILENT: Final = 0.1
_DAY: Final = 86400


@dataclass(frozen=True, slots=True)
class Callers:
    """What was counted until `at`. Times are in seconds since the epoch.

    `since` is when counting began, None where nobody has counted yet; `silences` are the times of an hour and more in
    which no request at all was counted, from when to when: a monolith that does not count looks like one that nobody
    asks.
    """

    at: float
    since: float | None = None
    silences: tuple[tuple[float, float], ...] = ()
    machines: tuple[str, ...] = ()
    views: tuple[Reached, ...] = ()
    callers: tuple[Caller, ...] = ()

    @property
    def silence(self) -> float:
        """The longest silence, in seconds."""
        return max((end - begin for begin, end in self.silences), default=0.0)

    def unused(
        self, routes: Collection[str], *, seconds: float, now: datetime, methods: Collection[str] = ()
    ) -> Judgement:
        """Whether no request of a customer, and none past the proxy, reached one of these views in the last `seconds`.

        `routes` are keys of the inventory's views; `methods` (empty for any) narrow it. Inconclusive where counting has
        not lasted so long, has not gone on until `now` within an hour, or was silent for a tenth of the time and more.
        """
        end = now.timestamp()
        begin = end - seconds
        rows = tuple(
            row
            for row in self.views
            if row.route in routes
            and row.passage is not Passage.COPIES
            and (not methods or row.method in methods)
            and row.counted.last >= begin
        )
        if rows:
            last = max(rows, key=lambda row: row.counted.last)
            how = "past the proxy" if last.passage is Passage.PAST else "by way of the proxy"
            return Judgement(
                GateVerdict.FAIL,
                f"{last.method} {last.name or last.route} was reached {how} at {_moment(last.counted.last)}, and nobody"
                f" was to reach it for {_time(seconds)}.",
            )
        if self.since is None:
            return Judgement(GateVerdict.INCONCLUSIVE, "Nobody has counted yet: see CallersMiddleware.")
        if self.since > begin:
            left = _time(self.since - begin)
            return Judgement(
                GateVerdict.INCONCLUSIVE,
                f"Nothing was counted since {_moment(self.since)}; {left} more are needed for {_time(seconds)}.",
            )
        if self.at < end - 2 * 3600:
            return Judgement(
                GateVerdict.INCONCLUSIVE, f"The counts are of {_moment(self.at)}: take new ones (strangler_callers)."
            )
        silent = sum(max(min(until, end) - max(since, begin), 0.0) for since, until in self.silences)
        if silent > seconds * _SILENT:
            return Judgement(
                GateVerdict.INCONCLUSIVE,
                f"Nothing was counted of these, but in {_time(silent)} of {_time(seconds)} nothing at all was: does"
                " every process of the monolith count?",
            )
        return Judgement(GateVerdict.PASS, f"Nobody has reached these for {_time(seconds)}.")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _time(seconds: float) -> str:
    for size, word in ((_DAY, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {word}"
    return f"{seconds:.3g} s"
