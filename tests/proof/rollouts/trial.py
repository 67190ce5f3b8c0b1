"""Many rollouts: how soon bad candidates are taken back, and how often a good one is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from time import monotonic
from typing import Any, Final

from strangler_proxy.rollout import Place

from strangler.evidence.binomial import upper_bound
from strangler.toggles import Stage
from tests.proof.rollouts.badness import BADNESS, GOOD, Badness
from tests.proof.rollouts.walk import BRISK, LASTING, Walked, walk

__all__ = ["MOST_TAKEN_BACK", "RolloutPlan", "Trial", "run"]

MOST_TAKEN_BACK: Final = 0.003
"""In at most this share of whole rollouts a good candidate may be taken back."""
_CONFIDENCE: Final = 0.95
_SHADOW: Final = Place(Stage.SHADOW)
_FIVE: Final = Place(Stage.CANARY, 5_000)
_CHUNK: Final = 4
_LOOK_EVERY: Final = 3
"""Whole rollouts of a good candidate are looked at every 15 seconds, for each look takes some milliseconds."""


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """How many rollouts of each bad candidate, how many whole ones of the good one, from which seed on."""

    bad: int
    good: int
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Trial:
    """How they ended: of each bad candidate, and of the good one."""

    bad: Sequence[tuple[Badness, Sequence[Walked]]]
    good: Sequence[Walked]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether every bad one was taken back, within its bar, and the good one surely as seldom as is wanted."""
        return all(_row(*each)["good"] for each in self.bad) and bool(self._good()["good"])

    def to_json(self) -> dict[str, Any]:
        """The figures as plain JSON types."""
        return {
            "good": self.holds,
            "seconds": self.seconds,
            "bad": [_row(*each) for each in self.bad],
            "candidate_as_good": self._good(),
        }

    def _good(self) -> dict[str, Any]:
        taken = sum(each.taken_back for each in self.good)
        most = upper_bound(taken, len(self.good), _CONFIDENCE)
        return {
            "rollouts": len(self.good),
            "finished": sum(each.state == "finished" for each in self.good),
            "taken_back": taken,
            "share_at_most": most,
            "confidence": _CONFIDENCE,
            "wanted": MOST_TAKEN_BACK,
            "rollouts_needed": math.ceil(math.log(1 - _CONFIDENCE) / math.log1p(-MOST_TAKEN_BACK)),
            "reasons": [each.reason for each in self.good if each.taken_back][:5],
            # Without any it is not asked.
            "good": not self.good or most <= MOST_TAKEN_BACK,
        }


def run(plan: RolloutPlan, *, processes: int = 2, say: Callable[[str], None] = print) -> Trial:
    """Carry it out, in so many processes."""
    began = monotonic()
    # A fork would take along the threads of whatever ran before.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        seeds = range(plan.seed, plan.seed + plan.bad)
        bad = []
        for each in BADNESS:
            say(f"  {each.name}: {plan.bad} rollouts")
            bad.append((each, list(pool.map(partial(_bad, each.name), seeds, chunksize=_CHUNK))))
        say(f"  {GOOD.name}: {plan.good} whole rollouts")
        good = list(pool.map(_good, range(plan.seed, plan.seed + plan.good), chunksize=_CHUNK))
    return Trial(bad, good, monotonic() - began)


def _bad(name: str, seed: int) -> Walked:
    # Functions do not go from process to process; names do.
    return walk(LASTING, next(each for each in BADNESS if each.name == name), seed, begin=_FIVE)


def _good(seed: int) -> Walked:
    return walk(BRISK, GOOD, seed, begin=_SHADOW, look_every=_LOOK_EVERY)


def _row(badness: Badness, walked: Sequence[Walked]) -> dict[str, Any]:
    """Of one bad candidate: after how many of its customers' requests it was taken back."""
    taken = sorted(each.requests for each in walked if each.taken_back)
    times = sorted(each.seconds for each in walked if each.taken_back)
    median, late = _quantile(taken, 0.5), _quantile(taken, 0.95)
    missed = len(walked) - len(taken)
    return {
        "name": badness.name,
        "rollouts": len(walked),
        "missed": missed,
        "median": median,
        "p95": late,
        "seconds_p95": _quantile(times, 0.95),
        "bar": badness.bar,
        "good": not missed and late <= badness.bar,
    }


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else math.inf
