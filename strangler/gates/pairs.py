"""Gates on pairs: whether the sides agree, how often they differ for a moment only, and what was seen at all."""

from __future__ import annotations

from typing import Final

from strangler.compare.cause import Cause
from strangler.compare.values import Verdict
from strangler.evidence import AgreementWanted, Evidence, GateVerdict
from strangler.evidence.agreement import Agreement, Change, agreement_of, change_of
from strangler.evidence.coverage import coverage_of
from strangler.evidence.percent import percent
from strangler.evidence.sequential import against_share, never_above, surely
from strangler.gates.judgement import GateJudgement
from strangler.gates.observed import Observed
from strangler.gates.wanted import CoverageGate, TransientGate
from strangler.gates.words import counted

__all__ = ["judge_agreement", "judge_coverage", "judge_transient", "pairs_in"]

_TRANSIENT: Final = TransientGate()
_NOTHING: Final = Evidence()


def judge_agreement(wanted: AgreementWanted, lag: TransientGate | None, seen: Observed, alarm: float) -> GateJudgement:
    """Whether the sides surely agree as often as is wanted, and do not pass for agreeing by being asked again.

    A difference that is gone a moment later is in no bound of the agreement. So the gate fails, and does not pass, also
    by what the transient gate goes by: `lag`, or by default 1 percentage point.
    """
    evidence = seen.evidence or _NOTHING
    agreement = agreement_of(evidence, wanted.confidence)
    margin = lag or _TRANSIENT
    change = change_of(evidence, margin.confidence)
    told, differ = _pairs_of_stage(evidence, seen.stage)
    figures = {**agreement.to_json(), "wanted": wanted.bound, "stage_pairs": told, "stage_differ": differ}
    wants = f"at least {percent(wanted.bound, up=True)} must surely agree"
    # What is wrong now may be thin among what was right before, so the pairs of this stage are a test of their own.
    for count, trials, where in (
        (differ, told, f" of stage {seen.stage}"),
        (agreement.differ, agreement.agree + agreement.differ, ""),
    ):
        if surely(against_share(count, trials, 1 - wanted.bound), alarm / 2):
            saw = f"{count:,} of {counted(trials, 'pair')}{where} differ"
            return GateJudgement("agreement", GateVerdict.FAIL, f"{saw}, which is surely too many: {wants}.", figures)
    if _lags(change, margin, alarm):
        return GateJudgement("agreement", GateVerdict.FAIL, f"{_lag(change)}, which is surely too many.", figures)
    judged = agreement.judged(wanted)
    if not agreement.pairs:
        return GateJudgement("agreement", GateVerdict.INCONCLUSIVE, f"There are no pairs; {wants}.", figures)
    if judged.verdict is GateVerdict.FAIL:
        # That bound holds for one look. Whoever looks again and again must see more.
        reason = f"{_differ(agreement)}, more than {wants} allows, but not yet surely."
        return GateJudgement("agreement", GateVerdict.INCONCLUSIVE, reason, figures)
    if change.asked and change.judged(margin.margin).verdict is GateVerdict.FAIL:
        reason = f"{_lag(change)}, and at most {percent(margin.margin)} more is allowed."
        return GateJudgement("agreement", GateVerdict.INCONCLUSIVE, reason, figures)
    if judged.verdict is GateVerdict.PASS:
        return GateJudgement("agreement", judged.verdict, f"{judged.reason.rstrip('.')}; {wants}.", figures)
    return GateJudgement("agreement", judged.verdict, judged.reason, figures)


