"""What was answered by whom, how fast, and what went wrong, counted between two reports to the control plane."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Final

from strangler.evidence import traffic

__all__ = ["BOUNDS", "Counts", "Tally"]

BOUNDS: Final[tuple[float, ...]] = traffic.BOUNDS

_BUCKETS: Final = len(BOUNDS) + 1
# Causes are words of our own; should one ever carry more, memory stays bounded all the same.
_MOST_CAUSES: Final = 512
_OTHER: Final = "other"
_MOST_RELEASES: Final = 256
_LONGEST_RELEASE: Final = 64


class _Row:
    """The answers of one status class: how many a bucket, what they took together, and how many were cut off."""

    __slots__ = ("broken", "buckets", "number", "seconds")

    def __init__(self, number: int) -> None:
        self.number = number
        self.buckets = [0] * _BUCKETS
        self.seconds = 0.0
        self.broken = 0


class Tally:
    """The answers of one upstream for one side of one route, in one stage. Got once from `Counts.tally`, then kept.
    Answers given in a failed candidate's place have one of their own, with `fell_back`: how long those took is told
    apart, for the candidate's failing is in it.

    With a thousand routes each answer finds another tally, whose memory is in no cache: it is as little as it can be.
    """

    __slots__ = ("_row", "_rows", "fell_back", "route", "side", "stage", "upstream")

    def __init__(self, route: str, side: str, upstream: str, stage: str, fell_back: bool = False) -> None:
        self.route = route
        self.side = side
        self.upstream = upstream
        self.stage = stage
        self.fell_back = fell_back
        # The class counted last, which is hardly ever another one than before.
        self._row = _Row(2)
        self._rows = [self._row]

    def add(self, status: int, seconds: float) -> None:
        """Count one answer: its status (100 to 999), and what it took."""
        row = self._row
        number = status // 100
        if number != row.number:
            row = self._row = self._row_of(number)
        row.buckets[bisect_left(BOUNDS, seconds)] += 1
        row.seconds += seconds

    def broke_off(self, status: int) -> None:
        """Note of an answer that `add` counts that its upstream broke it off."""
        self._row_of(status // 100).broken += 1

    def _row_of(self, number: int) -> _Row:
        for row in self._rows:
            if row.number == number:
                return row
        row = _Row(number)
        self._rows.append(row)
        return row

    def count(self) -> int:
        """The answers since the last take."""
        return sum([sum(row.buckets) for row in self._rows])

    def take(self, into: list[dict[str, Any]]) -> int:
        """Append what was counted since the last take to `into`, one entry a status class; returns how many answers."""
        taken = 0
        for row in self._rows:
            count = sum(row.buckets)
            if not count:
                continue
            taken += count
            into.append(
                {
                    "route": self.route,
                    "side": self.side,
                    "upstream": self.upstream,
                    "stage": self.stage,
                    "status_class": f"{row.number}xx",
                    "count": count,
                    "fallbacks": count if self.fell_back else 0,
                    "broken": row.broken,
                    "seconds": round(row.seconds, 6),
                    "buckets": row.buckets,
                }
            )
            row.buckets = [0] * _BUCKETS
            row.seconds = 0.0
            row.broken = 0
        return taken


class Counts:
    """What one worker counts. Everything in it is told once, by `take` and `take_causes`."""

    __slots__ = ("_failures", "_fallbacks", "_refusals", "_taken", "_tallies", "releases", "testers", "timeouts")

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str, str, str, bool], Tally] = {}
        self._fallbacks: dict[tuple[str, str, str], int] = {}
        self._failures: dict[tuple[str, str], int] = {}
        self._refusals: dict[tuple[int, str], int] = {}
        self._taken = 0
        # How often clients were slower than each limit allows; never goes back.
        self.timeouts: dict[str, int] = {}
        # Words of testers by what became of them; never goes back.
        self.testers: dict[str, int] = {}
        # Answers by upstream and the release that it says it is; never goes back.
        self.releases: dict[tuple[str, str], int] = {}

    @property
    def total(self) -> int:
        """The answers counted so far; never goes back."""
        return self._taken + sum(tally.count() for tally in self._tallies.values())

    def tally(self, route: str, side: str, upstream: str, stage: str = "", *, fell_back: bool = False) -> Tally:
        """The one tally of these. `route` is `-` for a request that no route takes, `stage` empty for one without."""
        key = (route, side, upstream, stage, fell_back)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally(route, side, upstream, stage, fell_back)
        return tally

    def fallback(self, route: str, upstream: str, cause: str) -> None:
        """Count that the monolith is asked because `upstream`, asked for `route`, gave no answer."""
        key = (route, upstream, cause)
        self._fallbacks[key] = self._fallbacks.get(key, 0) + 1

    def failure(self, upstream: str, cause: str) -> None:
        """Count that `upstream` gave no answer, or none that was whole."""
        key = (upstream, cause)
        self._failures[key] = self._failures.get(key, 0) + 1

    def refuse(self, status: int, reason: str) -> None:
        """Count an answer, and the refusal that it is, to a request that cannot be told to any route."""
        self.tally("-", "-", "-").add(status, 0.0)
        self.refusal(status, reason)

    def refusal(self, status: int, reason: str) -> None:
        """Note of an answer counted elsewhere that a request was refused with it, for what its client did."""
        key = (status, reason)
        if key not in self._refusals and len(self._refusals) >= _MOST_CAUSES:
            key = (status, _OTHER)
        self._refusals[key] = self._refusals.get(key, 0) + 1

    def timeout(self, limit: str) -> None:
        """Count that a client was slower than `limit`, a key of `[limits]`, allows."""
        self.timeouts[limit] = self.timeouts.get(limit, 0) + 1

    def tester(self, outcome: str) -> None:
        """Count what became of a tester's word on a route in a canary."""
        self.testers[outcome] = self.testers.get(outcome, 0) + 1

    def release(self, upstream: str, release: bytes) -> None:
        """Count an answer of an upstream that says which release it is."""
        text = release.decode("latin-1")
        if len(text) > _LONGEST_RELEASE or not text.isascii() or not text.isprintable():
            return
        key = (upstream, text)
        if key not in self.releases and len(self.releases) >= _MOST_RELEASES:
            key = (upstream, _OTHER)
        self.releases[key] = self.releases.get(key, 0) + 1

    def take(self) -> list[dict[str, Any]]:
        """The answers since the last take as plain JSON types, one entry a route, side, upstream, stage and class;
        another one for those that were fallbacks.

        `buckets` are the answers by duration, one number for each of `BOUNDS` and one for what took longer.
        """
        taken: list[dict[str, Any]] = []
        for tally in self._tallies.values():
            self._taken += tally.take(taken)
        return taken

    def take_causes(self) -> dict[str, list[dict[str, Any]]]:
        """What went wrong since the last take, as plain JSON types: fallbacks, failures and refusals, each by cause."""
        fallbacks, self._fallbacks = self._fallbacks, {}
        failures, self._failures = self._failures, {}
        refusals, self._refusals = self._refusals, {}
        return {
            "fallbacks": [
                {"route": route, "upstream": upstream, "cause": cause, "count": count}
                for (route, upstream, cause), count in fallbacks.items()
            ],
            "failures": [
                {"upstream": upstream, "cause": cause, "count": count} for (upstream, cause), count in failures.items()
            ],
            "refusals": [
                {"status": status, "reason": reason, "count": count} for (status, reason), count in refusals.items()
            ],
        }
