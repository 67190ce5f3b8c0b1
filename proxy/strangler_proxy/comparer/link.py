"""A comparer's link to the control plane: evidence goes out and is confirmed, orders to record come in."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from strangler.evidence import Batch
from strangler_proxy.complaints import Complaints
from strangler_proxy.link import LINE_LIMIT, call_off
from strangler_proxy.unix import connect_unix

__all__ = ["EvidenceLink"]

_TELL_EVERY: Final = 1.0
_FIRST_DELAY: Final = 0.05
_LONGEST_DELAY: Final = 2.0

_log = logging.getLogger("strangler.comparer")


class EvidenceLink:
    """The link of the comparer of that `number` through the Unix socket at `path`.

    Once a second `take` gives what was found since, and `measures` how the counters have grown, and the gauges. A batch
    is told until it is confirmed, always the same: what is found meanwhile waits, in a next one. So nothing is counted
    twice, and while nobody is there what waits is bounded as a batch is.

    `on_order` is called with what the control plane says is to be recorded, and `recording` gives how that stands.
    """

    def __init__(
        self,
        path: Path,
        number: int,
        take: Callable[[], Batch],
        measures: Callable[[], tuple[list[Any], list[Any]]],
        *,
        config: str = "",
        on_order: Callable[[dict[str, Any]], None] = lambda _: None,
        recording: Callable[[], dict[str, Any] | None] = lambda: None,
    ) -> None:
        self._path = path
        self._number = number
        self._take = take
        self._measures = measures
        self._config = config
        self._on_order = on_order
        self._recording = recording
        self._began = time.monotonic()
        self._telling: Batch | None = None
        self._line = b""
        self._unsent: list[Any] = []
        self._writer: asyncio.StreamWriter | None = None
        self._taken = asyncio.Event()
        self._complaints = Complaints(_log)

    async def run(self) -> None:
        """Keep the link until cancelled, connecting again whenever it breaks."""
        delay = _FIRST_DELAY
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(sock=connect_unix(self._path), limit=LINE_LIMIT)
            except OSError:
                pass
            else:
                if await self._converse(reader, writer):
                    delay = _FIRST_DELAY
            # Jittered, so that many processes do not come back in step.
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            delay = min(delay * 2, _LONGEST_DELAY)

    async def tell_all(self, seconds: float) -> bool:
        """Tell what there is, and wait until it is confirmed; whether it was, in that time. For the end."""
        try:
            async with asyncio.timeout(seconds):
                while self._tell():
                    self._taken.clear()
                    await self._taken.wait()
        except TimeoutError:
            return False
        return True

    def tell_recording(self) -> None:
        """Tell at once how the recording stands."""
        recording = self._recording()
        if recording is not None and self._writer is not None:
            self._send(self._writer, {"type": "recording", **recording})

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether anything was heard."""
        heard = False
        self._send(
            writer,
            {
                "type": "comparer",
                "number": self._number,
                "pid": os.getpid(),
                "config": self._config,
                "began": self._began,
            },
        )
        if self._line:
            # Whether the last one was taken, nobody knows; the one that takes it does.
            writer.write(self._line)
        self._writer = writer
        speaking = asyncio.create_task(self._speak(writer))
        try:
            while line := await reader.readline():
                heard = True
                self._heed(line)
        except (OSError, ValueError) as error:
            _log.warning("link to the control plane broke: %s", error)
        finally:
            self._writer = None
            writer.close()
            await call_off(speaking)
        return heard

    async def _speak(self, writer: asyncio.StreamWriter) -> None:
        while True:
            self._tell()
            self.tell_recording()
            counters, gauges = self._measures()
            self._unsent += counters
            self._send(writer, {"type": "measures", "counters": self._unsent, "gauges": gauges})
            await writer.drain()
            self._unsent = []
            await asyncio.sleep(_TELL_EVERY)

    def _tell(self) -> bool:
        """Tell the next batch, if the last one was confirmed; whether there is one that is not."""
        if self._telling is None:
            batch = self._take()
            if not batch:
                return False
            try:
                line = _line({"type": "evidence", "batch": batch.to_json()})
            except (TypeError, ValueError) as error:
                # It would be no better the next time, and nothing that comes after it would ever be told.
                self._complaints.note(error, "What was found in the last second cannot be told, and is lost")
                return False
            if len(line) > LINE_LIMIT:
                _log.error("what was found in the last second is too much to be told (%d bytes), and lost", len(line))
                return False
            self._telling, self._line = batch, line
            if self._writer is not None:
                self._writer.write(line)
        return True

    def _heed(self, line: bytes) -> None:
        message = json.loads(line)
        if not isinstance(message, dict):
            return
        match message.get("type"):
            case "taken" if self._telling is not None and message.get("id") == self._telling.id:
                self._telling, self._line = None, b""
                self._taken.set()
            case "record":
                self._on_order(message)

    @staticmethod
    def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
        writer.write(_line(message))


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
