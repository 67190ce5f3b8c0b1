from __future__ import annotations

from datetime import UTC, datetime

import pytest
from strangler_proxy.gates.approvals import approvals_of, approve

from strangler.documents import Document, DocumentStore
from strangler.errors import DocumentConflict
from strangler.gates import Approval
from strangler.testing import MemoryDocumentStore

GIVEN = Approval("ana@desk (ci)", "approve", "tech lead", "looked at it", 1000.0)


def test_an_approval_is_kept_beside_the_others_and_stands_in_the_audit() -> None:
    documents = MemoryDocumentStore()
    assert approvals_of(documents, "a.b") == ()
    approve(documents, "a.b", GIVEN)
    second = Approval("ben", "approve", "approve", "me too", 2000.0)
    approve(documents, "a.b", second)
    assert approvals_of(documents, "a.b") == (GIVEN, second)
    assert approvals_of(documents, "a.c") == ()
    event = documents.events(name="a.b")[0]
    assert (event.action, event.who, event.why, event.detail["word"]) == ("gate.approve", "ben", "me too", "approve")
    assert event.at == datetime.fromtimestamp(2000, UTC)


def test_of_many_the_newest_are_kept() -> None:
    documents = MemoryDocumentStore()
    for number in range(103):
        approve(documents, "a.b", Approval("ana", "", str(number), "", float(number)))
    kept = approvals_of(documents, "a.b")
    assert (len(kept), kept[0].word, kept[-1].word) == (100, "3", "102")


class Racing(MemoryDocumentStore):
    """Somebody else approves between each look and its write, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.other = MemoryDocumentStore(beside=self)
        self.times = times

    def read(self, kind: str, name: str) -> Document | None:
        found = super().read(kind, name)
        if self.times:
            self.times -= 1
            approve(self.other, name, Approval("ben", "", "go", "", 1.0))
        return found


def test_two_who_approve_at_once_are_both_kept() -> None:
    documents: DocumentStore = Racing(2)
    approve(documents, "a.b", GIVEN)
    assert [each.who for each in approvals_of(documents, "a.b")] == ["ben", "ben", "ana@desk (ci)"]
    with pytest.raises(DocumentConflict):
        approve(Racing(99), "a.b", GIVEN)