def judge_transient(wanted: TransientGate, seen: Observed, alarm: float) -> GateJudgement:
    """Whether pairs differ for a moment only no more often than the monolith changes its own answers, give or take."""
    change = change_of(seen.evidence or _NOTHING, wanted.confidence)
    figures = {**change.to_json(), "margin": wanted.margin}
    wants = f"at most {percent(wanted.margin)} more is allowed"
    if not change.pairs:
        return GateJudgement("transient", GateVerdict.INCONCLUSIVE, f"There are no pairs; {wants}.", figures)
    if not change.asked:
        reason = f"The monolith was not asked again (`shadow.recheck`), so its own changes are not known; {wants}."
        return GateJudgement("transient", GateVerdict.INCONCLUSIVE, reason, figures)
    if _lags(change, wanted, alarm):
        return GateJudgement("transient", GateVerdict.FAIL, f"{_lag(change)}: surely more, and {wants}.", figures)
    if change.high <= wanted.margin:
        return GateJudgement("transient", GateVerdict.PASS, f"{_lag(change)}; {wants}.", figures)
    reason = f"{_lag(change)}: up to {percent(max(change.high, 0.0), up=True)} more, and {wants}."
    return GateJudgement("transient", GateVerdict.INCONCLUSIVE, reason, figures)


def judge_coverage(wanted: CoverageGate, seen: Observed) -> GateJudgement:
    """Whether pairs that tell something were seen of all that is asked for. It never fails: what is missing may come
    yet."""
    coverage = coverage_of(seen.evidence or _NOTHING, methods=seen.methods, templates=seen.templates)
    lacking: list[str] = []
    if wanted.templates:
        lacking += [f"template {each}" for each in coverage.unseen_templates]
    if wanted.methods:
        # HEAD comes with GET, and hardly ever comes by itself.
        unseen = set(coverage.unseen_methods) - ({"HEAD"} if "GET" in seen.methods else set())
        lacking += [f"method {each}" for each in sorted(unseen)]
    lacking += [f"status {each}xx" for each in wanted.classes if each in coverage.unseen_classes]
    names = {name for found in coverage.parameters.values() for name in found}
    lacking += [f"parameter {each}" for each in wanted.parameters if each not in names]
    for word, number, least in (
        ("subject", coverage.subjects, wanted.subjects),
        ("target", coverage.targets, wanted.targets),
    ):
        if number < least:
            lacking.append(f"{counted(least, word)} (there are {number:,})")
    figures = {**coverage.to_json(), "lacking": lacking}
    pairs = sum(coverage.templates.values())
    if not pairs:
        reason = "There are no pairs that tell something, so nothing is covered."
        return GateJudgement("coverage", GateVerdict.INCONCLUSIVE, reason, figures)
    if lacking:
        reason = f"In {counted(pairs, 'pair')} not seen yet, and wanted: {', '.join(lacking)}."
        return GateJudgement("coverage", GateVerdict.INCONCLUSIVE, reason, figures)
    reason = f"In {counted(pairs, 'pair')} everything was seen that is wanted."
    return GateJudgement("coverage", GateVerdict.PASS, reason, figures)


def pairs_in(evidence: Evidence | None, stage: str) -> int:
    """How many pairs there are of a stage, whatever came of them."""
    return sum(tally.count for key, tally in (evidence or _NOTHING).pairs.items() if key.stage == stage)


def _pairs_of_stage(evidence: Evidence, stage: str) -> tuple[int, int]:
    """Those that tell something, and those that differ."""
    told = differ = 0
    for key, tally in evidence.pairs.items():
        if key.stage == stage and key.verdict is not Verdict.INCONCLUSIVE:
            told += tally.count
            differ += tally.count if key.verdict is Verdict.DIFFER else 0
    return told, differ


def _lags(change: Change, wanted: TransientGate, alarm: float) -> bool:
    """Whether it is so surely, at any time: the monolith's own rate is taken as high as it may be."""
    if not change.asked:
        return False
    own = never_above(change.changed, change.asked, alarm / 2)
    return surely(against_share(change.transient, change.pairs, own + wanted.margin), alarm / 2)


def _lag(change: Change) -> str:
    passing = f"{change.transient:,} of {counted(change.pairs, 'pair')} differed for a moment ({Cause.TRANSIENT.value})"
    return f"{passing}, and {change.changed:,} of {change.asked:,} of the monolith's own answers changed"


def _differ(agreement: Agreement) -> str:
    return f"{agreement.differ:,} of {counted(agreement.agree + agreement.differ, 'pair')} differ"
