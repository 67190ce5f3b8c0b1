"""The access log: one line of JSON a request, without query strings or header values."""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from typing import Final

__all__ = ["AccessLog"]

_MOST_LINES: Final = 512
_MOST_BATCHES: Final = 256


class AccessLog:
    """Writes lines to a file descriptor in batches, by a thread of its own: a slow reader of the log delays no request.

    When the reader is slower for long, whole batches are dropped and counted in `dropped` (lines). With `descriptor`
    None nothing is written.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._lines: list[str] = []
        self._batches: queue.Queue[bytes | None] = queue.Queue(_MOST_BATCHES)
        self._second = -1
        self._stamp = ""
        self.dropped = 0
        self._thread: threading.Thread | None = None
        if descriptor is not None:
            self._thread = threading.Thread(target=self._write, name="access log", daemon=True)
            self._thread.start()

    def add(
        self,
        method: bytes,
        path: bytes,
        status: int,
        label: str,
        seconds: float,
        request_id: bytes,
        fallback: str,
        error: str,
    ) -> None:
        """Note one request. `label` is the part on route, side and upstream, as JSON.

        `fallback` and `error` are causes, empty for none; `status` 499 means the client left.
        """
        if self._descriptor is None:
            return
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        causes = ""
        if fallback:
            causes = f',"fallback":"{fallback}"'
        if error:
            causes += f',"error":"{error}"'
        self._lines.append(
            f'{{"time":"{self._stamp}.{int((now - second) * 1000):03d}Z","method":{_json(method)},"path":{_json(path)},'
            f'"status":{status},{label},"ms":{seconds * 1000:.3f},"id":{_json(request_id)}{causes}}}\n'
        )
        if len(self._lines) >= _MOST_LINES:
            self.flush()

    def flush(self) -> None:
        """Hand the lines noted so far to the writing thread."""
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        try:
            self._batches.put_nowait("".join(lines).encode())
        except queue.Full:
            self.dropped += len(lines)

    def close(self) -> None:
        """Write out what is left, waiting at most two seconds for a slow reader."""
        self.flush()
        if self._thread is None:
            return
        try:
            self._batches.put(None, timeout=2)
        except queue.Full:
            return
        self._thread.join(timeout=2)

    def _write(self) -> None:
        descriptor = self._descriptor
        assert descriptor is not None  # noqa: S101
        while (batch := self._batches.get()) is not None:
            view = memoryview(batch)
            try:
                while view:
                    view = view[os.write(descriptor, view) :]
            except OSError:
                # Nobody reads the log any more; customers are still to be served.
                self.dropped += batch.count(b"\n")


def _json(text: bytes) -> str:
    """`text` as a JSON string; bytes that are not UTF-8 are shown as \\xNN."""
    if text.isascii() and b'"' not in text and b"\\" not in text:
        return f'"{text.decode("ascii")}"'
    return json.dumps(text.decode("utf-8", "backslashreplace"), ensure_ascii=False)
