"""What frames are put together from and taken apart into: texts, lines, bodies, times and answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NoReturn

__all__ = ["BadFrame", "Bodies", "Side", "bytes_of", "lines_of", "seconds_of", "side_of", "text_of", "texts"]

# Later than any clock says, in seconds.
_LATEST: Final = 1e12


class BadFrame(Exception):
    """What came is no frame, or too long for one. Its text says why; the stream cannot be read any further."""


@dataclass(slots=True, kw_only=True, repr=False)
class Side:
    """One side's whole answer: `lines` are its header lines as they came, `seconds` what it took."""

    status: int
    lines: list[bytes]
    body: bytes
    seconds: float


class Bodies:
    """The bodies at the end of a frame, from `start` on, one after the other."""

    def __init__(self, frame: bytes, start: int) -> None:
        self._frame = frame
        self._start = start

    def next(self, length: object) -> bytes:
        """The next one, if it is so long. Raises BadFrame."""
        if type(length) is not int or not 0 <= length <= len(self._frame) - self._start:
            raise BadFrame("a body that is not whole")
        self._start += length
        return self._frame[self._start - length : self._start]

    def end(self) -> None:
        """Raises BadFrame where there is more."""
        if self._start != len(self._frame):
            raise BadFrame("more bodies than the head tells of")


def texts(lines: list[bytes]) -> list[str]:
    """Lines as JSON has them."""
    return [line.decode("latin-1") for line in lines]


def side_of(given: object, bodies: Bodies) -> Side:
    """An answer, its body being the next of `bodies`. Raises BadFrame, as all of these."""
    if type(given) is not dict:
        _wrong("an answer")
    status = given.get("status")
    if type(status) is not int or not 100 <= status <= 999:
        _wrong("a status")
    return Side(
        status=status,
        lines=lines_of(given.get("lines")),
        body=bodies.next(given.get("body")),
        seconds=seconds_of(given.get("seconds")),
    )


def text_of(head: dict[str, Any], name: str) -> str:
    """The text of that name in a frame's head."""
    text = head.get(name)
    # Half a character, which JSON can spell, could be written nowhere afterwards.
    if type(text) is not str or not text.isprintable():
        _wrong(name)
    return text


def lines_of(given: object) -> list[bytes]:
    """Header lines."""
    if type(given) is not list:
        _wrong("header lines")
    return [bytes_of(line) for line in given]


def bytes_of(given: object) -> bytes:
    """One line of a message, to be sent again as it is: nothing in it may end it."""
    if type(given) is not str or "\r" in given or "\n" in given:
        _wrong("a line")
    try:
        return given.encode("latin-1")
    except UnicodeEncodeError:
        _wrong("a line")


def seconds_of(given: object) -> float:
    """A time, or how long something took."""
    if not isinstance(given, int | float) or not 0 <= given <= _LATEST:
        _wrong("a time")
    return float(given)


def _wrong(what: str) -> NoReturn:
    raise BadFrame(f"{what} that is none")
