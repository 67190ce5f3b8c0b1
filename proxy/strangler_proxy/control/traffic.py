"""The control plane's intake of traffic: what workers count once a second becomes windows in the store of evidence."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from strangler.errors import StoreUnavailable
from strangler.evidence import BOUNDS, OTHERS, EvidenceStore, Traffic, TrafficKey
from strangler.evidence.shape import count_of, items_of, member_of, number_of, text_of
from strangler.evidence.traffic import window_of
from strangler.toggles import Side
from strangler_proxy.complaints import Complaints

__all__ = ["TrafficIntake"]

# Rows that wait in memory for a store that does not answer: some tens of megabytes.
_MOST_WAITING: Final = 100_000
_MOST_COUNTED: Final = 2**40
_COUNTS: Final = ("count", "fallbacks", "broken")
_SIDES: Final = frozenset(Side)
_UNTIMED: Final = (0,) * (len(BOUNDS) + 1)

_log = logging.getLogger("strangler.evidence")


@dataclass(slots=True)
class _Waiting:
    """What is to be added to one window, under a name that it keeps until the store has it."""

    start: int
    rows: dict[TrafficKey, Traffic] = field(default_factory=dict)
    opened: Counter[str] = field(default_factory=Counter)
    told: str = field(default_factory=lambda: os.urandom(12).hex())


class TrafficIntake:
    """Adds up by window what workers tell, and gives it to `store`. `candidates` is each route's candidate upstream,
    `releases` what an upstream is where it never said.

    A window is the one in which it is told: a second at most after it was, unless the link was down. Workers count
    releases by upstream only, so that their hot path is not burdened: what a worker tells of a second belongs to the
    release that the upstream said it was, in the answers of that second; to the one that it said last where there was
    no answer, or none that says; and to `…` where they said several, as while a release is rolled out.

    While the store does not answer, 100,000 rows wait; then the oldest windows are dropped. `lost` counts by cause what
    is in no window: tellings that are `unreadable`, windows that were an `overflow` or `unstorable`.
    """

    def __init__(
        self,
        store: EvidenceStore,
        candidates: Mapping[str, str],
        releases: Mapping[str, str],
        *,
        now: Callable[[], float],
    ) -> None:
        self.lost: Counter[str] = Counter()
        self._store = store
        self._candidates = candidates
        self._now = now
        self._releases = dict(releases)
        self._waiting: dict[int, _Waiting] = {}
        self._writing: _Waiting | None = None
        self._complaints = Complaints(_log)

    def take(self, message: dict[str, Any]) -> None:
        """Take in what a worker has told: its `traffic`, and `counters` for releases and breakers."""
        try:
            grown = _Grown(message.get("counters", ()))
            told = [self._row(row, grown) for row in message.get("traffic", ())]
        except Exception as error:
            # Whatever it was: the worker's link is worth more.
            self.lost["unreadable"] += 1
            self._complaints.note(error, "What a worker counted cannot be read, and is missing in the windows")
            return
        for upstream, releases in grown.releases.items():
            if len(releases) == 1:
                self._releases[upstream] = next(iter(releases))
        rows = [row for row in told if row is not None]
        if not (rows or grown.opened):
            return
        start = window_of(self._now())
        window = self._waiting.get(start)
        if window is None:
            # A store that hangs does not even say that it does not answer.
            self._drop_oldest()
            window = self._waiting[start] = _Waiting(start)
        for key, traffic in rows:
            held = window.rows.get(key)
            window.rows[key] = traffic if held is None else held + traffic
        window.opened.update(grown.opened)

    async def write(self) -> bool:
        """Give the store what waits, the oldest window first; whether there was any. Raises StoreUnavailable; then it
        waits on."""
        wrote = False
        while self._writing is not None or self._waiting:
            if self._writing is None:
                self._writing = self._waiting.pop(min(self._waiting))
            try:
                await asyncio.to_thread(self._add, self._writing)
            except StoreUnavailable:
                self._drop_oldest()
                raise
            except Exception as error:
                # The next time it would be no better, and everything after it would wait.
                self.lost["unstorable"] += 1
                self._complaints.note(error, "A window of traffic cannot be stored, and is dropped")
            self._writing, wrote = None, True
        return wrote

    def _add(self, window: _Waiting) -> None:
        self._store.add_traffic(window.rows, at=window.start, opened=window.opened, told=window.told)

    def _drop_oldest(self) -> None:
        while len(self._waiting) > 1 and sum(len(each.rows) for each in self._waiting.values()) > _MOST_WAITING:
            del self._waiting[min(self._waiting)]
            self.lost["overflow"] += 1

    def _row(self, row: Any, grown: _Grown) -> tuple[TrafficKey, Traffic] | None:
        """One row of a worker as what customers got of a side; None for a request that cannot be told to any."""
        route, side = text_of(member_of(row, "route", "a row"), "a route"), member_of(row, "side", "a row")
        if side not in _SIDES:
            return None
        upstream = text_of(member_of(row, "upstream", "a row"), "an upstream")
        status = text_of(member_of(row, "status_class", "a row"), "a class", 3)
        count, fallbacks, broken = _counts([row.get(name, 0) for name in _COUNTS], "a count of a row")
        if fallbacks:
            # It is the candidate's request, which failed, whoever answered it.
            side, upstream = Side.CANDIDATE, self._candidates.get(route, "")
        seconds, buckets = number_of(row.get("seconds", 0.0), "seconds"), _UNTIMED
        if "buckets" in row:
            buckets = _counts(items_of(row["buckets"], "buckets", len(_UNTIMED)), "a bucket")
        if status.startswith("1"):
            # A tunnel: how long it was open says nothing of how fast an answer came.
            seconds, buckets = 0.0, _UNTIMED
        stage = text_of(row.get("stage", ""), "a stage")
        # A fallback that was then cut off is one error.
        errors = count if status.startswith("5") else min(count, fallbacks or broken)
        key = TrafficKey(route, str(side), stage, self._release(upstream, grown))
        return key, Traffic(count, errors, fallbacks, seconds, buckets)

    def _release(self, upstream: str, grown: _Grown) -> str:
        releases = grown.releases.get(upstream)
        if not releases:
            return self._releases.get(upstream, "")
        return OTHERS if len(releases) > 1 else next(iter(releases))


class _Grown:
    """By upstream, which releases it said that it was, and how often its breaker opened."""

    def __init__(self, counters: Iterable[Any]) -> None:
        self.releases: dict[str, set[str]] = {}
        self.opened: Counter[str] = Counter()
        for name, labels, count in counters:
            if name == "strangler_releases_total":
                upstream, release = labels
                self.releases.setdefault(text_of(upstream, "an upstream"), set()).add(text_of(release, "a release"))
            elif name == "strangler_breaker_opened_total":
                (upstream,) = labels
                self.opened[text_of(upstream, "an upstream")] += _count(count, "a count")


def _counts(numbers: Sequence[Any], what: str) -> tuple[int, ...]:
    # With a thousand routes there are tens of thousands a second, and nearly all are fine: that is seen of all at once.
    if set(map(type, numbers)) == {int} and min(numbers) >= 0 and max(numbers) <= _MOST_COUNTED:
        return tuple(numbers)
    return tuple(_count(each, what) for each in numbers)


def _count(number: Any, what: str) -> int:
    # What adds up for years still fits into a column.
    if count_of(number, what) > _MOST_COUNTED:
        raise ValueError(f"{what} is more than anybody counts in a second")
    return int(number)
