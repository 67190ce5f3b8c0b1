"""The snapshot in force on this replica: in memory and on disk, in step with the store."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from strangler.errors import RevisionConflict, SnapshotError, StoreUnavailable
from strangler.toggles import Change, Snapshot, ToggleStore, read_snapshot, write_snapshot
from strangler_proxy.config.values import Config
from strangler_proxy.control.declare import declare, estrangement
from strangler_proxy.state import StateDir

__all__ = ["ATTEMPTS", "InForce"]

ATTEMPTS: Final = 5
"""How often a move is tried while others move first."""

_LOOK_EVERY: Final = 1.0
_SELF: Final = "strangler"
_ADOPT: Final = (
    "Nothing was moved. `strangler adopt snapshot --why ...` makes the store take over what is in force;"
    " `strangler adopt store --why ...` puts the store's toggles into force, which may move routes."
)

_log = logging.getLogger("strangler.control")


class InForce:
    """Keeps `snapshot` in step with `store`, and tells `push` of each new one.

    `store_error` says why moves cannot be made, and `disk_error` why the snapshot could not be kept; None where nothing
    is wrong. `notes` are the declaration's. Whoever moves holds `moving`.
    """

    def __init__(self, config: Config, store: ToggleStore, state: StateDir, push: Callable[[Snapshot], None]) -> None:
        self.snapshot = Snapshot()
        self.store = store
        self.store_error: str | None = "The store has not been asked yet."
        self.disk_error: str | None = None
        self.notes: tuple[str, ...] = ()
        self.moving = asyncio.Lock()
        self.closing = asyncio.Event()
        self._config = config
        self._state = state
        self._push = push
        # What the store held, and what was in force, when they were last found to agree.
        self._agreed: tuple[Snapshot, Snapshot] | None = None
        self._settled: frozenset[str] = frozenset()
        self._stored_revision = -1
        self._news = asyncio.Condition()
        self._disk = asyncio.Lock()
        self._on_disk: Snapshot | None = None
        self._writing: asyncio.Task[None] | None = None

    def take_up(self) -> None:
        """Put the snapshot on disk into force, which the workers had last."""
        self._state.create()
        try:
            self.snapshot = read_snapshot(self._state.snapshot) or Snapshot()
        except SnapshotError as error:
            _log.error("%s; the store decides", error)
        self._push(self.snapshot)

    async def watch(self) -> None:
        """Follow the store until cancelled: at once when another process moves, and once a second in any case, for it
        may go, come back, or be another one."""
        while True:
            try:
                await asyncio.to_thread(self.store.changed, self._stored_revision, seconds=_LOOK_EVERY)
            except Exception as error:
                if not isinstance(error, StoreUnavailable):
                    _log.exception("the store could not be watched")
                    await asyncio.sleep(_LOOK_EVERY)
            async with self.moving:
                try:
                    await self.synchronize()
                except Exception:
                    # Whatever it was, the next look may find it gone; without looks a lost store would stay lost.
                    _log.exception("the store could not be looked at")
            if self.store_error is not None:
                # What it is changed by may be the very thing that cannot be read.
                await asyncio.sleep(_LOOK_EVERY)

    async def synchronize(self) -> None:
        """Put what the store holds into force, unless it is another store. To be called while `moving` is held."""
        for _ in range(ATTEMPTS):
            try:
                await self._follow()
            except RevisionConflict:
                # Another replica declared first.
                continue
            except StoreUnavailable as error:
                self.lose_store(str(error))
            return

    def lose_store(self, reason: str) -> None:
        """Make no moves for that reason, until the store is found to be well."""
        if reason != self.store_error:
            _log.error("%s Revision %d stays in force.", reason, self.snapshot.revision)
        self.store_error = reason

    async def put(self, snapshot: Snapshot) -> None:
        """Put what the store holds by our own doing into force; `written` waits until it outlives a power cut too."""
        self.snapshot = snapshot
        # The store has it already. A power cut takes the workers along: they need not wait for a disk.
        self._push(snapshot)
        self._writing = asyncio.create_task(self._write())
        async with self._news:
            self._news.notify_all()

    async def written(self) -> None:
        """Wait until the snapshot in force is on the store's disk and on ours, or `store_error` and `disk_error` say
        why it cannot be."""
        if self._writing is not None:
            await asyncio.shield(self._writing)

    async def _write(self) -> None:
        async with self._disk:
            snapshot = self.snapshot
            if snapshot is self._on_disk:
                return
            self._on_disk = None
            try:
                await asyncio.to_thread(self.store.settle)
            except StoreUnavailable as error:
                self.lose_store(str(error))
            try:
                await asyncio.to_thread(write_snapshot, self._state.snapshot, snapshot)
            except OSError as error:
                # The store has it and the workers get it: only a restart without the store would fall back.
                self.disk_error = f"{self._state.snapshot} cannot be written: {error.strerror}"
                _log.error("%s", self.disk_error)
            else:
                self._on_disk = snapshot
                self.disk_error = None

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

    async def _follow(self) -> None:
        stored = await asyncio.to_thread(self.store.load)
        self._stored_revision = stored.revision
        if self._still_agrees(stored):
            return
        reason = estrangement(stored, self.snapshot)
        if reason is not None:
            self.lose_store(f"{reason[0].upper()}{reason[1:]}. {_ADOPT}")
            return
        declaration = declare(stored, self._config, settled=self._settled)
        if declaration.toggles:
            why = f"declared in {self._config.path.name}"
            change = Change(declaration.toggles, who=_SELF, why=why, at=datetime.now(UTC))
            stored = await asyncio.to_thread(self.store.commit, change, expected_revision=stored.revision)
        self._settled |= declaration.settled
        if self.store_error is not None:
            _log.info("the store answers, at revision %d", stored.revision)
            self.store_error = None
        if declaration.notes != self.notes:
            self.notes = declaration.notes
            for note in self.notes:
                _log.warning("%s", note)
        if stored.revision != self.snapshot.revision or self.disk_error is not None:
            await self.put(stored)
            await self.written()
        self._agreed = stored, self.snapshot

    def _still_agrees(self, stored: Snapshot) -> bool:
        """Whether nothing has changed since the last look, by which objects they are: comparing takes milliseconds."""
        if self._agreed is None or self.store_error is not None or self.disk_error is not None:
            return False
        before, in_force = self._agreed
        return stored is before and self.snapshot is in_force
