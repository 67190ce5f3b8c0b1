"""A control plane in a temporary folder with a store in memory, and workers that only link."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from strangler_proxy.config.values import Address, Config, EvidenceSettings, Seam, Upstream
from strangler_proxy.control import ControlPlane
from strangler_proxy.link import ControlLink
from strangler_proxy.routes.route import Route
from strangler_proxy.state import StateDir

from strangler.compare import Answer, Difference, DifferenceKind, Pair, Request, Rules, Verdict
from strangler.evidence import Batch, KeptPair, Scope, hash64
from strangler.testing.memory_documents import MemoryDocumentStore
from strangler.testing.memory_evidence import MemoryEvidenceStore
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Snapshot


def config(
    folder: Path, *, workers: int = 2, names: tuple[str, ...] = ("catalog.list", "catalog.detail"), **changes: Any
) -> Config:
    # Its pairs are from long ago, and the control plane forgets what is older than it may be within a second.
    changes.setdefault("evidence", EvidenceSettings(keep=2.0**40))
    return Config(
        path=folder / "strangler.toml",
        upstreams={
            "monolith": Upstream("monolith", Address("127.0.0.1", 1)),
            "catalog": Upstream("catalog", Address("127.0.0.1", 2)),
        },
        routes=(
            *(Route(name, frozenset({"GET"}), f"/{name}/<int:id>/", "catalog") for name in names),
            Route("wishlist", frozenset({"GET"}), "/wishlist/", "catalog", twin=False),
        ),
        seams=(Seam("catalog.facts"),),
        workers=workers,
        **changes,
    )


def plane(
    folder: Path, store: MemoryToggleStore, documents: MemoryDocumentStore | None = None, **changes: Any
) -> ControlPlane:
    configured = config(folder, **changes)
    return ControlPlane(
        configured, store, StateDir.of(configured), MemoryEvidenceStore(), documents or MemoryDocumentStore()
    )


def kept_pair(
    name: str,
    *,
    price: tuple[str, str] = ("1.00", "1.50"),
    verdict: Verdict = Verdict.DIFFER,
    cause: str = "",
    route: str = "catalog.list",
    subject: str = "",
) -> KeptPair:
    """A pair of JSON answers with those prices, as the control plane's store keeps it."""
    kind = (("Content-Type", "application/json"),)
    old, new = (Answer(200, kind, f'{{"price": "{each}"}}'.encode()) for each in price)
    differs = verdict is Verdict.DIFFER
    return KeptPair(
        id=name,
        at=1000.0,
        scope=Scope(route, "v1", Rules().revision),
        template="/catalog.list/<int:id>/",
        stage="shadow",
        answering="monolith",
        verdict=verdict,
        cause=cause,
        pair=Pair(Request("GET", "/catalog.list/1/", route), old, new),
        differences=(Difference("$.price", DifferenceKind.VALUE, *price),) if differs else (),
        subject=subject,
        seconds=(0.01, 0.02),
    )


def observe(control: ControlPlane, *kept: KeptPair, agreeing: int = 0) -> None:
    """Put pairs into the control plane's store of evidence, counted and kept."""
    batch = Batch()
    for each in kept:
        batch.pair(each.scope, template=each.template, method="GET", status=200, stage=each.stage,
                   answering=each.answering, verdict=each.verdict, cause=each.cause, at=each.at)  # fmt: skip
        for difference in each.differences:
            batch.difference(each.scope, template=each.template, difference=difference, at=each.at)
        batch.keep(each)
    scope = Scope("catalog.list", "v1", Rules().revision)
    for number in range(agreeing):
        batch.pair(scope, template="/catalog.list/<int:id>/", method="GET", status=200, stage="shadow",
                   answering="monolith", verdict=Verdict.AGREE, at=2000.0)  # fmt: skip
        batch.distinct(scope, what="targets", hash64=hash64(str(number).encode()))
    control.evidence.store.add(batch, at=2000.0)


def agreed_now(control: ControlPlane, count: int, *, verdict: Verdict = Verdict.AGREE) -> None:
    """Put so many pairs of today into the control plane's store of evidence, each of another input."""
    batch, now = Batch(), time.time()
    scope = Scope("catalog.list", "v1", Rules().revision)
    for number in range(count):
        batch.pair(scope, template="/catalog.list/<int:id>/", method="GET", status=200, stage="shadow",
                   answering="monolith", verdict=verdict, at=now)  # fmt: skip
        batch.distinct(scope, what="targets", hash64=hash64(str(number).encode()))
    control.evidence.store.add(batch, at=now)


@asynccontextmanager
async def running(control: ControlPlane) -> AsyncIterator[ControlPlane]:
    await control.start()
    try:
        yield control
    finally:
        await control.stop()


class FakeWorker:
    """A worker that only keeps the link, and remembers each snapshot that it put into force, whom it was told to
    forget, and whose words it was told are revoked."""

    def __init__(self, folder: Path, slot: int = 0) -> None:
        self.seen: list[Snapshot] = []
        self.counted: list[dict[str, Any]] = []
        self.forgotten: list[bytes] = []
        self.revoked: Mapping[str, int] = {}
        self.on_snapshot: Callable[[Snapshot], None] = self.seen.append
        state = folder / ".strangler"
        self.link = ControlLink(
            state / "control.sock",
            slot,
            state,
            lambda new: self.on_snapshot(new),
            self._take,
            on_forgotten=self.forgotten.extend,
            on_testers=self._revoke,
        )

    def _revoke(self, revoked: Mapping[str, int]) -> None:
        self.revoked = revoked

    def _take(self) -> list[dict[str, Any]]:
        taken, self.counted = self.counted, []
        return taken

    @asynccontextmanager
    async def linked(self) -> AsyncIterator[FakeWorker]:
        task = asyncio.create_task(self.link.run())
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition; the test's own time limit ends a wait in vain."""
    while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
        await asyncio.sleep(0.005)
