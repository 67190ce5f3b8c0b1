"""What gates are judged by, made in a line."""

from __future__ import annotations

from typing import Any

from strangler.compare import Verdict
from strangler.evidence import Cause, Evidence, PairKey
from strangler.evidence.traffic import BOUNDS
from strangler.gates import Answered, GateJudgement, Gates, Observed, Span, judge

NOW = 1_000_000.0


def pairs(
    agree: int = 0,
    differ: int = 0,
    transient: int = 0,
    *,
    stage: str = "canary",
    inputs: int | None = None,
    status: int = 200,
    method: str = "GET",
    into: Evidence | None = None,
    asked: int = 0,
    changed: int = 0,
) -> Evidence:
    """Pairs of one stage; by default each of another input."""
    made = Evidence() if into is None else into
    for verdict, cause, count in (
        (Verdict.AGREE, "", agree),
        (Verdict.DIFFER, "", differ),
        (Verdict.INCONCLUSIVE, Cause.TRANSIENT.value, transient),
    ):
        if count:
            key = PairKey("/p/", method, status, stage, "candidate", verdict, cause, "")
            made.tally(key).add(NOW, count)
    targets = made.sketch("targets")
    for number in range(agree + differ + transient if inputs is None else inputs):
        # Spread evenly, as a hash would be.
        targets.add((number * 0x9E3779B97F4A7C15 + 0x1234567) % 2**64)
    made.asked, made.changed = made.asked + asked, made.changed + changed
    return made


def side(requests: int, errors: int = 0, within: float = 0.01) -> Answered:
    """One side, each of whose answers took as long as the bucket that ends at `within`."""
    buckets = [0] * (len(BOUNDS) + 1)
    buckets[BOUNDS.index(within)] = requests
    return Answered(requests, errors, tuple(buckets))


def seen(*spans: tuple[Answered, Answered], lasted: float = 3600.0, **more: Any) -> Observed:
    """The candidate's side and the monolith's of each span, in stage `canary`."""
    wanted: dict[str, Any] = {"route": "p", "since": NOW - lasted, "now": NOW, "stage": "canary", "bounds": BOUNDS}
    made = tuple(
        Span(NOW - lasted + 5 * number, 5, monolith, candidate) for number, (candidate, monolith) in enumerate(spans)
    )
    return Observed(**{**wanted, "spans": made, **more})


def judged(gates: Gates, what: Observed) -> GateJudgement:
    """The judgement of the one gate that is asked for."""
    (found,) = judge(gates, what)
    return found
