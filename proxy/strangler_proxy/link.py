"""A worker's link to the control plane: snapshots come in, acknowledgements, counts and evidence go out, and workers
tell each other whom to forget.

Revisions only ever go up: a snapshot older than the one held is stale by definition and is ignored. Where a store was
lost or restored from a backup, the control plane adopts under a revision above both, so nothing needs to go down.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from strangler.errors import SnapshotError
from strangler.evidence import Batch
from strangler.toggles import Snapshot, read_snapshot
from strangler_proxy.record.order import Order, order_of
from strangler_proxy.state import StateDir
from strangler_proxy.unix import connect_unix

__all__ = ["LINE_LIMIT", "ControlLink", "call_off", "pause_for"]

# A snapshot of many thousand toggles still fits.
LINE_LIMIT: Final = 16 * 1024 * 1024
_COUNTS_EVERY: Final = 1.0
# There may be many batches, each told by itself, so that the event loop is never held up by all of them, and where
# there are, the more often.
_EVIDENCE_EVERY: Final = 0.125
_EVIDENCE_FASTEST: Final = 4
# The first is told at once, and what follows within this time together: a flood makes long lines, not many.
_FORGOTTEN_EVERY: Final = 0.02
_MOST_FORGOTTEN: Final = 2048
_FORGOTTEN_BACKLOG: Final = 1024 * 1024
_FIRST_DELAY: Final = 0.05
_LONGEST_DELAY: Final = 2.0
# Worker and control plane start together; only after this long is it worth a word that one is not there.
_PATIENCE: Final = 5.0

_log = logging.getLogger("strangler.link")


async def call_off(task: asyncio.Task[None]) -> None:
    """Cancel a task that talks over a link, and wait for its end.

    Awaited by itself, its end would pass for a cancellation of whoever waits, and that for its end.
    """
    task.cancel()
    [outcome] = await asyncio.gather(task, return_exceptions=True)
    if isinstance(outcome, Exception) and not isinstance(outcome, OSError):
        raise outcome


def pause_for(untold: int) -> float:
    """After how many seconds the next batch of evidence is told, where so many wait."""
    return _EVIDENCE_EVERY / min(max(untold, 1), _EVIDENCE_FASTEST)


class ControlLink:
    """The link of the worker in `slot` through the Unix socket at `path`.

    `on_snapshot` is called with each newer snapshot and must put it into force before it returns: only then is the
    snapshot acknowledged. `take_counts` gives the traffic since it was last asked, `take_measures` how the counters
    have grown since, and the gauges; `take_evidence` what was observed since, and `untold` in how many batches that is
    to come. A batch is told until it is confirmed, always the same, and what is observed meanwhile waits in the next
    one. `on_forgotten` is called with the digests that another worker gave to its `forget`, `on_order` with what is to
    be recorded, None for nothing, and `on_testers` with the testers whose words are revoked. `config` is the digest of
    the configuration that the worker runs.
    Nothing here ever raises into the worker: without a control plane the last snapshot goes on deciding.
    """

    def __init__(
        self,
        path: Path,
        slot: int,
        state_dir: Path,
        on_snapshot: Callable[[Snapshot], None],
        take_counts: Callable[[], list[dict[str, Any]]],
        *,
        config: str = "",
        take_measures: Callable[[], tuple[list[Any], list[Any]]] = lambda: ([], []),
        take_evidence: Callable[[], Batch] = Batch,
        untold: Callable[[], int] = lambda: 1,
        on_forgotten: Callable[[list[bytes]], None] = lambda _: None,
        on_order: Callable[[Order | None], None] = lambda _: None,
        on_testers: Callable[[Mapping[str, int]], None] = lambda _: None,
    ) -> None:
        self._path = path
        self._slot = slot
        self._disk = StateDir(state_dir).snapshot
        self._on_snapshot = on_snapshot
        # The same clock in all processes of this machine: of two in one slot, the later one is the worker there.
        self._began = time.monotonic()
        self._leaving = False
        self._writer: asyncio.StreamWriter | None = None
        self._take_counts = take_counts
        self._take_measures = take_measures
        self._take_evidence = take_evidence
        self._untold = untold
        # The batch that is not confirmed yet: its id, its text, and whether it was told on this link.
        self._batch_id = ""
        self._batch = ""
        self._batch_told = False
        self._on_forgotten = on_forgotten
        self._on_order = on_order
        self._on_testers = on_testers
        # In the order in which they came, each once.
        self._forgotten: dict[bytes, None] = {}
        self._telling: asyncio.Handle | None = None
        self._config = config
        self._held = Snapshot()
        self._unsent: list[dict[str, Any]] = []
        self._unsent_counters: list[Any] = []
        self._complained = False
        self._delay = _FIRST_DELAY

    @property
    def revision(self) -> int:
        """The revision of the snapshot in force."""
        return self._held.revision

    def load_snapshot(self) -> Snapshot:
        """Put the snapshot kept on disk into force and return it; an empty one where there is none that can be read."""
        try:
            snapshot = read_snapshot(self._disk)
        except SnapshotError as error:
            _log.warning("%s; until the control plane answers, the monolith answers everything", error)
            snapshot = None
        if snapshot is not None:
            self._on_snapshot(snapshot)
            self._held = snapshot
        return self._held

    async def run(self) -> None:
        """Keep the link until cancelled, connecting again whenever it breaks."""
        told = False
        patient_until = time.monotonic() + _PATIENCE
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(sock=connect_unix(self._path), limit=LINE_LIMIT)
            except OSError:
                if not told and time.monotonic() > patient_until:
                    _log.warning("no control plane: revision %d goes on deciding", self._held.revision)
                    told = True
            else:
                if told:
                    _log.info("linked to the control plane again")
                    told = False
                await self._converse(reader, writer)
                patient_until = 0.0
            # Jittered, so that many workers do not come back in step.
            await asyncio.sleep(self._delay * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            self._delay = min(self._delay * 2, _LONGEST_DELAY)

    def leave(self) -> None:
        """Say that this worker takes no more: another in its slot counts from now on."""
        self._leaving = True
        if self._writer is not None:
            self._send(self._writer, {"type": "leaving"})

    def forget(self, digests: Iterable[bytes]) -> int:
        """Tell the other workers of this replica to forget what they know by `digests`: at once, or as soon as the link
        is there again. Returns how many digests there was no room for.
        """
        refused = 0
        for digest in digests:
            if digest in self._forgotten:
                continue
            if len(self._forgotten) >= _MOST_FORGOTTEN:
                refused += 1
            else:
                self._forgotten[digest] = None
        if self._telling is None and self._writer is not None:
            self._telling = asyncio.get_running_loop().call_soon(self._tell_forgotten)
        return refused

    def _tell_forgotten(self) -> None:
        self._telling = None
        writer = self._writer
        if writer is None or not self._forgotten:
            return
        self._telling = asyncio.get_running_loop().call_later(_FORGOTTEN_EVERY, self._tell_forgotten)
        if writer.transport.get_write_buffer_size() > _FORGOTTEN_BACKLOG:
            return
        self._send(writer, {"type": "forgotten", "digests": [digest.hex() for digest in self._forgotten]})
        self._forgotten.clear()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        counting = asyncio.create_task(self._send_counts(writer))
        self._writer = writer
        self._batch_told = False
        try:
            self._send(
                writer,
                {
                    "type": "hello",
                    "slot": self._slot,
                    "pid": os.getpid(),
                    "revision": self._held.revision,
                    "config": self._config,
                    "began": self._began,
                    "leaving": self._leaving,
                },
            )
            self._tell_forgotten()
            while line := await reader.readline():
                self._heed(line, writer)
        except (OSError, ValueError) as error:
            # ValueError: a line past the limit, or not JSON.
            _log.warning("link to the control plane broke: %s", error)
        except asyncio.CancelledError:
            self._tell_forgotten()
            self._report(writer)
            self._tell_all_evidence(writer)
            raise
        finally:
            self._writer = None
            if self._telling is not None:
                self._telling.cancel()
                self._telling = None
            writer.close()
            await call_off(counting)

    def _heed(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        message = json.loads(line)
        if not isinstance(message, dict):
            return
        match message.get("type"):
            case "snapshot":
                self._heed_snapshot(message, writer)
            case "forgotten":
                self._heed_forgotten(message)
            case "record":
                self._heed_order(message, writer)
            case "testers":
                self._heed_testers(message, writer)
            case "taken" if message.get("id") == self._batch_id:
                self._batch_id = self._batch = ""

    def _heed_forgotten(self, message: dict[str, Any]) -> None:
        try:
            digests = [bytes.fromhex(digest) for digest in message["digests"]]
        except (KeyError, TypeError, ValueError) as error:
            _log.error("another worker told what cannot be read: %r", error)
            return
        self._on_forgotten(digests)

    def _heed_order(self, message: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        try:
            order = order_of(message.get("order"))
        except ValueError as error:
            _log.error("the control plane sent what cannot be read: %s", error)
            return
        self._on_order(order)
        self._send(writer, {"type": "recording", "id": "" if order is None else order.id})

    def _heed_testers(self, message: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        try:
            number = int(message["number"])
            self._on_testers({str(name): int(issued) for name, issued in message["revoked"].items()})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            _log.error("the control plane told of testers what cannot be read: %r", error)
            return
        self._send(writer, {"type": "testers", "number": number})

    def _heed_snapshot(self, message: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        try:
            snapshot = Snapshot.from_json(message.get("snapshot"))
        except SnapshotError as error:
            _log.error("the control plane sent what cannot be read: %s", error)
            return
        if snapshot.revision < self._held.revision:
            _log.warning("ignored revision %d, for %d is in force", snapshot.revision, self._held.revision)
            return
        try:
            self._on_snapshot(snapshot)
        except Exception:
            _log.exception("revision %d could not be put into force", snapshot.revision)
            return
        self._held = snapshot
        self._delay = _FIRST_DELAY
        self._send(writer, {"type": "ack", "revision": snapshot.revision})

    async def _send_counts(self, writer: asyncio.StreamWriter) -> None:
        due = time.monotonic() + _COUNTS_EVERY
        while True:
            await asyncio.sleep(pause_for(self._untold()))
            self._tell_evidence(writer)
            now = time.monotonic()
            if now < due:
                continue
            due = now + _COUNTS_EVERY
            self._report(writer)
            await writer.drain()
            self._unsent, self._unsent_counters = [], []

    def _report(self, writer: asyncio.StreamWriter) -> None:
        self._unsent.extend(self._take_counts())
        counters, gauges = self._measured()
        self._unsent_counters.extend(counters)
        if not (self._unsent or self._unsent_counters or gauges):
            self._send(writer, {"type": "alive"})
            return
        said = {"traffic": self._unsent, "counters": self._unsent_counters, "gauges": gauges}
        self._send(writer, {"type": "counts", "at": time.time(), **said})

    def _tell_evidence(self, writer: asyncio.StreamWriter) -> None:
        """Tell the next batch, or the last one again where the link broke before it was confirmed."""
        batch = self._untold_batch()
        if batch:
            writer.write(f'{{"type":"evidence","batch":{batch}}}\n'.encode())

    def _tell_all_evidence(self, writer: asyncio.StreamWriter) -> None:
        """Tell what there is, for the last time: nobody will confirm it any more."""
        while True:
            if self._batch_told:
                self._batch_id = self._batch = ""
            self._tell_evidence(writer)
            if not self._batch:
                return

    def _untold_batch(self) -> str:
        """The batch to tell now; empty where there is none, or where the last one is not confirmed yet."""
        if not self._batch:
            batch = self._take_evidence()
            if not batch:
                return ""
            text = _text(batch.to_json())
            if len(text) > LINE_LIMIT // 4:
                # At most four bytes a letter, and there is more on the line.
                _log.error("what was observed in the last second is too much to be told, and lost")
                return ""
            self._batch_id, self._batch, self._batch_told = batch.id, text, False
        if self._batch_told:
            return ""
        self._batch_told = True
        return self._batch

    def _measured(self) -> tuple[list[Any], list[Any]]:
        try:
            return self._take_measures()
        except Exception:
            # Whatever is wrong with a number: without the link, this worker would hear of no move any more.
            if not self._complained:
                _log.exception("what was measured cannot be told")
                self._complained = True
            return [], []

    @staticmethod
    def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
        writer.write(_text(message).encode() + b"\n")


def _text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
