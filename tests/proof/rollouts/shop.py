"""What customers and copies would show of both sides in five seconds, drawn at random."""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from functools import cache

from strangler_proxy.gates.spans import spans_of

from strangler.compare import Verdict
from strangler.evidence import Evidence, Histogram, Sketch, Window, hash64
from strangler.evidence.evidence import PairKey
from strangler.evidence.traffic import BOUNDS, Traffic, TrafficKey
from strangler.gates import Span
from tests.proof.rollouts.badness import BACKGROUND, Behaviour

__all__ = ["RATE", "SECONDS", "Shop"]

RATE = 200.0
"""Requests a second of the route, of both sides together."""
SECONDS = 5
_ROUTE = "catalog.list"
_MEDIAN, _SIGMA = 0.04, 0.5
"""Of the times of both sides, in seconds: log-normal, so that the p95 is 91 ms."""
_BANK = 400
_RECHECK = 0.01


class Shop:
    """A route with its customers. `evidence` is that of the candidate's release, all of whose requests are pairs, as by
    default; `spans` are what customers got since the station began."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.evidence = Evidence()
        self.spans: tuple[Span, ...] = ()
        self.asked = 0
        """How many customers' requests the candidate was asked with in all."""
        self._late: list[tuple[float, int]] = []
        self._pairs = 0

    def begin(self) -> None:
        """Another station."""
        self.spans = ()

    def pass_window(self, start: float, share: float, stage: str, behaviour: Behaviour) -> None:
        """Five seconds from `start` on, in which the candidate answers `share` of the customers."""
        chance = self.chance
        candidates = _poisson(chance, RATE * SECONDS * share)
        others = _poisson(chance, RATE * SECONDS * (1 - share))
        self.asked += candidates
        failed = _hits(chance, candidates, behaviour.failing)
        if behaviour.given_up:
            # Nobody knows of them before they are given up.
            self._late.append((start + behaviour.given_up, failed))
            candidates -= failed
            failed = sum(count for due, count in self._late if due <= start)
            self._late = [each for each in self._late if each[0] > start]
            candidates += failed
        times = [chance.choice(_times()) * behaviour.slower for _ in range(candidates)]
        windows = []
        if candidates:
            buckets = [0] * (len(BOUNDS) + 1)
            for each in times:
                buckets[bisect_left(BOUNDS, each)] += 1
            traffic = Traffic(candidates, failed, 0, sum(times), tuple(buckets))
            windows.append(Window(start, SECONDS, TrafficKey(_ROUTE, "candidate", stage, "r1"), traffic))
        if others:
            drawn, histogram = chance.choice(_bank(others // 50 * 50 or 1))
            traffic = Traffic(others, _hits(chance, others, BACKGROUND), 0, 0.0, drawn)
            windows.append(Window(start, SECONDS, TrafficKey(_ROUTE, "monolith", stage), traffic))
            self.evidence.histogram("monolith", "first").merge(histogram)
        self.spans += spans_of(windows, now=start + SECONDS)
        self._compare(start, candidates + others, stage, behaviour)
        first = self.evidence.histogram("candidate", "first")
        for each in times:
            first.add(each)

    def _compare(self, start: float, pairs: int, stage: str, behaviour: Behaviour) -> None:
        differ = _hits(self.chance, pairs, behaviour.differing)
        for verdict, count in ((Verdict.AGREE, pairs - differ), (Verdict.DIFFER, differ)):
            if count:
                key = PairKey("/products/", "GET", 200, stage, "monolith", verdict, "", "")
                self.evidence.tally(key).add(start, count)
        self.evidence.asked += _hits(self.chance, pairs - differ, _RECHECK)
        self._pairs += pairs
        self.evidence.distinct["targets"] = _targets(self._pairs // 1000)


def _hits(chance: random.Random, trials: int, share: float) -> int:
    """How many of so many trials are hits."""
    if share >= 1:
        return trials
    if share <= 0 or not trials:
        return 0
    found, at, scale = 0, 0.0, math.log1p(-share)
    while True:
        # To the next hit: a geometric number of trials.
        at += math.floor(math.log(1.0 - chance.random()) / scale) + 1
        if at > trials:
            return found
        found += 1


def _poisson(chance: random.Random, mean: float) -> int:
    if mean <= 0:
        return 0
    if mean > 100:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    count, product, floor = 0, chance.random(), math.exp(-mean)
    while product > floor:
        count += 1
        product *= chance.random()
    return count


@cache
def _times() -> tuple[float, ...]:
    """Ten thousand times of one side, to draw from."""
    chance = random.Random(7)
    return tuple(chance.lognormvariate(math.log(_MEDIAN), _SIGMA) for _ in range(10_000))


@cache
def _bank(count: int) -> tuple[tuple[tuple[int, ...], Histogram], ...]:
    """Windows of the monolith with about so many requests, to draw from: what it does is the same in every run."""
    chance, made = random.Random(count), []
    for _ in range(_BANK):
        histogram, buckets = Histogram(), [0] * (len(BOUNDS) + 1)
        for _ in range(count):
            seconds = chance.choice(_times())
            histogram.add(seconds)
            buckets[bisect_left(BOUNDS, seconds)] += 1
        made.append((tuple(buckets), histogram))
    return tuple(made)


@cache
def _targets(thousands: int) -> Sketch:
    """What so many thousand distinct targets look like."""
    sketch = Sketch()
    if thousands:
        sketch.merge(_targets(thousands - 1))
        for number in range(1000 * (thousands - 1), 1000 * thousands):
            sketch.add(hash64(b"%d" % number))
    return sketch
