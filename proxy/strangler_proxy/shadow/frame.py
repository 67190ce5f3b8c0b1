"""How an exchange that a worker found unequal crosses to a comparer: one frame each on a stream.

A frame is its length (four bytes, big-endian, itself not counted), the length of its head (four more), the head as
JSON, and then the bodies, bare, in the order in which the head gives their lengths. Heads hold cookies and whatever
else customers sent: a frame is for the memory of two processes and the socket between them, never for a disk.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from zlib import crc32

__all__ = ["BadFrame", "Frames", "Side", "Unequal", "comparer_of", "longest_frame", "pack"]

_WORD: Final = 4
# For one head with its lines, escapes and all: a worker takes none that is longer than 64 KiB.
_HEADS: Final = 1024 * 1024
# Later than any clock says, in seconds.
_LATEST: Final = 1e12
_NAMES: Final = ("route", "template", "stage", "answering", "group", "method", "strategy", "subject", "release")
_SIDES: Final = ("old", "new", "again")


class BadFrame(Exception):
    """What came is no frame, or too long for one. Its text says why; the stream cannot be read any further."""


@dataclass(slots=True, kw_only=True, repr=False)
class Side:
    """One side's whole answer: `lines` are its header lines as they came, `seconds` what it took."""

    status: int
    lines: list[bytes]
    body: bytes
    seconds: float


@dataclass(slots=True, kw_only=True, repr=False)
class Unequal:
    """One request, and two answers to it that are not the same bytes.

    `old` is the monolith's answer and `new` the candidate's; `answering` (`monolith` or `candidate`) says whose the
    customer got. `again` is what the monolith's second instance answered, None where there is none. `target` is what
    the monolith was asked for, `candidate_target` what the candidate was; `request_lines` are the header lines as the
    monolith was sent them, cookies included, `candidate_lines` as the candidate was. `strategy` is that of an unsafe
    method, `subject` a hash or empty, `at` the time of the request, in seconds since 1970. `withheld` says that
    credentials of the customer were kept from the other side.
    """

    route: str
    template: str
    stage: str
    answering: str
    group: str
    method: str
    target: bytes
    candidate_target: bytes
    request_lines: list[bytes]
    candidate_lines: list[bytes]
    request_body: bytes
    strategy: str
    subject: str
    release: str
    old: Side
    new: Side
    again: Side | None
    withheld: bool
    at: float


def comparer_of(route: str, comparers: int) -> int:
    """Which of so many comparers takes a route, by number: always the same, for it learns what belongs together."""
    return crc32(route.encode()) % comparers


def longest_frame(body_bytes: int) -> int:
    """How long a frame can be whose bodies are no longer than `body_bytes` each."""
    return 4 * body_bytes + _HEADS


def pack(unequal: Unequal) -> bytes:
    """The frame of an exchange."""
    bodies = [unequal.request_body]
    head: dict[str, Any] = {
        "route": unequal.route,
        "template": unequal.template,
        "stage": unequal.stage,
        "answering": unequal.answering,
        "group": unequal.group,
        "method": unequal.method,
        "target": unequal.target.decode("latin-1"),
        "candidate_target": unequal.candidate_target.decode("latin-1"),
        "strategy": unequal.strategy,
        "subject": unequal.subject,
        "release": unequal.release,
        "withheld": unequal.withheld,
        "at": unequal.at,
        "request_lines": _texts(unequal.request_lines),
        "candidate_lines": _texts(unequal.candidate_lines),
        "request_body": len(unequal.request_body),
    }
    for name, side in zip(_SIDES, (unequal.old, unequal.new, unequal.again), strict=True):
        if side is None:
            head[name] = None
            continue
        head[name] = {
            "status": side.status,
            "lines": _texts(side.lines),
            "body": len(side.body),
            "seconds": side.seconds,
        }
        bodies.append(side.body)
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    length = _WORD + len(text) + sum(map(len, bodies))
    return b"".join((length.to_bytes(_WORD, "big"), len(text).to_bytes(_WORD, "big"), text, *bodies))


def _texts(lines: list[bytes]) -> list[str]:
    return [line.decode("latin-1") for line in lines]


