"""What has been observed of routes: pairs and their verdicts, differences by field, latency, coverage."""

from strangler.compare.cause import Cause
from strangler.evidence.batch import Batch
from strangler.evidence.evidence import DifferenceKey, Evidence, NoiseKey, PairKey, Tally
from strangler.evidence.histogram import Histogram
from strangler.evidence.kept import KeptPair
from strangler.evidence.marks import subject_hash
from strangler.evidence.missed import Missed
from strangler.evidence.redact import Redactor
from strangler.evidence.scope import OTHERS, Scope
from strangler.evidence.sketch import Sketch, hash64
from strangler.evidence.store import EvidenceStore, SeenScope

__all__ = [
    "OTHERS",
    "Batch",
    "Cause",
    "DifferenceKey",
    "Evidence",
    "EvidenceStore",
    "Histogram",
    "KeptPair",
    "Missed",
    "NoiseKey",
    "PairKey",
    "Redactor",
    "Scope",
    "SeenScope",
    "Sketch",
    "Tally",
    "hash64",
    "subject_hash",
]
