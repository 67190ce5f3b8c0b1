"""A recording on disk, of whatever format: found out, checked as a whole, then read request by request."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from strangler.errors import Problem, RecordingError
from strangler.recording.access_lines import is_access_line, is_own_line, read_access_log
from strangler.recording.har_reader import read_har
from strangler.recording.lines import beginning_of
from strangler.recording.newline_json import first_line_of, read_newline_json
from strangler.recording.problems import Problems
from strangler.recording.recorded import Recorded

__all__ = ["Format", "Recording", "format_of", "open_recording"]

_LOOKED_AT: Final = 64 * 1024
_HAR: Final = re.compile(r'\s*\{\s*"log"\s*:\s*\{')

_Read = Callable[[Path, Problems, Counter[str]], Iterator[Recorded]]


class Format(StrEnum):
    """How a recording is written."""

    RECORDING = "recording"
    """Our own newline JSON."""
    HAR = "har"
    ACCESS_LOG = "access-log"
    """Our own JSON lines, or the combined format of Apache and nginx."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that was read once and is right. Iterate over it, as often as wanted, for its requests.

    `count` is how many there are, `first` and `last` the moments of the earliest and the latest (0.0 where there are
    none); `skipped` counts by a word what was passed over: see the readers.
    """

    path: Path
    format: Format
    count: int
    skipped: Mapping[str, int]
    first: float = 0.0
    last: float = 0.0

    def __iter__(self) -> Iterator[Recorded]:
        problems = Problems(str(self.path))
        yield from _READERS[self.format](self.path, problems, Counter())
        # It was right before: somebody has written to it meanwhile.
        problems.settle()


def open_recording(path: Path) -> Recording:
    """The recording at `path`, which is read once in full, so that what is wrong is said before anything is done with
    it. Raises RecordingError with every problem, up to twenty."""
    kind = format_of(path)
    problems, skipped = Problems(str(path)), Counter[str]()
    count, first, last = 0, 0.0, 0.0
    for recorded in _READERS[kind](path, problems, skipped):
        count += 1
        first = min(first, recorded.at) if count > 1 else recorded.at
        last = max(last, recorded.at)
    problems.settle()
    return Recording(path, kind, count, MappingProxyType(dict(skipped)), first, last)


def format_of(path: Path) -> Format:
    """The format of a file, by its beginning and not by its name. Raises RecordingError where it is none of them."""
    text = beginning_of(path, _LOOKED_AT).decode("utf-8-sig", "replace").lstrip()
    if not text:
        raise _unknown(path, "is empty")
    line = text.partition("\n")[0].rstrip()
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    if first_line_of(document) is not None:
        return Format.RECORDING
    if is_own_line(document) or is_access_line(line):
        return Format.ACCESS_LOG
    if _HAR.match(text):
        return Format.HAR
    raise _unknown(path, "is no recording, no HAR and no access log")


def _unknown(path: Path, wrong: str) -> RecordingError:
    right = "Give newline JSON of `strangler record`, a HAR, our own access log, or one in the combined format."
    return RecordingError([Problem(str(path), None, "", wrong, right)])


_READERS: Final[Mapping[Format, _Read]] = {
    Format.RECORDING: read_newline_json,
    Format.HAR: read_har,
    Format.ACCESS_LOG: read_access_log,
}
