"""What has been observed of routes: pairs and their verdicts, differences by field, latency, coverage."""

from strangler.compare.cause import Cause
from strangler.evidence.agreement import AgreementWanted
from strangler.evidence.batch import Batch
from strangler.evidence.compared import COMPARED_FOR, MINUTE, Compared
from strangler.evidence.evidence import DifferenceKey, Evidence, NoiseKey, PairKey, Tally
from strangler.evidence.gate_verdict import GateVerdict, Judgement
from strangler.evidence.histogram import Histogram
from strangler.evidence.kept import KeptPair
from strangler.evidence.marks import subject_hash
from strangler.evidence.missed import Missed
from strangler.evidence.redact import Redactor
from strangler.evidence.report import RouteReport, report_of
from strangler.evidence.scope import OTHERS, Scope
from strangler.evidence.sketch import Sketch, hash64
from strangler.evidence.store import EvidenceStore, SeenScope
from strangler.evidence.traffic import BOUNDS, LENGTHS, Opened, Traffic, TrafficKey, Window, total

__all__ = [
    "BOUNDS",
    "COMPARED_FOR",
    "LENGTHS",
    "MINUTE",
    "OTHERS",
    "AgreementWanted",
    "Batch",
    "Cause",
    "Compared",
    "DifferenceKey",
    "Evidence",
    "EvidenceStore",
    "GateVerdict",
    "Histogram",
    "Judgement",
    "KeptPair",
    "Missed",
    "NoiseKey",
    "Opened",
    "PairKey",
    "Redactor",
    "RouteReport",
    "Scope",
    "SeenScope",
    "Sketch",
    "Tally",
    "Traffic",
    "TrafficKey",
    "Window",
    "hash64",
    "report_of",
    "subject_hash",
    "total",
]
