"""What tests of your own code need: fakes for our ports, and the suites that your adapters of them must pass.

A seam under test takes its toggles from a fake:

    toggles = FixedToggles({"catalog.facts": Stage.EXTRACTED})
    facts = Seam[CatalogFacts]("catalog.facts", old=..., new=..., toggles=toggles).facade()

A toggle store of your own is tested by the suite that ours pass: subclass it and say how to make one.

    class TestMyStore(ToggleStoreConformance):
        @pytest.fixture
        def open_store(self, tmp_path):
            return lambda: MyStore(tmp_path / "toggles")

So is an evidence store, by `EvidenceStoreConformance`, a document store, by `DocumentStoreConformance`, an id map, by
`IdMapConformance`, and a guard of moves, by `MoveGuardConformance`.

`MemoryToggleStore`, `MemoryEvidenceStore` and `MemoryDocumentStore` are the fakes for code that only needs some store,
`FixedMoveGuard` refuses the moves that a test wants refused, `ManualClock` is the clock for code that waits.
"""

from strangler.testing.document_store import DocumentStoreConformance
from strangler.testing.evidence_store import EvidenceStoreConformance
from strangler.testing.fixed_toggles import FixedToggles
from strangler.testing.id_map import IdMapConformance
from strangler.testing.manual_clock import ManualClock
from strangler.testing.memory_documents import MemoryDocumentStore
from strangler.testing.memory_evidence import MemoryEvidenceStore
from strangler.testing.move_guard import FixedMoveGuard, MoveGuardConformance
from strangler.testing.toggle_store import MemoryToggleStore, ToggleStoreConformance

__all__ = [
    "DocumentStoreConformance",
    "EvidenceStoreConformance",
    "FixedMoveGuard",
    "FixedToggles",
    "IdMapConformance",
    "ManualClock",
    "MemoryDocumentStore",
    "MemoryEvidenceStore",
    "MemoryToggleStore",
    "MoveGuardConformance",
    "ToggleStoreConformance",
]
