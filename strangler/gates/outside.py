"""Gates on what others say: an address, a command, Prometheus, a person."""

from __future__ import annotations

import math

from strangler.evidence import GateVerdict
from strangler.gates.judgement import GateJudgement
from strangler.gates.observed import CommandSeen, Observed, ProbeSeen, PrometheusSeen
from strangler.gates.wanted import CommandGate, ProbeGate, PrometheusGate

__all__ = ["judge_approval", "judge_command", "judge_probe", "judge_prometheus"]


def judge_probe(wanted: ProbeGate, seen: ProbeSeen | None) -> GateJudgement:
    """Whether the address answers as is wanted. An address that does not answer says nothing of why: inconclusive."""
    status = str(wanted.status) if wanted.status else "2xx"
    wants = f"{status} is wanted" + (f" with {wanted.contains!r} in it" if wanted.contains else "")
    if seen is None:
        reason = f"{wanted.url} was not asked from here; {wants}."
        return GateJudgement("probe", GateVerdict.INCONCLUSIVE, reason, {"url": wanted.url})
    figures = {"url": wanted.url, "status": seen.status, "contains": seen.contained, "error": seen.error}
    if seen.error:
        reason = f"{wanted.url} gave no answer ({seen.error}); {wants}."
        return GateJudgement("probe", GateVerdict.INCONCLUSIVE, reason, figures)
    saw = f"{wanted.url} answered {seen.status}"
    if seen.status == wanted.status or (not wanted.status and 200 <= seen.status < 300):
        if seen.contained:
            return GateJudgement("probe", GateVerdict.PASS, f"{saw}; {wants}.", figures)
        saw += " without that text"
    return GateJudgement("probe", GateVerdict.FAIL, f"{saw}, and {wants}.", figures)


def judge_command(wanted: CommandGate, seen: CommandSeen | None) -> GateJudgement:
    """Whether the command ended with 0. One that did not end in time, or could not begin, says nothing."""
    figures: dict[str, object] = {"run": wanted.run}
    if seen is None:
        reason = f"`{wanted.run}` is run by `strangler gate` and by a plan, never by the control plane; 0 is wanted."
        return GateJudgement("command", GateVerdict.INCONCLUSIVE, reason, figures)
    if seen.error:
        reason = f"`{wanted.run}` has no exit code ({seen.error}); 0 is wanted."
        return GateJudgement("command", GateVerdict.INCONCLUSIVE, reason, {**figures, "error": seen.error})
    verdict = GateVerdict.FAIL if seen.code else GateVerdict.PASS
    reason = f"`{wanted.run}` ended with {seen.code}; 0 is wanted."
    return GateJudgement("command", verdict, reason, {**figures, "code": seen.code})


def judge_prometheus(wanted: PrometheusGate, seen: PrometheusSeen | None) -> GateJudgement:
    """Whether the query's number is within its bounds. No number, and one that is none (NaN), says nothing."""
    bounds = [
        *([] if wanted.min is None else [f"at least {wanted.min:g}"]),
        *([] if wanted.max is None else [f"at most {wanted.max:g}"]),
    ]
    wants = f"{' and '.join(bounds)} is wanted"
    figures: dict[str, object] = {"query": wanted.query, "min": wanted.min, "max": wanted.max}
    if seen is None:
        reason = f"Prometheus was not asked from here for {wanted.query}; {wants}."
        return GateJudgement("prometheus", GateVerdict.INCONCLUSIVE, reason, figures)
    if seen.error or seen.value is None or math.isnan(seen.value):
        why = seen.error or "no data"
        reason = f"Prometheus gave no number for {wanted.query} ({why}); {wants}."
        return GateJudgement("prometheus", GateVerdict.INCONCLUSIVE, reason, {**figures, "error": why})
    within = (wanted.min is None or seen.value >= wanted.min) and (wanted.max is None or seen.value <= wanted.max)
    # JSON has no infinity.
    figures["value"] = seen.value if math.isfinite(seen.value) else str(seen.value)
    reason = f"{wanted.query} is {seen.value:g}; {wants}."
    return GateJudgement("prometheus", GateVerdict.PASS if within else GateVerdict.FAIL, reason, figures)


def judge_approval(wanted: str, seen: Observed) -> GateJudgement:
    """Whether somebody said yes since the stage began: as that word, in that role, or under that name."""
    for given in sorted(seen.approvals, key=lambda each: -each.at):
        if given.at >= seen.since and wanted in (given.word, given.role, given.who):
            figures = {"who": given.who, "role": given.role, "word": given.word, "why": given.why, "at": given.at}
            why = f" ({given.why})" if given.why else ""
            reason = f"{given.who} approved{why}; an approval of {wanted!r} is wanted."
            return GateJudgement("approval", GateVerdict.PASS, reason, figures)
    reason = f"Nobody has approved since the stage began; an approval of {wanted!r} is wanted."
    return GateJudgement("approval", GateVerdict.INCONCLUSIVE, reason, {"wanted": wanted})
