"""The access log: one line of JSON a request, without query strings or header values."""

from __future__ import annotations

import json
import os
import queue
import stat
import threading
from random import random
from select import PIPE_BUF
from time import gmtime, strftime, time
from typing import Final

__all__ = ["AccessLog"]

# What is noted is formatted by the batch: the longer, the cheaper, and the longer the pause for it.
_MOST_LINES: Final = 256
_MOST_WAITING_BYTES: Final = 8 * 1024 * 1024
# What stands in a JSON string as it is.
_PLAIN: Final = bytes(byte for byte in range(0x20, 0x80) if byte not in b'"\\')
_THREE_DIGITS: Final = [b"%03d" % number for number in range(1000)]
_END: Final = b"}\n"
# When it was, and what `AccessLog.add` is given; then whether the line is written whatever the share.
_Noted = tuple[float, bytes, bytes, int, bytes, float, bytes, str, str, bool]


class AccessLog:
    """Writes lines to a file descriptor in batches, by a thread of its own: a slow reader of the log delays no request.

    When the reader is slower for long, whole batches are dropped and counted in `dropped` (lines). With `descriptor`
    None nothing is written. Of every request only the share `sample` (0 to 1) is written, but always those with a
    cause, a status from 500 on, or that took `slow` seconds or longer; lines that stand for others say the share.
    """

    def __init__(self, descriptor: int | None, sample: float = 1.0, slow: float = 1.0) -> None:
        self._off = descriptor is None
        self._descriptor = -1 if descriptor is None else descriptor
        self._sampling = sample < 1.0
        self._sample = sample
        self._slow = slow
        self._sampled = b',"sampled":%b' % f"{sample:g}".encode()
        self._noted: list[_Noted] = []
        self._second = -1
        self._begin = b""
        self._batches: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        # One thread writes each of these, so none needs a lock.
        self._queued_bytes = 0
        self._written_bytes = 0
        self._lost_in_queue = 0
        self._lost_in_writing = 0
        self.lines = 0
        self.sampled_out = 0
        self._writer: threading.Thread | None = None
        if descriptor is not None:
            self._writer = threading.Thread(target=self._write, name="access log", daemon=True)
            self._writer.start()

    @property
    def dropped(self) -> int:
        """The lines that could not be written."""
        return self._lost_in_queue + self._lost_in_writing

    def add(
        self,
        method: bytes,
        path: bytes,
        status: int,
        label: bytes,
        seconds: float,
        request_id: bytes,
        fallback: str,
        error: str,
    ) -> None:
        """Note one request. `label` is the part on route, side and upstream, as JSON.

        `fallback` and `error` are causes, empty for none; `status` 499 means the client left.
        """
        if self._off:
            return
        kept = not self._sampling or status >= 500 or seconds >= self._slow or fallback != "" or error != ""
        if not kept and random() >= self._sample:  # noqa: S311 - no secret
            self.sampled_out += 1
            return
        noted = self._noted
        noted.append((time(), method, path, status, label, seconds, request_id, fallback, error, kept))
        if len(noted) >= _MOST_LINES:
            self.flush()

    def flush(self) -> None:
        """Hand what was noted so far to the writing thread."""
        noted = self._noted
        if not noted:
            return
        self._noted = []
        self.lines += len(noted)
        if self._queued_bytes - self._written_bytes > _MOST_WAITING_BYTES:
            self._lost_in_queue += len(noted)
            return
        batch = self._formatted(noted)
        self._queued_bytes += len(batch)
        self._batches.put(batch)

    def close(self) -> None:
        """Write out what is left, waiting at most two seconds for a slow reader."""
        self.flush()
        if self._writer is not None:
            self._batches.put(None)
            self._writer.join(timeout=2)

    def _formatted(self, noted: list[_Noted]) -> bytes:
        # One look at what clients chose, instead of one a line: hardly ever is there anything to escape.
        chosen = b"".join([each[2] for each in noted]) + b"".join([each[6] for each in noted])
        plain = not chosen.translate(None, _PLAIN)
        digits = _THREE_DIGITS
        parts: list[bytes] = []
        for at, method, path, status, label, seconds, request_id, fallback, error, kept in noted:
            milliseconds = int(at * 1000.0)
            if milliseconds // 1000 != self._second:
                self._second = milliseconds // 1000
                self._begin = strftime('{"time":"%Y-%m-%dT%H:%M:%S.', gmtime(self._second)).encode()
            if not plain:
                path, request_id = _escaped(path), _escaped(request_id)
            if kept and not fallback and not error:
                end = _END
            else:
                end = self._ended(fallback, error, kept)
            microseconds = int(seconds * 1e6 + 0.5)
            parts.append(
                b'%b%bZ","method":"%b","path":"%b","status":%d,%b,"ms":%d.%b,"id":"%b"%b'
                % (
                    self._begin,
                    digits[milliseconds % 1000],
                    method,
                    path,
                    status,
                    label,
                    microseconds // 1000,
                    digits[microseconds % 1000],
                    request_id,
                    end,
                )
            )
        return b"".join(parts)

    def _ended(self, fallback: str, error: str, kept: bool) -> bytes:
        end = b""
        if fallback:
            end += b',"fallback":' + json.dumps(fallback).encode()
        if error:
            end += b',"error":' + json.dumps(error).encode()
        return end + _END if kept else end + self._sampled + _END

    def _write(self) -> None:
        # Several workers write to the same pipe: only what fits its buffer at once is not torn by another's lines.
        torn = not _is_whole(self._descriptor)
        while (batch := self._batches.get()) is not None:
            start, size = 0, len(batch)
            while start < size:
                end = size
                if torn and size - start > PIPE_BUF:
                    end = batch.rfind(b"\n", start, start + PIPE_BUF) + 1
                    if not end:
                        end = batch.find(b"\n", start) + 1
                try:
                    view = memoryview(batch)[start:end]
                    while view:
                        # By a name: mypyc evaluates a call twice that bounds a slice of a memoryview.
                        written = os.write(self._descriptor, view)
                        view = view[written:]
                except OSError:
                    # Nobody reads the log any more; customers are still to be served.
                    self._lost_in_writing += batch.count(b"\n", start, end)
                start = end
            self._written_bytes += size


def _is_whole(descriptor: int) -> bool:
    """Whether what is written there at once stays together, however much it is."""
    mode = os.fstat(descriptor).st_mode
    return not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))


def _escaped(text: bytes) -> bytes:
    """`text` as the inside of a JSON string; bytes that are not UTF-8 are shown as \\xNN."""
    if not text.translate(None, _PLAIN):
        return text
    return json.dumps(text.decode("utf-8", "backslashreplace"), ensure_ascii=False)[1:-1].encode()
