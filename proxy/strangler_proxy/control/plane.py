"""The control plane proper: one store, the snapshot in force, and every verb that reads or moves toggles."""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from strangler import __version__
from strangler.errors import IllegalMove, RevisionConflict, SnapshotError, StoreUnavailable
from strangler.evidence import EvidenceStore
from strangler.toggles import (
    AuditEntry,
    Change,
    Move,
    MoveGuard,
    Refusal,
    Snapshot,
    Toggle,
    ToggleStore,
    plan_back,
    plan_moves,
    read_snapshot,
    write_snapshot,
)
from strangler_proxy.config.values import Config
from strangler_proxy.control.declare import declare, estrangement
from strangler_proxy.control.evidence import EvidenceIntake
from strangler_proxy.control.guarding import allowed
from strangler_proxy.control.outcome import Outcome
from strangler_proxy.control.recordings import Recordings
from strangler_proxy.control.upstreams import Troubles, upstream_rows
from strangler_proxy.control.workers import Traffic, Workers
from strangler_proxy.state import StateDir

__all__ = ["ControlPlane"]

WAIT_SECONDS: Final = 2.0
_LOOK_EVERY: Final = 1.0
_ATTEMPTS: Final = 5
_SELF: Final = "strangler"
_ADOPT: Final = (
    "Nothing was moved. `strangler adopt snapshot --why ...` makes the store take over what is in force;"
    " `strangler adopt store --why ...` puts the store's toggles into force, which may move routes."
)

_log = logging.getLogger("strangler.control")