class Frames:
    """Takes a stream apart into its frames, of which none may be longer than `most` bytes."""

    __slots__ = ("_most", "_received", "_wanted")

    def __init__(self, most: int) -> None:
        self._most = most
        self._received = bytearray()
        # How much has to be there before anything can be said.
        self._wanted = _WORD

    @property
    def held(self) -> int:
        """How many bytes of a frame that is not yet whole are kept."""
        return len(self._received)

    def feed(self, data: bytes) -> list[Unequal]:
        """The exchanges whose frames are whole now. Raises BadFrame; then nothing more can be read."""
        received = self._received
        received += data
        found: list[Unequal] = []
        start = 0
        while len(received) - start >= self._wanted:
            length = int.from_bytes(received[start : start + _WORD], "big")
            if not _WORD <= length <= self._most:
                raise BadFrame(f"a frame of {length} bytes, where {self._most} are the most")
            if len(received) - start < _WORD + length:
                self._wanted = _WORD + length
                break
            with memoryview(received) as view:
                found.append(_unpacked(bytes(view[start + _WORD : start + _WORD + length])))
            start += _WORD + length
            self._wanted = _WORD
        if start:
            del received[:start]
        return found


def _unpacked(frame: bytes) -> Unequal:
    end = _WORD + int.from_bytes(frame[:_WORD], "big")
    try:
        head = json.loads(frame[_WORD:end])
    except (ValueError, RecursionError):
        raise BadFrame("a head that is not JSON") from None
    if end > len(frame) or type(head) is not dict:
        raise BadFrame("a head that is not whole")
    bodies = _Bodies(frame, end)
    unequal = Unequal(
        **{name: _text(head, name) for name in _NAMES},
        target=_bytes(head.get("target")),
        candidate_target=_bytes(head.get("candidate_target")),
        request_lines=_lines(head.get("request_lines")),
        candidate_lines=_lines(head.get("candidate_lines")),
        request_body=bodies.next(head.get("request_body")),
        old=_side(head.get("old"), bodies),
        new=_side(head.get("new"), bodies),
        again=None if head.get("again") is None else _side(head["again"], bodies),
        withheld=head.get("withheld") is True,
        at=_seconds(head.get("at")),
    )
    bodies.end()
    return unequal


class _Bodies:
    """The bodies at the end of a frame, one after the other."""

    def __init__(self, frame: bytes, start: int) -> None:
        self._frame = frame
        self._start = start

    def next(self, length: object) -> bytes:
        if type(length) is not int or not 0 <= length <= len(self._frame) - self._start:
            raise BadFrame("a body that is not whole")
        self._start += length
        return self._frame[self._start - length : self._start]

    def end(self) -> None:
        if self._start != len(self._frame):
            raise BadFrame("more bodies than the head tells of")


def _side(given: object, bodies: _Bodies) -> Side:
    if type(given) is not dict:
        _wrong("an answer")
    status = given.get("status")
    if type(status) is not int or not 100 <= status <= 999:
        _wrong("a status")
    return Side(
        status=status,
        lines=_lines(given.get("lines")),
        body=bodies.next(given.get("body")),
        seconds=_seconds(given.get("seconds")),
    )


def _text(head: dict[str, Any], name: str) -> str:
    text = head.get(name)
    # Half a character, which JSON can spell, could be written nowhere afterwards.
    if type(text) is not str or not text.isprintable():
        _wrong(name)
    return text


def _lines(given: object) -> list[bytes]:
    if type(given) is not list:
        _wrong("header lines")
    return [_bytes(line) for line in given]


def _bytes(given: object) -> bytes:
    """One line of a message, to be sent again as it is: nothing in it may end it."""
    if type(given) is not str or "\r" in given or "\n" in given:
        _wrong("a line")
    try:
        return given.encode("latin-1")
    except UnicodeEncodeError:
        _wrong("a line")


def _seconds(given: object) -> float:
    if not isinstance(given, int | float) or not 0 <= given <= _LATEST:
        _wrong("a time")
    return float(given)


def _wrong(what: str) -> NoReturn:
    raise BadFrame(f"{what} that is none")
