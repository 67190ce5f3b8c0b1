"""The control plane's side of the links: which workers are there, at which revision, and what they counted."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from strangler.toggles import Snapshot
from strangler_proxy.control.comparers import NOTHING, Comparers
from strangler_proxy.control.evidence import EvidenceIntake
from strangler_proxy.control.measured import Measured
from strangler_proxy.link import LINE_LIMIT
from strangler_proxy.unix import listen_unix

__all__ = ["Traffic", "Worker", "Workers"]

_BACKLOG_LIMIT: Final = 32 * 1024 * 1024
# What workers tell each other must never cost one its link.
_RELAY_BACKLOG: Final = 1024 * 1024
# A worker says something once a second. Looks are counted, not seconds: when the machine slept, nobody was silent.
_LOOK_SECONDS: Final = 1.0
_SILENT_LOOKS: Final = 5

_log = logging.getLogger("strangler.workers")


@dataclass(slots=True)
class Worker:
    """A linked worker: its slot, process id, the revision it acknowledged last, since when, and its requests.

    `began` is when its process began, on the machine's monotonic clock; `leaving` says that it takes no more
    connections; `unheard` counts our looks since it last said anything; `gauges` are what it measured last: a name,
    label values and a number each. `recording` is the order to record that it took last, empty for none, and `settled`
    says that it has told what it counted since. `testers` is the number under which it took the last of testers.
    """

    slot: int
    pid: int
    revision: int
    config: str
    writer: asyncio.StreamWriter
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    requests: int = 0
    began: float = 0.0
    leaving: bool = False
    testers: int = 0
    unheard: int = 0
    gauges: list[Any] = field(default_factory=list)
    recording: str = ""
    settled: bool = True

    @property
    def heard(self) -> bool:
        """Whether it has said something lately: a worker that hangs does not."""
        return self.unheard < _SILENT_LOOKS

    def decides_by(self, revision: int) -> bool:
        """Whether customers are served here by `revision` now, as far as known."""
        return self.revision == revision and self.heard


@dataclass(slots=True)
class Traffic:
    """Requests counted since the control plane started, by route, side and upstream."""

    rows: dict[tuple[str, str, str], dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: {"count": 0, "fallbacks": 0, "errors_5xx": 0})
    )

    def add(self, counted: list[dict[str, Any]]) -> int:
        """Take in what a worker counted; returns its number of requests."""
        requests = 0
        for each in counted:
            row = self.rows[str(each["route"]), str(each["side"]), str(each["upstream"])]
            count = int(each["count"])
            requests += count
            row["count"] += count
            row["fallbacks"] += int(each.get("fallbacks", 0))
            if str(each.get("status_class", "")).startswith("5"):
                row["errors_5xx"] += count
        return requests

    def to_json(self) -> list[dict[str, Any]]:
        """One row for each route, side and upstream, in that order."""
        return [
            {"route": route, "side": side, "upstream": upstream, **row}
            for (route, side, upstream), row in sorted(self.rows.items())
        ]


class Workers:
    """The workers of this replica. `slots` is how many there should be. Evidence that they tell goes to `evidence`, and
    whoever links itself as a comparer to `comparers`.

    `on_acknowledged` is called each time that a worker has acknowledged a revision, and `on_counted` is told what the
    counters grew by each time that a worker has told what it counted and measured. `order` gives the line that says
    what is to be recorded, for whoever links itself.
    """

    def __init__(self, slots: int, traffic: Traffic, evidence: EvidenceIntake, *, comparers: int = 0) -> None:
        self.slots = slots
        self.traffic = traffic
        self.on_acknowledged: Callable[[], None] = lambda: None
        self.on_counted: Callable[[list[Any]], None] = lambda _: None
        self.order: Callable[[], bytes] = lambda: NOTHING
        self.measured = Measured()
        self.comparers = Comparers(comparers, evidence, self.measured)
        self._evidence = evidence
        self._links: list[Worker] = []
        self._looking: asyncio.Task[None] | None = None
        self._snapshot = Snapshot()
        self._testers = b""
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None

    async def listen(self, path: Path) -> None:
        """Be there for workers on the Unix socket `path`. Raises OSError."""
        self._server = await asyncio.start_unix_server(self._serve, sock=listen_unix(path), limit=LINE_LIMIT)
        self._looking = asyncio.create_task(self._look())

    async def close(self) -> None:
        """Close the links."""
        if self._looking is not None:
            self._looking.cancel()
        if self._server is not None:
            self._server.close()
        for worker in self._links:
            worker.writer.close()
        self.comparers.close()

    def linked(self) -> dict[int, Worker]:
        """The workers that are linked now, by slot: of several in one, the latest that is not leaving."""
        return {each.slot: each for each in sorted(self._links, key=lambda each: (not each.leaving, each.began))}

    def push(self, snapshot: Snapshot) -> None:
        """Send `snapshot` to every worker, and to each that comes later."""
        self._snapshot = snapshot
        line = _line(snapshot)
        for worker in self._links:
            self._send(worker, line)

    def revoke(self, number: int, revoked: Mapping[str, int]) -> None:
        """Tell every worker, and each that comes later, until when of issue the words of which testers are revoked;
        `number` grows each time."""
        message = {"type": "testers", "number": number, "revoked": dict(revoked)}
        self._testers = json.dumps(message, ensure_ascii=False).encode() + b"\n"
        for worker in self._links:
            self._send(worker, self._testers)

    async def revoked(self, number: int, *, wait_seconds: float) -> tuple[list[int], list[int]]:
        """The slots that took what was told of testers under that number, and those that had not when the time was
        over."""
        return await self._reached(lambda worker: worker.testers >= number, wait_seconds)

    def record(self, line: bytes) -> None:
        """Send what is to be recorded to every worker that takes requests."""
        for worker in self._links:
            if not worker.leaving:
                self._send(worker, line)

    async def recording(self, name: str, *, wait_seconds: float) -> tuple[list[int], list[int]]:
        """The slots that took the order of that name, empty for none, and those that had not when the time was over."""
        return await self._reached(lambda worker: worker.recording == name, wait_seconds)

    async def settled(self, *, wait_seconds: float) -> None:
        """Wait until every worker has told what it counted before it took the last order, or the time is over."""
        await self._reached(lambda worker: worker.settled, wait_seconds)

    async def acknowledged(self, revision: int, *, wait_seconds: float) -> tuple[list[int], list[int]]:
        """The slots that acknowledged `revision` or a later one, and those that had not when the time was over.

        A worker that should be there and is not counts as missing: it may still be serving by what it had.
        """

        return await self._reached(lambda worker: worker.revision >= revision, wait_seconds)

    async def _reached(self, has_reached: Callable[[Worker], bool], wait_seconds: float) -> tuple[list[int], list[int]]:
        def missing() -> list[int]:
            linked = self.linked()
            return [slot for slot in range(self.slots) if slot not in linked or not has_reached(linked[slot])]

        try:
            async with asyncio.timeout(wait_seconds), self._changed:
                await self._changed.wait_for(lambda: not missing())
        except TimeoutError:
            pass
        late = missing()
        return [slot for slot in range(self.slots) if slot not in late], late

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        worker: Worker | None = None
        try:
            while line := await reader.readline():
                message = json.loads(line)
                if worker is not None:
                    worker.unheard = 0
                match message.get("type"):
                    case "hello":
                        worker = Worker(
                            slot=int(message["slot"]),
                            pid=int(message["pid"]),
                            revision=int(message["revision"]),
                            config=str(message.get("config", "")),
                            writer=writer,
                            began=float(message.get("began", 0.0)),
                            leaving=bool(message.get("leaving", False)),
                        )
                        self._links.append(worker)
                        self.measured.links[worker.slot] += 1
                        _log.info("worker %d (pid %d) linked at revision %d", worker.slot, worker.pid, worker.revision)
                        self._send(worker, _line(self._snapshot))
                        if self._testers:
                            self._send(worker, self._testers)
                        self._send(worker, NOTHING if worker.leaving else self.order())
                        await self._tell()
                    case "comparer" if worker is None:
                        await self.comparers.serve(message, reader, writer)
                    case "ack" if worker is not None:
                        worker.revision = int(message["revision"])
                        self.on_acknowledged()
                        await self._tell()
                    case "testers" if worker is not None:
                        worker.testers = int(message["number"])
                        await self._tell()
                    case "recording" if worker is not None:
                        worker.recording, worker.settled = str(message["id"]), False
                        await self._tell()
                    case "counts" if worker is not None:
                        worker.requests += self.traffic.add(message["traffic"])
                        worker.gauges = message.get("gauges", [])
                        self.measured.take(message)
                        self._evidence.traffic.take(message)
                        self.on_counted(message.get("counters", []))
                        await self._settle(worker, told=True)
                    case "evidence" if worker is not None:
                        self._send(worker, self._evidence.taken(message.get("batch"), len(line)))
                    case "forgotten" if worker is not None:
                        self._relay(worker, line, len(message["digests"]))
                    case "leaving" if worker is not None:
                        worker.leaving = True
                        await self._tell()
                    case "alive" if worker is not None:
                        await self._settle(worker, told=True)
                    case other:
                        _log.warning("a worker said %r, which means nothing here", other)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            _log.warning("link of worker %s broke: %r", "?" if worker is None else worker.slot, error)
        finally:
            if worker is not None:
                self._links.remove(worker)
                _log.info("worker %d (pid %d) is gone", worker.slot, worker.pid)
            writer.close()

    async def _settle(self, worker: Worker, *, told: bool) -> None:
        if told and not worker.settled:
            worker.settled = True
            await self._tell()

    def _send(self, worker: Worker, line: bytes) -> None:
        # A worker that reads no more must not fill our memory; it gets the newest snapshot when it links again.
        if worker.writer.transport.get_write_buffer_size() > _BACKLOG_LIMIT:
            worker.writer.transport.abort()
            return
        worker.writer.write(line)

    def _relay(self, sender: Worker, line: bytes, digests: int) -> None:
        """Pass on what one worker tells all others."""
        for worker in self._links:
            if worker is sender:
                continue
            if worker.writer.transport.get_write_buffer_size() > _RELAY_BACKLOG:
                self.measured.counters["strangler_forgotten_untold_total",] += digests
            else:
                worker.writer.write(line)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for worker in self._links:
                worker.unheard += 1
            self.comparers.look()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _line(snapshot: Snapshot) -> bytes:
    message = {"type": "snapshot", "snapshot": snapshot.to_json()}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
