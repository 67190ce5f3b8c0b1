"""Gates on what customers got of both sides in the same time: failures, times, breakers, and how much there was."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from strangler.evidence import Evidence, GateVerdict, latency
from strangler.evidence.binomial import difference_interval, upper_bound
from strangler.evidence.percent import percent
from strangler.evidence.sequential import (
    Failures,
    Slower,
    Step,
    against_excess,
    against_share,
    against_slower,
    never_above,
    slower,
    steps_of,
    surely,
)
from strangler.gates.judgement import GateJudgement
from strangler.gates.observed import Answered, Observed
from strangler.gates.pairs import pairs_in
from strangler.gates.wanted import ErrorsGate, LatencyGate
from strangler.gates.words import counted, duration, time

__all__ = ["judge_breaker", "judge_errors", "judge_latency", "judge_requests", "judge_time"]

_NOTHING: Final = Evidence()
_ALONE: Final = 0.01
"""With fewer requests of the monolith's than this share of the candidate's, there is nobody to hold it against."""


def judge_errors(wanted: ErrorsGate, seen: Observed, alarm: float) -> GateJudgement:
    """Whether the candidate fails surely no more often than the monolith does in the same time, but for the margin.

    Where the candidate answers everybody, only its own rate can pass it: at most the margin. It fails then against what
    the monolith's was shortly before, `Observed.before`, for a failing candidate must not stay for want of a neighbour.
    """
    both = [span for span in seen.spans if span.candidate.requests and span.monolith.requests]
    candidate, monolith = (_all(each.candidate for each in both), _all(each.monolith for each in both))
    everything = _all(each.candidate for each in seen.spans)
    margin, wants = wanted.margin, f"at most {percent(wanted.margin)} more is allowed"
    if not everything.requests:
        return GateJudgement("errors", GateVerdict.INCONCLUSIVE, f"The candidate was asked by no customer; {wants}.")
    if monolith.requests < _ALONE * everything.requests:
        return _alone(wanted, everything, seen.before, alarm)
    low, high = difference_interval(
        candidate.errors, candidate.requests, monolith.errors, monolith.requests, wanted.confidence
    )
    figures = {**_figures(candidate, monolith), "margin": margin, "low": low, "high": high}
    saw = f"{_failed(candidate, 'candidate')} failed, and {_failed(monolith, 'monolith')} in the same time"
    failures = (
        Failures(each.candidate.requests, each.candidate.errors, each.monolith.requests, each.monolith.errors)
        for each in both
    )
    if surely(against_excess(failures, margin), alarm):
        return GateJudgement("errors", GateVerdict.FAIL, f"{saw}: surely more, and {wants}.", figures)
    if high <= margin:
        return GateJudgement("errors", GateVerdict.PASS, f"{saw}; {wants}.", figures)
    reason = f"{saw}: up to {percent(high, up=True)} more, and {wants}."
    return GateJudgement("errors", GateVerdict.INCONCLUSIVE, reason, figures)


def _alone(wanted: ErrorsGate, candidate: Answered, before: Answered, alarm: float) -> GateJudgement:
    most = upper_bound(candidate.errors, candidate.requests, wanted.confidence)
    figures = {**_figures(candidate, before), "margin": wanted.margin, "high": most, "monolith_is": "before"}
    saw = f"{_failed(candidate, 'candidate')} failed, and the monolith was hardly asked in the same time"
    wants = f"at most {percent(wanted.margin)} more than its rate is allowed"
    if before.requests:
        allowed = never_above(before.errors, before.requests, alarm / 2) + wanted.margin
        if surely(against_share(candidate.errors, candidate.requests, allowed), alarm / 2):
            earlier = f"{saw} (before, {_failed(before, 'monolith')} failed)"
            return GateJudgement("errors", GateVerdict.FAIL, f"{earlier}: surely too many, {wants}.", figures)
    if most <= wanted.margin:
        reason = f"{saw}: at most {percent(most, up=True)} fail, and {percent(wanted.margin)} is allowed in any case."
        return GateJudgement("errors", GateVerdict.PASS, reason, figures)
    return GateJudgement("errors", GateVerdict.INCONCLUSIVE, f"{saw}; {wants}.", figures)


def judge_latency(wanted: LatencyGate, seen: Observed, alarm: float) -> GateJudgement:
    """Whether a quantile of the candidate's times is surely at most so many times the monolith's.

    It passes by times counted in buckets 4 % apart: of customers that both sides answered in stage `canary`, else of
    copies, which come second, with the monolith's that was asked again. It fails by what all customers waited in the
    same time, in buckets up to 2.5 times apart, and by the finer times of pairs.
    """
    name = f"p{wanted.quantile * 100:g}"
    wants = f"at most {wanted.ratio:g} times is allowed"
    figures: dict[str, Any] = {"ratio": wanted.ratio, "quantile": wanted.quantile}
    found = _slower(wanted, seen, alarm)
    if found is not None:
        saw = f"{name} of the candidate is at least {time(found.candidate)}, and the monolith's at most"
        figures |= {"candidate_at_least": found.candidate, "monolith_at_most": found.monolith}
        reason = f"{saw} {time(found.monolith)}: surely more, {wants}."
        return GateJudgement("latency", GateVerdict.FAIL, reason, figures)
    compared = latency.latency_of(
        seen.evidence or _NOTHING, margin=wanted.ratio, confidence=wanted.confidence, quantiles=(wanted.quantile,)
    )
    if not compared:
        lacks = (
            "There are no times of both: of customers in stage canary, or of copies beside the monolith's asked again"
        )
        reason = f"{lacks} (`shadow.recheck`); {wants}."
        return GateJudgement("latency", GateVerdict.INCONCLUSIVE, reason, figures)
    judged = latency.judge_latency(compared)
    figures["comparisons"] = [each.to_json() for each in compared]
    if judged.verdict is GateVerdict.FAIL:
        # That bound holds for one look. Whoever looks again and again must see more.
        reason = f"{judged.reason.rstrip('.')}, but not yet surely at every look."
        return GateJudgement("latency", GateVerdict.INCONCLUSIVE, reason, figures)
    if judged.verdict is GateVerdict.PASS:
        return GateJudgement("latency", GateVerdict.PASS, f"{judged.reason.rstrip('.')}; {wants}.", figures)
    return GateJudgement("latency", GateVerdict.INCONCLUSIVE, judged.reason, figures)


def _slower(wanted: LatencyGate, seen: Observed, alarm: float) -> Slower | None:
    """Where the candidate is surely slower: by windows of all customers, by customers whose answers became pairs, and
    by copies; each may be wrong in a third of the alarms."""
    rows = [
        (span.candidate.buckets, span.monolith.buckets)
        for span in seen.spans
        if span.candidate.buckets and span.monolith.buckets
    ]
    candidate, monolith = [own for own, _ in rows], [other for _, other in rows]
    third = alarm / 3

    def surely_slower(own: Sequence[Step], other: Sequence[Step]) -> Slower | None:
        return slower(own, other, ratio=wanted.ratio, quantile=wanted.quantile, alarm=third)

    found = surely_slower(_steps(seen.bounds, candidate), _steps(seen.bounds, monolith))
    for own, other in (("first", "first"), ("second", "again")):
        times = None if seen.evidence is None else seen.evidence.latency.get(("candidate", own))
        others = None if seen.evidence is None else seen.evidence.latency.get(("monolith", other))
        if found is not None or times is None or others is None:
            continue
        found = surely_slower(steps_of(times), steps_of(others))
        # Pairs of a whole day are together, at shares that changed: an hour that was slow for everybody while the share
        # was wide would be the candidate's fault. So in the windows it must be slower too, by whatever it is.
        if own == "first" and found is not None and not surely(against_slower(candidate, monolith), third):
            found = None
    return found


def judge_requests(least: int, seen: Observed) -> GateJudgement:
    """Whether the candidate was asked often enough: by customers, or where none is, in stage `shadow`, with copies that
    became pairs."""
    asked, what = _all(span.candidate for span in seen.spans).requests, "request"
    if seen.stage == "shadow":
        asked, what = pairs_in(seen.evidence, seen.stage), "pair"
    verdict = GateVerdict.PASS if asked >= least else GateVerdict.INCONCLUSIVE
    reason = f"The candidate had {counted(asked, what)}; {least:,} are wanted."
    return GateJudgement("requests", verdict, reason, {"requests": asked, "wanted": least})


def judge_time(least: float, seen: Observed) -> GateJudgement:
    """Whether the stage has lasted long enough."""
    lasted = max(0.0, seen.now - seen.since)
    verdict = GateVerdict.PASS if lasted >= least else GateVerdict.INCONCLUSIVE
    reason = f"The stage has lasted {duration(lasted)}; {duration(least)} are wanted."
    return GateJudgement("time", verdict, reason, {"seconds": lasted, "wanted": least})


def judge_breaker(seen: Observed) -> GateJudgement:
    """Whether the candidate's breaker has stayed closed. Where nobody asked the candidate it had no reason to open."""
    wants = "it must never open"
    figures = {"opened": seen.opened}
    if seen.opened:
        reason = f"The candidate's breaker opened {seen.opened:,} times since the stage began; {wants}."
        return GateJudgement("breaker", GateVerdict.FAIL, reason.replace(" 1 times", " once"), figures)
    asked = any(span.candidate.requests for span in seen.spans) or pairs_in(seen.evidence, seen.stage)
    if seen.opened is None or not asked:
        why = "Nobody watched the candidate's breaker" if seen.opened is None else "The candidate was not asked"
        return GateJudgement("breaker", GateVerdict.INCONCLUSIVE, f"{why} since the stage began; {wants}.", figures)
    reason = f"The candidate's breaker has not opened since the stage began; {wants}."
    return GateJudgement("breaker", GateVerdict.PASS, reason, figures)


def _all(sides: Iterable[Answered]) -> Answered:
    requests = errors = 0
    for side in sides:
        requests += side.requests
        errors += side.errors
    return Answered(requests, errors)


def _steps(bounds: tuple[float, ...], rows: Sequence[Sequence[int]]) -> list[Step]:
    counts = [sum(each) for each in zip(*rows, strict=True)] or [0] * (len(bounds) + 1)
    return [Step(*each) for each in zip((0.0, *bounds), (*bounds, math.inf), counts, strict=True)]


def _failed(side: Answered, name: str) -> str:
    return f"{side.errors:,} of the {name}'s {counted(side.requests, 'request')}"


def _figures(candidate: Answered, monolith: Answered) -> dict[str, Any]:
    return {
        "candidate": {"requests": candidate.requests, "errors": candidate.errors},
        "monolith": {"requests": monolith.requests, "errors": monolith.errors},
    }
