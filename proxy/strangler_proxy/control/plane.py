"""The control plane proper: one store, the snapshot in force, and every verb that reads or moves toggles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from strangler.documents import DocumentStore
from strangler.errors import IllegalMove, RevisionConflict, StoreUnavailable
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
)
from strangler_proxy.config.values import Config
from strangler_proxy.control.evidence import EvidenceIntake
from strangler_proxy.control.guarding import allowed
from strangler_proxy.control.in_force import ATTEMPTS, InForce
from strangler_proxy.control.outcome import Outcome
from strangler_proxy.control.recordings import Recordings
from strangler_proxy.control.replicas import Replicas, replica_name
from strangler_proxy.control.retention import Retention
from strangler_proxy.control.rollout_judge import RolloutJudge
from strangler_proxy.control.status import status_of, told_of
from strangler_proxy.control.threads import aside
from strangler_proxy.control.upstreams import Troubles
from strangler_proxy.control.workers import Traffic, Workers
from strangler_proxy.gates import Observer
from strangler_proxy.notify import Notifier, Silent
from strangler_proxy.rollout import Archive, Rollouts
from strangler_proxy.state import StateDir

__all__ = ["ControlPlane"]

WAIT_SECONDS: Final = 2.0


class ControlPlane:
    """Keeps the snapshot in force, in memory and on disk, in step with the store, and its workers with both.

    The store's commit is the truth; disk and workers follow it, and a death in between is healed at the next start.
    Without a store, and while the store is not the one that the snapshot came from, reads go on and moves raise
    StoreUnavailable. What is observed of routes goes to the other store, `evidence`, and no move waits for that.
    `documents` is where whatever holds moves back keeps its state, in the toggles' store; `replicas` are all that share
    it. `rollouts` walk by themselves, and `notifier` tells people.
    """

    def __init__(
        self,
        config: Config,
        store: ToggleStore,
        state: StateDir,
        evidence: EvidenceStore,
        documents: DocumentStore,
        notifier: Notifier | None = None,
    ) -> None:
        self.config = config
        self.documents = documents
        self.traffic = Traffic()
        candidates = {route.name: route.candidate for route in config.routes}
        releases = {name: upstream.release for name, upstream in config.upstreams.items() if upstream.release}
        self.evidence = EvidenceIntake(evidence, config.evidence, candidates=candidates, releases=releases)
        self.workers = Workers(config.workers, self.traffic, self.evidence, comparers=config.comparers)
        self.recordings = Recordings(self.workers)
        troubles = Troubles(config.upstreams)
        self.workers.on_counted = lambda grown: troubles.look(self.workers.linked().values(), grown)
        self.in_force = InForce(config, store, state, self.workers.push)
        self.replicas = Replicas(replica_name(config), documents, lambda: told_of(self))
        self.workers.on_acknowledged = self._acknowledged
        self.notifier = self.evidence.notifier = notifier or Silent()
        judge = RolloutJudge(Observer(config, evidence, documents), evidence)
        self.rollouts = Rollouts(Archive(documents), self, judge, self.notifier)
        self.guards: list[MoveGuard] = []
        self.checks: list[MoveGuard] = []
        self._state = state
        self.started_at = datetime.now(UTC)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot in force."""
        return self.in_force.snapshot

    async def start(self) -> None:
        """Take up the snapshot from disk, then the store's, declare new toggles, and be there for workers and known to
        other replicas."""
        self.in_force.take_up()
        await self.workers.listen(self._state.socket)
        events = Retention(self.documents, self.config.evidence)
        self._tasks = [asyncio.create_task(self.replicas.run())]
        with aside():
            self._tasks.append(asyncio.create_task(events.run()))
        with aside("evidence"):
            self._tasks.append(asyncio.create_task(self.evidence.run()))
        async with self.in_force.moving:
            await self.in_force.synchronize()
        self._tasks += [asyncio.create_task(each) for each in (self.rollouts.run(), self.notifier.run())]

    async def watch(self) -> None:
        """Look after the store until cancelled: it may go, come back, or be moved by another process."""
        await self.in_force.watch()

    async def refreshed(self) -> Snapshot:
        """The snapshot in force, after a look at the store. Raises StoreUnavailable."""
        async with self.in_force.moving:
            await self.in_force.synchronize()
        if self.in_force.store_error is not None:
            raise StoreUnavailable(self.in_force.store_error)
        return self.snapshot

    async def stop(self) -> None:
        """Close the links and the stores."""
        for task in self._tasks:
            task.cancel()
        # A move of a rollout that is under way must not meet a store that is closed.
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.recordings.stop()
        await self.workers.close()
        await self.in_force.written()
        await self.evidence.close()
        await self.replicas.leave()
        self.in_force.store.close()
        self.documents.close()

    async def flip(
        self,
        names: Sequence[str],
        move: Move,
        *,
        who: str,
        why: str,
        expected_revision: int | None = None,
        wait_seconds: float | None = None,
        evidence: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Outcome:
        """Move toggles; `evidence` of them, by name, goes into the audit. Raises UnknownToggle, IllegalMove,
        MoveRefused, RevisionConflict or StoreUnavailable; then nothing moved."""

        def plan(snapshot: Snapshot) -> list[Toggle]:
            return plan_moves(snapshot, names, move)

        return await self._move(plan, who, why, move.force, expected_revision, wait_seconds, evidence=evidence)

    async def would_flip(self, names: Sequence[str], move: Move, *, expected_revision: int | None = None) -> Outcome:
        """What `flip` would come to now. Raises as it does; nothing moves in any case."""
        began = asyncio.get_running_loop().time()
        before = self.snapshot if self.in_force.store_error is None else await self.refreshed()
        if expected_revision is not None and expected_revision != before.revision:
            raise RevisionConflict(expected_revision, before.revision)
        planned = plan_moves(before, names, move)
        checks = () if move.force else self.checks
        toggles, _ = await self._allowed(before, planned, partly=False, checks=checks)
        return Outcome(
            revision=before.revision,
            moved=tuple((before[each.name], each) for each in toggles),
            acknowledged=(),
            missing=(),
            seconds=asyncio.get_running_loop().time() - began,
            configured=self.configured(),
            dry_run=True,
        )

    async def back(
        self,
        names: Sequence[str] | None,
        *,
        who: str,
        why: str,
        wait_seconds: float | None = None,
        evidence: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Outcome:
        """Take toggles back to the monolith, `None` meaning all: all that no guard keeps back. Raises as `flip`."""

        def plan(snapshot: Snapshot) -> list[Toggle]:
            return plan_back(snapshot, names)

        return await self._move(plan, who, why, False, None, wait_seconds, partly=names is None, evidence=evidence)

    async def adopt(self, keep: str, *, who: str, why: str, wait_seconds: float | None = None) -> Outcome:
        """Settle a store that is not the one the snapshot in force came from: keep the `snapshot`, or the `store`.

        Raises IllegalMove when there is nothing to settle, StoreUnavailable when the store does not answer.
        """
        began = asyncio.get_running_loop().time()
        in_force, store = self.in_force, self.in_force.store
        async with in_force.moving:
            await in_force.synchronize()
            if in_force.store_error is None:
                raise IllegalMove("There is nothing to adopt: the store and the toggles in force agree.")
            before = self.snapshot
            # In two steps also when the store is kept, so that the audit shows what moved from what was in force.
            stored = await asyncio.to_thread(store.load) if keep == "store" else None
            adopted = await asyncio.to_thread(store.adopt, before, who=who, why=why, at=datetime.now(UTC))
            if stored is not None:
                other = [each for each in stored.toggles.values() if not each.says_as(adopted.toggles.get(each.name))]
                change = Change(other, who=who, why=why, at=datetime.now(UTC))
                adopted = await asyncio.to_thread(store.commit, change, expected_revision=adopted.revision)
            in_force.store_error = None
            await in_force.put(adopted)
            await in_force.synchronize()
        return await self._outcome(before, self.snapshot, began, wait_seconds)

    async def history(self, name: str | None, limit: int) -> list[AuditEntry]:
        """The audit, newest first. Raises StoreUnavailable."""
        return await asyncio.to_thread(self.in_force.store.history, name, limit=limit)

    async def newer(self, revision: int, wait_seconds: float) -> Snapshot:
        """The snapshot in force, as soon as its revision is not `revision`, or when the time is over."""
        return await self.in_force.newer(revision, wait_seconds)

    async def close_waits(self) -> None:
        """Let everybody who waits for news go, for the process is about to end."""
        await self.in_force.close_waits()

    def ready(self) -> dict[str, str | None]:
        """What each dependency lacks; None where it lacks nothing. Moves need all but the evidence."""
        return {
            "store": self.in_force.store_error,
            "disk": self.in_force.disk_error,
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
        return status_of(self)

    def configured(self) -> frozenset[str]:
        """What this proxy has a route or seam for."""
        routes = (route.name for route in self.config.routes if route.twin)
        return frozenset((*routes, *(seam.name for seam in self.config.seams)))

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
        evidence: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Outcome:
        began = asyncio.get_running_loop().time()
        in_force = self.in_force
        for attempt in range(ATTEMPTS):
            if in_force.store_error is not None:
                await self.refreshed()
            before = after = self.snapshot
            if expected_revision is not None and expected_revision != before.revision:
                raise RevisionConflict(expected_revision, before.revision)
            planned = plan(before)
            # Without the lock: nobody who takes something back waits for the slow gate of somebody who goes forward.
            toggles, refused = await self._allowed(before, planned, partly=partly, checks=() if forced else self.checks)
            if not toggles:
                break
            async with in_force.moving:
                present = self.snapshot
                if present.revision != before.revision:
                    if expected_revision is not None:
                        raise RevisionConflict(expected_revision, present.revision)
                    if not _stands(planned, before, plan(present), present):
                        continue
                    before = present
                change = Change(toggles, who, why, datetime.now(UTC), forced, evidence or {})
                try:
                    after = await asyncio.to_thread(in_force.store.commit, change, expected_revision=before.revision)
                except RevisionConflict:
                    await in_force.synchronize()
                    if expected_revision is not None or attempt == ATTEMPTS - 1:
                        raise
                    continue
                except StoreUnavailable as error:
                    in_force.lose_store(str(error))
                    raise
                await in_force.put(after)
            break
        else:
            raise RevisionConflict(before.revision, self.snapshot.revision)
        return await self._outcome(before, after, began, wait_seconds, refused)

    async def _allowed(
        self, before: Snapshot, planned: list[Toggle], *, partly: bool, checks: Sequence[MoveGuard]
    ) -> tuple[list[Toggle], tuple[Refusal, ...]]:
        if not self.guards and not checks:
            return planned, ()
        return await asyncio.to_thread(allowed, self.guards, before, planned, partly=partly, checks=checks)

    def _acknowledged(self) -> None:
        # Others wait for all of us: before the last worker there is nothing to tell them.
        if self._lagging() is None:
            self.replicas.tell()

    async def _outcome(
        self,
        before: Snapshot,
        after: Snapshot,
        began: float,
        wait_seconds: float | None,
        refused: tuple[Refusal, ...] = (),
    ) -> Outcome:
        wait = WAIT_SECONDS if wait_seconds is None else wait_seconds
        here, elsewhere = await asyncio.gather(
            self.workers.acknowledged(after.revision, wait_seconds=wait),
            self.replicas.acknowledged(after.revision, wait_seconds=wait),
        )
        seconds = asyncio.get_running_loop().time() - began
        await self.in_force.written()
        moved = [
            (before.toggles[name], toggle)
            for name, toggle in after.toggles.items()
            if name in before.toggles and not toggle.says_as(before.toggles[name])
        ]
        return Outcome(
            revision=after.revision,
            moved=tuple(moved),
            acknowledged=(*map(str, here[0]), *elsewhere.acknowledged),
            missing=(*map(str, here[1]), *elsewhere.missing),
            lost=elsewhere.lost,
            seconds=seconds,
            configured=self.configured(),
            refused=refused,
        )


def _stands(planned: Sequence[Toggle], before: Snapshot, anew: Sequence[Toggle], present: Snapshot) -> bool:
    """Whether what was planned on `before` is still what would be planned, and of toggles that are as they were."""
    return list(planned) == list(anew) and all(before[each.name] == present[each.name] for each in planned)
