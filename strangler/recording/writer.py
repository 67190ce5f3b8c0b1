"""Writing recordings while traffic passes: bounded in memory and on disk, never raising into whoever records."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Final

from strangler.compare import Pair
from strangler.recording.lines import LONGEST
from strangler.recording.newline_json import FIRST_LINE, line_of
from strangler.recording.output import Output
from strangler.recording.recorded import Recorded
from strangler.recording.rotation import Rotation

__all__ = ["RecordingWriter"]

_ROTATION: Final = Rotation()
_AT_ONCE: Final = 64 * 1024
_SPACE: Final = 2**64


class RecordingWriter:
    """Appends to the recording at `path`.

    Everything goes through `redactor` first, for nothing may be kept that is secret. Of the clients the share `sample`
    (0 to 1) is recorded, each with all of its requests or none, so that whole visits can be replayed; what has no
    client is drawn by its target.

    A full file, and one that an earlier writer left, is put aside under a name of its own (see `Rotation`) and a new
    one begun, so that every file is whole but for a last line that `kill -9` may have torn. Lines wait in memory, at
    most `buffer` bytes of them (default 4 MiB), until 64 KiB are there or `flush` is called. While the disk refuses
    them they go on waiting; what was not taken is counted in `dropped`, by `sample`, `redactor`, `too-long` and
    `buffer`. `problem` says why the disk refuses, and is empty while it does not. `bytes` is how much was written in
    all, as it stands on disk. No method raises.

    Not for several threads, and each file has one writer.
    """

    def __init__(
        self,
        path: Path,
        redactor: Callable[[Pair], Pair],
        *,
        sample: float = 1.0,
        rotation: Rotation = _ROTATION,
        buffer: int = 4 * 1024 * 1024,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self.written = 0
        self.bytes = 0
        self.dropped: Counter[str] = Counter()
        self.problem = ""
        self._redactor = redactor
        self._sample = sample
        self._rotation = rotation
        self._buffer = buffer
        self._clock = clock
        self._lines: list[bytes] = []
        self._waiting = 0
        self._output: Output | None = None
        self._begun = 0.0

    def add(self, recorded: Recorded) -> bool:
        """Record a request with its answers; whether it was taken."""
        cause = self._refused(recorded)
        if cause:
            self.dropped[cause] += 1
        return not cause

    def _refused(self, recorded: Recorded) -> str:
        if not self._is_sampled(recorded):
            return "sample"
        try:
            line = line_of(recorded.redacted(self._redactor))
        except Exception:  # what cannot be redacted must not be kept, and must not end whoever records
            return "redactor"
        if len(line) > LONGEST:
            return "too-long"
        if self._waiting + len(line) > self._buffer:
            self.flush()
            if self._waiting + len(line) > self._buffer:
                return "buffer"
        self._lines.append(line)
        self._waiting += len(line)
        if self._waiting >= _AT_ONCE and not self.problem:
            self.flush()
        return ""

    def flush(self) -> None:
        """Give to the disk what waits, and rotate where that is due. To be called about once a second."""
        try:
            if self._output is not None and self._rotation.is_due(self._output.size, self._clock() - self._begun):
                self._leave()
            if self._lines:
                self._write()
        except OSError as error:
            self.problem = error.strerror or type(error).__name__
        else:
            self.problem = ""

    def close(self) -> None:
        """Flush and let go of the file. What the disk does not take now is lost, and counted."""
        self.flush()
        if self._lines:
            self.dropped["buffer"] += len(self._lines)
            self._lines, self._waiting = [], 0
        self._leave()

    def _is_sampled(self, recorded: Recorded) -> bool:
        if self._sample >= 1.0:
            return True
        key = (recorded.client or recorded.request.target).encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(key, digest_size=8).digest(), "big") < self._sample * _SPACE

    def _write(self) -> None:
        if self._output is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists():
                self._rotation.put_aside(self.path, self._clock())
            self._output = Output(self.path, packed=self._rotation.packed)
            self._begun = self._clock()
        first = b"" if self._output.size else FIRST_LINE
        before = self._output.size
        self._output.append(first + b"".join(self._lines))
        self.bytes += self._output.size - before
        self.written += len(self._lines)
        self._lines, self._waiting = [], 0

    def _leave(self) -> None:
        """The file stays at its path, to be put aside when there is something to write again."""
        output, self._output = self._output, None
        if output is not None:
            output.close()