class ControlPlane:
    """Keeps the snapshot in force, in memory and on disk, in step with the store, and its workers with both.

    The store's commit is the truth; disk and workers follow it, and a death in between is healed at the next start.
    Without a store, and while the store is not the one that the snapshot came from, reads go on and moves raise
    StoreUnavailable. What is observed of routes goes to the other store, `evidence`, and no move waits for that.
    """

    def __init__(self, config: Config, store: ToggleStore, state: StateDir, evidence: EvidenceStore) -> None:
        self.config = config
        self.traffic = Traffic()
        self.evidence = EvidenceIntake(evidence, config.evidence)
        self.workers = Workers(config.workers, self.traffic, self.evidence, comparers=config.comparers)
        self.recordings = Recordings(self.workers)
        troubles = Troubles(config.upstreams)
        self.workers.on_counted = lambda grown: troubles.look(self.workers.linked().values(), grown)
        self.snapshot = Snapshot()
        self.guards: list[MoveGuard] = []
        self.closing = asyncio.Event()
        self._store = store
        self._state = state
        self.started_at = datetime.now(UTC)
        self._store_error: str | None = "The store has not been asked yet."
        self._disk_error: str | None = None
        self._notes: tuple[str, ...] = ()
        # What the store held, and what was in force, when they were last found to agree.
        self._agreed: tuple[Snapshot, Snapshot] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._mover = asyncio.Lock()
        self._news = asyncio.Condition()

    async def start(self) -> None:
        """Take up the snapshot from disk, then the store's, declare new toggles, and be there for workers."""
        self._state.create()
        try:
            self.snapshot = read_snapshot(self._state.snapshot) or Snapshot()
        except SnapshotError as error:
            _log.error("%s; the store decides", error)
        self.workers.push(self.snapshot)
        await self.workers.listen(self._state.socket)
        self._writing = asyncio.create_task(self.evidence.run())
        async with self._mover:
            await self._synchronize()

    async def watch(self) -> None:
        """Look after the store once a second until cancelled: it may go, come back, or be moved by another process."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            async with self._mover:
                try:
                    await self._synchronize()
                except Exception:
                    # Whatever it was, the next look may find it gone; without looks a lost store would stay lost.
                    _log.exception("the store could not be looked at")

    async def stop(self) -> None:
        """Close the links and the stores."""
        if self._writing is not None:
            self._writing.cancel()
        await self.recordings.stop()
        await self.workers.close()
        await self.evidence.close()
        self._store.close()

    async def flip(
        self,
        names: Sequence[str],
        move: Move,
        *,
        who: str,
        why: str,
        expected_revision: int | None = None,
        wait_seconds: float | None = None,
    ) -> Outcome:
        """Move toggles. Raises UnknownToggle, IllegalMove, MoveRefused, RevisionConflict or StoreUnavailable; then
        nothing moved."""

        def plan(snapshot: Snapshot) -> list[Toggle]:
            return plan_moves(snapshot, names, move)

        return await self._move(plan, who, why, move.force, expected_revision, wait_seconds)

    async def back(
        self, names: Sequence[str] | None, *, who: str, why: str, wait_seconds: float | None = None
    ) -> Outcome:
        """Take toggles back to the monolith, `None` meaning all: all that no guard keeps back. Raises as `flip`."""

        def plan(snapshot: Snapshot) -> list[Toggle]:
            return plan_back(snapshot, names)

        return await self._move(plan, who, why, False, None, wait_seconds, partly=names is None)

    async def adopt(self, keep: str, *, who: str, why: str, wait_seconds: float | None = None) -> Outcome:
        """Settle a store that is not the one the snapshot in force came from: keep the `snapshot`, or the `store`.

        Raises IllegalMove when there is nothing to settle, StoreUnavailable when the store does not answer.
        """
        began = asyncio.get_running_loop().time()
        async with self._mover:
            await self._synchronize()
            if self._store_error is None:
                raise IllegalMove("There is nothing to adopt: the store and the toggles in force agree.")
            before = self.snapshot
            # In two steps also when the store is kept, so that the audit shows what moved from what was in force.
            stored = await asyncio.to_thread(self._store.load) if keep == "store" else None
            adopted = await asyncio.to_thread(self._store.adopt, before, who=who, why=why, at=datetime.now(UTC))
            if stored is not None:
                other = [each for each in stored.toggles.values() if not each.says_as(adopted.toggles.get(each.name))]
                change = Change(other, who=who, why=why, at=datetime.now(UTC))
                adopted = await asyncio.to_thread(self._store.commit, change, expected_revision=adopted.revision)
            self._store_error = None
            await self._put_into_force(adopted)
            await self._synchronize()
        return await self._outcome(before, self.snapshot, began, wait_seconds)

    async def history(self, name: str | None, limit: int) -> list[AuditEntry]:
        """The audit, newest first. Raises StoreUnavailable."""
        return await asyncio.to_thread(self._store.history, name, limit=limit)

    async def newer(self, revision: int, wait_seconds: float) -> Snapshot:
        """The snapshot in force, as soon as its revision is not `revision`, or when the time is over."""
        try:
            async with asyncio.timeout(wait_seconds), self._news:
                await self._news.wait_for(lambda: self.snapshot.revision != revision or self.closing.is_set())
        except TimeoutError:
            pass
        return self.snapshot

    async def close_waits(self) -> None:
        """Let everybody who waits for news go, for the process is about to end."""
        self.closing.set()
        async with self._news:
            self._news.notify_all()

    def ready(self) -> dict[str, str | None]:
        """What each dependency lacks; None where it lacks nothing. Moves need all but the evidence."""
        return {
            "store": self._store_error,
            "disk": self._disk_error,
            "workers": self._lagging(),
            "evidence": self.evidence.error,
        }

    def _lagging(self) -> str | None:
        revision, linked = self.snapshot.revision, self.workers.linked()
        late = [
            str(slot)
            for slot in range(self.config.workers)
            if slot not in linked or not linked[slot].decides_by(revision)
        ]
        return f"Workers that do not decide by revision {revision}: {', '.join(late)}" if late else None

    def reloaded(self) -> dict[str, object] | None:
        """What came of the last reload, None before the first."""
        return self._state.read_reloaded()

    def status(self) -> dict[str, Any]:
        """The state of this replica, as the control API tells it."""
        revision = self.snapshot.revision
        linked = self.workers.linked()
        configured = self._configured()
        workers: list[dict[str, Any]] = []
        for slot in range(self.config.workers):
            worker = linked.get(slot)
            workers.append(
                {
                    "slot": slot,
                    "pid": worker and worker.pid,
                    "revision": worker and worker.revision,
                    "live": worker is not None and worker.decides_by(revision),
                    "since": worker and worker.since.isoformat(),
                    "requests": worker.requests if worker else 0,
                    "config": worker and worker.config,
                }
            )
        return {
            "revision": revision,
            "at": self.snapshot.at.isoformat(),
            "age_seconds": round((datetime.now(UTC) - self.snapshot.at).total_seconds(), 3) if revision else None,
            "store": {"ok": self._store_error is None, "error": self._store_error, "url": self.config.store},
            "disk": {"ok": self._disk_error is None, "error": self._disk_error},
            "evidence": self.evidence.status(),
            "notes": list(self._notes),
            "recording": self.recordings.running(),
            "reload": self.reloaded(),
            "replica": {
                "name": platform.node(),
                "started_at": self.started_at.isoformat(),
                "version": __version__,
                "config": self.config.digest,
            },
            "workers": workers,
            "comparers": self.workers.comparers.rows(),
            "live": f"{sum(worker['live'] for worker in workers)}/{len(workers)}",
            "toggles": [
                {**toggle.to_json(), "configured": toggle.name in configured}
                for toggle in self.snapshot.toggles.values()
            ],
            "upstreams": upstream_rows(self.config.upstreams, self.workers),
            "traffic": self.traffic.to_json(),
        }

    async def _move(
        self,
        plan: Callable[[Snapshot], list[Toggle]],
        who: str,
        why: str,
        forced: bool,
        expected_revision: int | None,
        wait_seconds: float | None,
        *,
        partly: bool = False,
    ) -> Outcome:
        began = asyncio.get_running_loop().time()
        async with self._mover:
            if self._store_error is not None:
                await self._synchronize()
            for attempt in range(_ATTEMPTS):
                if self._store_error is not None:
                    raise StoreUnavailable(self._store_error)
                before = self.snapshot
                if expected_revision is not None and expected_revision != before.revision:
                    raise RevisionConflict(expected_revision, before.revision)
                toggles, refused = await asyncio.to_thread(allowed, self.guards, before, plan(before), partly=partly)
                if not toggles:
                    break
                change = Change(toggles, who=who, why=why, at=datetime.now(UTC), forced=forced)
                try:
                    after = await asyncio.to_thread(self._store.commit, change, expected_revision=before.revision)
                except RevisionConflict:
                    await self._synchronize()
                    if expected_revision is not None or attempt == _ATTEMPTS - 1:
                        raise
                    continue
                except StoreUnavailable as error:
                    self._lose_store(str(error))
                    raise
                await self._put_into_force(after)
                break
            after = self.snapshot
        return await self._outcome(before, after, began, wait_seconds, refused)

    def _configured(self) -> frozenset[str]:
        routes = (route.name for route in self.config.routes if route.twin)
        return frozenset((*routes, *(seam.name for seam in self.config.seams)))

    async def _outcome(
        self,
        before: Snapshot,
        after: Snapshot,
        began: float,
        wait_seconds: float | None,
        refused: tuple[Refusal, ...] = (),
    ) -> Outcome:
        wait = WAIT_SECONDS if wait_seconds is None else wait_seconds
        acknowledged, missing = await self.workers.acknowledged(after.revision, wait_seconds=wait)
        moved = [
            (before.toggles[name], toggle)
            for name, toggle in after.toggles.items()
            if name in before.toggles and not toggle.says_as(before.toggles[name])
        ]
        return Outcome(
            revision=after.revision,
            moved=tuple(moved),
            acknowledged=tuple(acknowledged),
            missing=tuple(missing),
            seconds=asyncio.get_running_loop().time() - began,
            configured=self._configured(),
            refused=refused,
        )

    async def _synchronize(self) -> None:
        try:
            stored = await asyncio.to_thread(self._store.load)
            if self._still_agrees(stored):
                return
            reason = estrangement(stored, self.snapshot)
            if reason is not None:
                self._lose_store(f"{reason[0].upper()}{reason[1:]}. {_ADOPT}")
                return
            declaration = declare(stored, self.config)
            if declaration.toggles:
                change = Change(
                    declaration.toggles, who=_SELF, why=f"declared in {self.config.path.name}", at=datetime.now(UTC)
                )
                stored = await asyncio.to_thread(self._store.commit, change, expected_revision=stored.revision)
        except RevisionConflict:
            return
        except StoreUnavailable as error:
            self._lose_store(str(error))
            return
        if self._store_error is not None:
            _log.info("the store answers, at revision %d", stored.revision)
            self._store_error = None
        if declaration.notes != self._notes:
            self._notes = declaration.notes
            for note in self._notes:
                _log.warning("%s", note)
        if stored.revision != self.snapshot.revision or self._disk_error is not None:
            await self._put_into_force(stored)
        self._agreed = stored, self.snapshot

    def _still_agrees(self, stored: Snapshot) -> bool:
        """Whether nothing has changed since the last look, by which objects they are: comparing takes milliseconds."""
        if self._agreed is None or self._store_error is not None or self._disk_error is not None:
            return False
        before, in_force = self._agreed
        return stored is before and self.snapshot is in_force

    def _lose_store(self, reason: str) -> None:
        if reason != self._store_error:
            _log.error("%s Revision %d stays in force.", reason, self.snapshot.revision)
        self._store_error = reason

    async def _put_into_force(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        try:
            await asyncio.to_thread(write_snapshot, self._state.snapshot, snapshot)
            self._disk_error = None
        except OSError as error:
            # The store has it and the workers get it: only a restart without the store would fall back.
            self._disk_error = f"{self._state.snapshot} cannot be written: {error.strerror}"
            _log.error("%s", self._disk_error)
        self.workers.push(snapshot)
        async with self._news:
            self._news.notify_all()
