"""How an exchange crosses from a worker to a comparer, unequal or to be recorded: one frame each on a stream.

A frame is its length (four bytes, big-endian, itself not counted), the length of its head (four more), the head as
JSON, and then the bodies, bare, in the order in which the head gives their lengths. Heads hold cookies and whatever
else customers sent: a frame is for the memory of two processes and the socket between them, never for a disk.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

from strangler_proxy.shadow.frame_parts import (
    BadFrame,
    Bodies,
    Side,
    bytes_of,
    lines_of,
    seconds_of,
    side_of,
    text_of,
    texts,
)
from strangler_proxy.shadow.passed import PASSED, Passed, head_of, passed_of

__all__ = ["BadFrame", "Frames", "Side", "Unequal", "comparer_of", "longest_frame", "pack", "pack_passed"]

_WORD: Final = 4
# For the lines of both requests and of three answers, of which each may have 256 KiB, and their escapes.
_HEADS: Final = 8 * 1024 * 1024
_NAMES: Final = ("route", "template", "stage", "answering", "group", "method", "strategy", "subject", "release")
_SIDES: Final = ("old", "new", "again")


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
        "request_lines": texts(unequal.request_lines),
        "candidate_lines": texts(unequal.candidate_lines),
        "request_body": len(unequal.request_body),
    }
    for name, side in zip(_SIDES, (unequal.old, unequal.new, unequal.again), strict=True):
        if side is None:
            head[name] = None
            continue
        head[name] = {
            "status": side.status,
            "lines": texts(side.lines),
            "body": len(side.body),
            "seconds": side.seconds,
        }
        bodies.append(side.body)
    return _packed(head, bodies)


def pack_passed(passed: Passed) -> bytes:
    """The frame of an exchange that is to be recorded."""
    return _packed(head_of(passed), [passed.body, passed.answer.body])


def _packed(head: dict[str, Any], bodies: list[bytes]) -> bytes:
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    length = _WORD + len(text) + sum(map(len, bodies))
    return b"".join((length.to_bytes(_WORD, "big"), len(text).to_bytes(_WORD, "big"), text, *bodies))


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

    def feed(self, data: bytes) -> list[Unequal | Passed]:
        """The exchanges whose frames are whole now. Raises BadFrame; then nothing more can be read."""
        received = self._received
        received += data
        found: list[Unequal | Passed] = []
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


def _unpacked(frame: bytes) -> Unequal | Passed:
    end = _WORD + int.from_bytes(frame[:_WORD], "big")
    try:
        head = json.loads(frame[_WORD:end])
    except (ValueError, RecursionError):
        raise BadFrame("a head that is not JSON") from None
    if end > len(frame) or type(head) is not dict:
        raise BadFrame("a head that is not whole")
    bodies = Bodies(frame, end)
    found = passed_of(head, bodies) if head.get("kind") == PASSED else _unequal_of(head, bodies)
    bodies.end()
    return found


def _unequal_of(head: dict[str, Any], bodies: Bodies) -> Unequal:
    return Unequal(
        **{name: text_of(head, name) for name in _NAMES},
        target=bytes_of(head.get("target")),
        candidate_target=bytes_of(head.get("candidate_target")),
        request_lines=lines_of(head.get("request_lines")),
        candidate_lines=lines_of(head.get("candidate_lines")),
        request_body=bodies.next(head.get("request_body")),
        old=side_of(head.get("old"), bodies),
        new=side_of(head.get("new"), bodies),
        again=None if head.get("again") is None else side_of(head["again"], bodies),
        withheld=head.get("withheld") is True,
        at=seconds_of(head.get("at")),
    )
