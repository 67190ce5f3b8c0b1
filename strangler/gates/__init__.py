"""Gates: conditions on what was observed of a route that a move must pass. Pure; whoever looks hands in what it saw."""

from strangler.evidence.sequential import ALARM, alarm_of
from strangler.gates.judge import judge
from strangler.gates.judgement import GateJudgement, overall
from strangler.gates.observed import Answered, Approval, CommandSeen, Observed, ProbeSeen, PrometheusSeen, Span
from strangler.gates.wanted import (
    CommandGate,
    CoverageGate,
    ErrorsGate,
    Gates,
    LatencyGate,
    ProbeGate,
    PrometheusGate,
    TransientGate,
)

__all__ = [
    "ALARM",
    "Answered",
    "Approval",
    "CommandGate",
    "CommandSeen",
    "CoverageGate",
    "ErrorsGate",
    "GateJudgement",
    "Gates",
    "LatencyGate",
    "Observed",
    "ProbeGate",
    "ProbeSeen",
    "PrometheusGate",
    "PrometheusSeen",
    "Span",
    "TransientGate",
    "alarm_of",
    "judge",
    "overall",
]
