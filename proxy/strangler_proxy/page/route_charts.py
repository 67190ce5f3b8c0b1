"""What the charts of a route show: rate, latency and agreement over time, and what happened meanwhile. Pure.

Each is a document as `assets/chart.js` reads it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final

from strangler.evidence.scope import OTHERS
from strangler.evidence.traffic import duration_at
from strangler_proxy.words import stage_of

__all__ = ["RANGES", "Range", "agreement_chart", "days_chart", "latency_chart", "marks_of", "rate_chart"]

_SIDES: Final = ("monolith", "candidate")
_DAY: Final = 86_400
_LEAST: Final = 24
"""A chart has so many steps at least, so that the first of them are not all of it."""
_LEAST_DAYS: Final = 7
_LONGEST_RELEASE: Final = 12

_Row = Mapping[str, Any]
_Sides = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of time that ends now: so many `seconds`, of which each point of a chart is `step`."""

    name: str
    label: str
    seconds: int
    step: int


RANGES: Final = {
    each.name: each
    for each in (
        Range("quarter", "15 min", 900, 5),
        Range("hour", "1 hour", 3600, 15),
        Range("day", "1 day", _DAY, 300),
        Range("week", "1 week", 7 * _DAY, 3600),
        Range("month", "30 days", 30 * _DAY, 4 * 3600),
    )
}
"""The stretches that one can choose from, by name; the first is the one that is shown at first."""


def rate_chart(
    windows: Iterable[_Row], marks: Sequence[_Row], over: Range, now: float, *, empty: str
) -> dict[str, Any]:
    """Requests a second by side, and how many of the candidate's failed. The last step, which is not over, is left
    out."""
    found = _by_step(windows, over, now)

    def rate(side: str, what: str) -> Callable[[_Sides], float]:
        return lambda sides: sides[side][what] / over.step

    series = [_series(side, side, found, rate(side, "requests")) for side in _SIDES]
    series.append(_series("candidate's errors", "", found, rate("candidate", "errors")))
    return _chart("rate", found, series, marks, empty)


def latency_chart(
    windows: Iterable[_Row], marks: Sequence[_Row], over: Range, now: float, *, empty: str
) -> dict[str, Any]:
    """How long half of the answers, and 99 in 100, of each side took at most."""
    found = _by_step(windows, over, now)

    def at(side: str, quantile: float) -> Callable[[_Sides], float | None]:
        def value(sides: _Sides) -> float | None:
            seconds = duration_at(sides[side]["buckets"], quantile)
            return None if seconds is None else round(1000 * seconds, 2)

        return value

    series = [
        {**_series(f"{side} {name}", side, found, at(side, quantile)), "fine": quantile < 0.9}
        for side in _SIDES
        for name, quantile in (("p50", 0.5), ("p99", 0.99))
    ]
    return _chart("ms", found, series, marks, empty)


def agreement_chart(
    windows: Iterable[_Row], marks: Sequence[_Row], over: Range, now: float, *, empty: str
) -> dict[str, Any]:
    """The share of pairs that agreed in each step, the one that goes on included: of the release with the most pairs
    then."""
    found = _most_told(windows, over, over.step, _LEAST, now)
    return _chart("percent", found, [_agreed(found)], marks, empty)


def days_chart(days: Iterable[_Row], marks: Sequence[_Row], over: Range, now: float, *, empty: str) -> dict[str, Any]:
    """The share of pairs that agreed on each day, and what it surely was: of the release with the most pairs that day.
    It shows a week at least."""
    found = _most_told(days, over, _DAY, _LEAST_DAYS, now)
    surely = {"name": "surely at least", "side": "", "values": [row and row["bound"] for row in found.values()]}
    return _chart("percent", found, [_agreed(found), surely], marks, empty)


def _most_told(rows: Iterable[_Row], over: Range, step: int, least: int, now: float) -> dict[float, _Row | None]:
    """In each step, the row whose pairs tell most; None where none tells anything."""
    chosen: dict[float, _Row] = {}
    for row in rows:
        told = row["agree"] + row["differ"]
        before = chosen.get(row["start"])
        if told and (before is None or told > before["agree"] + before["differ"]):
            chosen[row["start"]] = row
    if not chosen:
        return {}
    end = now // step * step + step
    begin = max(end - over.seconds, min(*chosen, end - least * step))
    return {at: chosen.get(at) for at in _steps(begin, end, step)}


def _agreed(found: Mapping[float, _Row | None]) -> dict[str, Any]:
    values = [row and row["agree"] / (row["agree"] + row["differ"]) for row in found.values()]
    return {"name": "agreed", "side": "candidate", "values": values}


def marks_of(entries: Iterable[_Row], windows: Sequence[_Row], *, since: float) -> list[dict[str, Any]]:
    """What happened from `since` on: where the route was moved to, by its audit, and each release of the candidate of
    which there are `windows` for the first time, in the order of time. One that is in the first came earlier."""
    found = [
        {"at": at, "label": stage_of(entry["to"]), "kind": "flip"}
        for entry in entries
        for at in (datetime.fromisoformat(entry["at"]).timestamp(),)
        if at >= since and entry["from"] is not None
    ]
    first: dict[str, float] = {}
    for window in windows:
        release = window["release"]
        if window.get("side", "candidate") == "candidate" and release and release != OTHERS:
            first[release] = min(window["start"], first.get(release, window["start"]))
    begin = min((each["start"] for each in windows), default=0.0)
    found += [
        {"at": at, "label": f"release {release[:_LONGEST_RELEASE]}", "kind": "release"}
        for release, at in first.items()
        if at > begin
    ]
    return sorted(found, key=lambda mark: mark["at"])


def _by_step(windows: Iterable[_Row], over: Range, now: float) -> dict[float, _Sides | None]:
    """Both sides in each step that is over, from when somebody asked on, but so many at least; None before that."""
    found: dict[float, _Sides] = defaultdict(_both)
    for window in windows:
        side = found[float(window["start"] // over.step * over.step)][window["side"]]
        side["requests"] += window["requests"]
        side["errors"] += window["errors"]
        side["buckets"] = list(map(sum, zip_longest(side["buckets"], window["buckets"], fillvalue=0)))
    end = now // over.step * over.step
    first = min(found, default=end)
    if first >= end:
        return {}
    begin = max(end - over.seconds, min(first, end - _LEAST * over.step))
    return {at: found[at] if at >= first else None for at in _steps(begin, end, over.step)}


def _steps(begin: float, end: float, step: int) -> Iterator[float]:
    return (begin + step * each for each in range(int((end - begin) // step)))


def _both() -> _Sides:
    return {side: {"requests": 0, "errors": 0, "buckets": []} for side in _SIDES}


def _series(
    name: str, side: str, found: Mapping[float, _Sides | None], value: Callable[[_Sides], float | None]
) -> dict[str, Any]:
    return {"name": name, "side": side, "values": [None if each is None else value(each) for each in found.values()]}


def _chart(
    unit: str, found: Mapping[float, Any], series: list[dict[str, Any]], marks: Sequence[_Row], empty: str
) -> dict[str, Any]:
    begin = min(found, default=0.0)
    return {
        "times": list(found),
        "unit": unit,
        "series": series if found else [],
        "marks": [each for each in marks if found and each["at"] >= begin],
        "empty": "" if found else empty,
    }
