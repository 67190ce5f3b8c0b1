"""A control plane with its workers, and a move that somebody else makes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from strangler_proxy.control import ControlPlane

from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Change, Move, Snapshot, Stage, Toggle, read_snapshot
from tests.proxy.control.fakes import FakeWorker, plane, running

__all__ = ["EXTRACTED", "elsewhere", "on_disk", "proxy"]

EXTRACTED = Move(Stage.EXTRACTED, force=True)


@asynccontextmanager
async def proxy(folder: Path, store: MemoryToggleStore) -> AsyncIterator[tuple[ControlPlane, list[FakeWorker]]]:
    async with AsyncExitStack() as stack:
        control = await stack.enter_async_context(running(plane(folder, store)))
        workers = [await stack.enter_async_context(FakeWorker(folder, slot).linked()) for slot in (0, 1)]
        await control.workers.acknowledged(control.snapshot.revision, wait_seconds=10)
        yield control, workers


def on_disk(folder: Path) -> Snapshot | None:
    return read_snapshot(folder / ".strangler" / "toggles.json")


def elsewhere(store: MemoryToggleStore, revision: int) -> None:
    toggles = [Toggle("catalog.detail", stage=Stage.EXTRACTED)]
    store.commit(Change(toggles, "ben", "elsewhere", datetime.now(UTC)), expected_revision=revision)
