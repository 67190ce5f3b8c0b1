"""What gates come to by what was seen."""

from __future__ import annotations

from strangler.evidence.sequential import ALARM
from strangler.gates.judgement import GateJudgement
from strangler.gates.observed import Observed
from strangler.gates.outside import judge_approval, judge_command, judge_probe, judge_prometheus
from strangler.gates.pairs import judge_agreement, judge_coverage, judge_transient
from strangler.gates.traffic import judge_breaker, judge_errors, judge_latency, judge_requests, judge_time
from strangler.gates.wanted import Gates

__all__ = ["judge"]


def judge(gates: Gates, seen: Observed, *, alarm: float = ALARM) -> list[GateJudgement]:
    """One judgement for each gate that is asked for, in a fixed order. Without data no gate passes.

    A `fail` holds however often one looks: agreement, transient, errors and latency each fail a candidate that is as
    good as is wanted at most with the probability `alarm`, over all looks at one stage together. A `pass` holds for one
    look: take it when the stage's time is over.
    """
    found: list[GateJudgement] = []
    if gates.agreement is not None:
        found.append(judge_agreement(gates.agreement, gates.transient, seen, alarm))
    if gates.transient is not None:
        found.append(judge_transient(gates.transient, seen, alarm))
    if gates.errors is not None:
        found.append(judge_errors(gates.errors, seen, alarm))
    if gates.latency is not None:
        found.append(judge_latency(gates.latency, seen, alarm))
    if gates.coverage is not None:
        found.append(judge_coverage(gates.coverage, seen))
    if gates.requests:
        found.append(judge_requests(gates.requests, seen))
    if gates.seconds:
        found.append(judge_time(gates.seconds, seen))
    if gates.breaker:
        found.append(judge_breaker(seen))
    found += [judge_probe(each, seen.probes.get(each)) for each in gates.probes]
    found += [judge_command(each, seen.commands.get(each)) for each in gates.commands]
    found += [judge_prometheus(each, seen.prometheus.get(each)) for each in gates.prometheus]
    if gates.approval:
        found.append(judge_approval(gates.approval, seen))
    return found
