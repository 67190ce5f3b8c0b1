"""The control plane's side of the comparers' links: who is there, and what they have found."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from strangler_proxy.control.evidence import EvidenceIntake
from strangler_proxy.control.measured import Measured

__all__ = ["NOTHING", "Comparer", "Comparers"]

NOTHING: Final = b'{"type":"record","order":null}\n'
"""The line which says that nothing is to be recorded."""

# A comparer says something once a second, unless a long comparison takes its time.
_SILENT_LOOKS: Final = 5

_log = logging.getLogger("strangler.comparers")


@dataclass(slots=True, eq=False)
class Comparer:
    """A linked comparer. `began` is when its process began, on the machine's monotonic clock, `unheard` how many looks
    ago it said something; `gauges` are what it measured last: a name, label values and a number each. `recording` is
    what it told last of a recording, and `settled` says that it has told what it counted since."""

    number: int
    pid: int
    config: str
    began: float
    writer: asyncio.StreamWriter
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    unheard: int = 0
    gauges: list[Any] = field(default_factory=list)
    recording: dict[str, Any] = field(default_factory=dict)
    settled: bool = True

    @property
    def heard(self) -> bool:
        """Whether it has said something lately: a comparer that hangs does not."""
        return self.unheard < _SILENT_LOOKS

    def gauge(self, name: str) -> float:
        """What it measured last, added up; 0 before it told."""
        return sum(float(value) for told, _, value in self.gauges if told == name)


class Comparers:
    """The comparers of this replica. `count` is how many there should be; what they find goes to `evidence`, what they
    count to `measured`. `links` is how often a comparer of a number has linked itself.

    The one with number 0 writes recordings: `order` gives the line that tells it what, and `on_recording` is called
    when it says how that stands.
    """

    def __init__(self, count: int, evidence: EvidenceIntake, measured: Measured) -> None:
        self.count = count
        self.links: dict[int, int] = defaultdict(int)
        self.order: Callable[[], bytes] = lambda: NOTHING
        self.on_recording: Callable[[Comparer], None] = lambda _: None
        self._evidence = evidence
        self._measured = measured
        self._linked: list[Comparer] = []

    def linked(self) -> dict[int, Comparer]:
        """Those that are linked now, by number: of several, after a reload, the latest."""
        return {each.number: each for each in sorted(self._linked, key=lambda each: each.began)}

    @property
    def writing(self) -> Comparer | None:
        """The one that writes recordings, if it is there."""
        return self.linked().get(0)

    def record(self, line: bytes) -> None:
        """Send what is to be recorded to the one that writes."""
        if self.writing is not None:
            self.writing.writer.write(line)

    def look(self) -> None:
        """Note that time goes by."""
        for comparer in self._linked:
            comparer.unheard += 1

    def close(self) -> None:
        """Close the links."""
        for comparer in self._linked:
            comparer.writer.close()

    async def serve(self, hello: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hear a comparer that has said `hello`, until its link breaks. Raises what a line that makes no sense does."""
        comparer = Comparer(
            number=int(hello["number"]),
            pid=int(hello["pid"]),
            config=str(hello.get("config", "")),
            began=float(hello.get("began", 0.0)),
            writer=writer,
        )
        self._linked.append(comparer)
        self.links[comparer.number] += 1
        _log.info("comparer %d (pid %d) linked", comparer.number, comparer.pid)
        # Of a file there is one writer: after a reload the old one is there for a while.
        writer.write(self.order() if comparer is self.writing else NOTHING)
        try:
            while line := await reader.readline():
                message = json.loads(line)
                comparer.unheard = 0
                match message.get("type"):
                    case "evidence":
                        writer.write(self._evidence.taken(message.get("batch"), len(line)))
                    case "measures":
                        comparer.gauges = message.get("gauges", [])
                        self._measured.grow(message.get("counters", []))
                        comparer.settled = True
                        self.on_recording(comparer)
                    case "recording":
                        comparer.recording, comparer.settled = message, False
                        self.on_recording(comparer)
                    case other:
                        _log.warning("a comparer said %r, which means nothing here", other)
        finally:
            self._linked.remove(comparer)
            _log.info("comparer %d (pid %d) is gone", comparer.number, comparer.pid)

    def rows(self) -> list[dict[str, Any]]:
        """One row for each that should be there, as the control API tells it."""
        linked = self.linked()
        rows = []
        for number in range(self.count):
            comparer = linked.get(number)
            rows.append(
                {
                    "number": number,
                    "pid": comparer and comparer.pid,
                    "live": comparer is not None and comparer.heard,
                    "since": comparer and comparer.since.isoformat(),
                    "config": comparer and comparer.config,
                    "backlog": int(comparer.gauge("strangler_comparer_backlog")) if comparer else 0,
                    "links": self.links[number],
                }
            )
        return rows
