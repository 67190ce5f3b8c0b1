"""The oldest events and counts of calls go, by age and by number; moves stay, and so does all that anything is
computed from."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from strangler_proxy.config.shadow import EvidenceSettings
from strangler_proxy.control.retention import Retention

from strangler.documents import CallCount, Event
from strangler.errors import StoreUnavailable
from strangler.testing import MemoryDocumentStore, MemoryToggleStore
from strangler.toggles import Change, Stage, Toggle
from tests.proxy.control.fakes import plane, running, until

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def recorded(documents: MemoryDocumentStore, *days: float) -> None:
    """An event of each of so many days ago."""
    for each in days:
        documents.record(Event(NOW - timedelta(days=each), "ana", "plan.done", f"{each:g} days old"))


def kept(documents: MemoryDocumentStore, **settings: float) -> list[str]:
    retention = Retention(documents, EvidenceSettings(**settings), clock=lambda: NOW)  # type: ignore[arg-type]
    asyncio.run(retention.look())
    return [event.name for event in documents.events()]


def test_events_are_kept_for_400_days_and_then_go() -> None:
    documents = MemoryDocumentStore()
    recorded(documents, 401, 399, 0)
    assert kept(documents) == ["0 days old", "399 days old"]


def test_of_too_many_the_oldest_go() -> None:
    documents = MemoryDocumentStore()
    recorded(documents, 3, 2, 1)
    assert kept(documents, events=2) == ["1 days old", "2 days old"]


def test_counts_of_calls_are_kept_for_30_days_and_only_so_many() -> None:
    documents = MemoryDocumentStore()
    recorded(documents, 31)
    for days in (31, 29, 3, 0):
        at = NOW - timedelta(days=days)
        documents.add_calls([CallCount(at, at, "ana (ci)", "ci", "192.0.2.1", f"GET /{days}", 200)])
    assert kept(documents) == ["31 days old"]
    assert [each.verb for each in documents.calls()] == ["GET /0", "GET /3", "GET /29"]
    kept(documents, calls=2)
    assert [each.verb for each in documents.calls()] == ["GET /0", "GET /3"]


def test_a_store_that_is_gone_keeps_all_and_is_told() -> None:
    documents = MemoryDocumentStore()
    recorded(documents, 401)
    documents.outage = "gone"
    with pytest.raises(StoreUnavailable):
        kept(documents)
    documents.outage = None
    assert len(documents.events()) == 1


def test_a_control_plane_takes_old_events_away_and_no_move_and_no_document(tmp_path: Path) -> None:
    async def scenario() -> None:
        documents, toggles = MemoryDocumentStore(), MemoryToggleStore()
        old = datetime(2001, 1, 1, tzinfo=UTC)
        toggles.commit(Change([Toggle("a", stage=Stage.SHADOW)], "ana", "old", old), expected_revision=0)
        event = Event(old, "ana", "plan.done", "shop/first")
        documents.write("plan", "shop/first", {"mark": 1}, expected=0, at=old, event=event)
        async with running(plane(tmp_path, toggles, documents)):
            await until(lambda: not documents.events(name="shop/first"))
            assert [entry.why for entry in toggles.history("a")] == ["old"]
            assert documents.read("plan", "shop/first") is not None

    asyncio.run(scenario())
