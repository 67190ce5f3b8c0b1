"""The lines of a file, packed by gzip or not, each within a bound."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

from strangler.errors import Problem, RecordingError

__all__ = ["LONGEST", "Line", "beginning_of", "lines_of", "opened"]

LONGEST: Final = 16 * 1024 * 1024
"""The longest line that is read, in bytes."""
_GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end. `number` counts from 1. `torn`: the file ends within it; `long`: it passes the bound,
    and only its beginning is here."""

    number: int
    text: bytes
    torn: bool = False
    long: bool = False


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file to be read, unpacked where it is packed by gzip. Raises RecordingError where it cannot be opened."""
    try:
        raw = path.open("rb")
        packed = raw.read(2) == _GZIP
        raw.seek(0)
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}"
        raise RecordingError(
            [Problem(str(path), None, "", wrong, "Name a file that is there and can be read.")]
        ) from error
    with raw:
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw


def lines_of(path: Path, longest: int = LONGEST) -> Iterator[Line]:
    """The lines that are not empty. A packed file that was cut off gives what can still be unpacked."""
    with opened(path) as file:
        number = 0
        while True:
            number += 1
            text, cut = _line(file, longest + 1)
            if not text and not cut:
                return
            ended = text.endswith(b"\n")
            long = not ended and len(text) > longest
            if long:
                cut = _pass_over(file, longest)
            if cut or text.strip():
                yield Line(number, text.rstrip(b"\r\n"), torn=cut or not (ended or long), long=long)
            if cut:
                return


def beginning_of(path: Path, size: int) -> bytes:
    """The first lines, up to about `size` bytes of them, and as many as there are of a packed file that was cut off."""
    found = b""
    with opened(path) as file:
        while len(found) < size:
            text, cut = _line(file, size)
            if cut or not text:
                break
            found += text
    return found


def _line(file: IO[bytes], size: int) -> tuple[bytes, bool]:
    """A line, and whether the file was cut off in it in a way that only a packed file can be."""
    try:
        return file.readline(size), False
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return b"", True


def _pass_over(file: IO[bytes], size: int) -> bool:
    """Read on to the end of the line; whether the file was cut off in it."""
    while True:
        text, cut = _line(file, size)
        if cut or not text or text.endswith(b"\n"):
            return cut
