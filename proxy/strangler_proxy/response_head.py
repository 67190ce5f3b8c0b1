"""The head of a response, parsed once and strictly, with its lines sorted into those that are passed on."""

from __future__ import annotations

import re
from typing import Final

from strangler_proxy.fields import (
    CLOSES,
    CONNECTION,
    CONTENT_LENGTH,
    DROP,
    KEEP,
    PERSISTS,
    RELEASE,
    SET_COOKIE,
    SITE_DATA,
    TRANSFER_ENCODING,
    UNKNOWN,
    UPGRADE,
    Meanings,
)
from strangler_proxy.head import BadHead, KnownLines, length_of, named_in, tokens_of, value_of, without_named

__all__ = ["ResponseHead", "parse_response"]

_STATUS: Final = re.compile(rb"HTTP/1\.[01] [1-9][0-9][0-9](?: [\t\x20-\x7e\x80-\xff]*)?")
_MOST_REMEMBERED: Final = 512
_LONGEST_REMEMBERED: Final = 64
_UNSAID: Final = -2

_lines: Final = KnownLines(Meanings(requests=False), 502)
# Status lines that were found right. Servers choose them, so their number is bounded.
_statuses: Final[dict[bytes, int]] = {}


class ResponseHead:
    """A response's head.

    `line` is the status line, as of HTTP/1.1. `lines` are the header lines to pass on, Transfer-Encoding apart;
    `guarded` are the places in it of those that only some upstreams may send (Set-Cookie, Clear-Site-Data).
    `length` is -1 for chunked, -2 where none is said. `release` is the service's version as it reports it, which
    is not passed on.
    """

    __slots__ = (
        "guarded",
        "keep_alive",
        "length",
        "length_line",
        "line",
        "lines",
        "minor",
        "release",
        "status",
        "upgrade",
    )

    def __init__(self, status: int, line: bytes, minor: int) -> None:
        self.status = status
        self.line = line
        self.minor = minor
        self.lines: list[bytes] = []
        self.guarded: list[int] | None = None
        self.length = _UNSAID
        self.length_line = b""
        self.keep_alive = minor == 1
        self.upgrade = b""
        self.release = b""


def parse_response(head: bytes) -> ResponseHead:
    """The head whose bytes, without the blank line that ends it, are `head`. Raises BadHead with 502."""
    lines = head.split(b"\r\n")
    first = lines[0]
    del lines[0]
    response = _status_line(first)
    named = _sort(response, lines)
    if named:
        response = _status_line(first)
        _sort(response, without_named(lines, named))
    return response


def _status_line(line: bytes) -> ResponseHead:
    status = _statuses.get(line, 0)
    if not status:
        if _STATUS.fullmatch(line) is None:
            raise BadHead(502, "no status line")
        status = int(line[9:12])
        if len(line) <= _LONGEST_REMEMBERED:
            if len(_statuses) >= _MOST_REMEMBERED:
                _statuses.clear()
            _statuses[line] = status
    if line.startswith(b"HTTP/1.1"):
        return ResponseHead(status, line, 1)
    return ResponseHead(status, b"HTTP/1.1" + line[8:], 0)


def _sort(response: ResponseHead, lines: list[bytes]) -> set[bytes] | None:
    """Sort `lines` into `response`; returns the fields that are for this connection only and were not taken for it."""
    known = _lines.known
    kept = response.lines
    length = _UNSAID
    closes = persists = False
    named: list[bytes] | None = None
    for line in lines:
        meaning = known.get(line, UNKNOWN)
        if meaning == UNKNOWN:
            meaning = _lines.meaning(line)
        if meaning == KEEP:
            kept.append(line)
        elif meaning == CONTENT_LENGTH:
            value = value_of(line)
            length = length_of(value, length, _UNSAID, 502)
            if value.startswith(b"0"):
                # Some read leading zeros as octal.
                line = b"Content-Length: %d" % length
            response.length_line = line
            kept.append(line)
        elif meaning == PERSISTS:
            persists = True
        elif meaning == CLOSES:
            closes = True
        elif meaning in (SET_COOKIE, SITE_DATA):
            if response.guarded is None:
                response.guarded = []
            response.guarded.append(len(kept))
            kept.append(line)
        elif meaning == DROP:
            pass
        elif meaning == TRANSFER_ENCODING:
            if length != _UNSAID or value_of(line).lower() != b"chunked" or response.minor == 0:
                raise BadHead(502, "a Transfer-Encoding other than one `chunked` alone in HTTP/1.1")
            length = -1
        elif meaning == CONNECTION:
            tokens = tokens_of(value_of(line))
            closes = closes or b"close" in tokens
            persists = persists or b"keep-alive" in tokens
            named = tokens if named is None else named + tokens
        elif meaning == UPGRADE:
            response.upgrade = value_of(line)
        elif meaning == RELEASE:
            response.release = value_of(line)
    response.length = length
    if closes:
        response.keep_alive = False
    elif persists:
        response.keep_alive = True
    return None if named is None else named_in(named)
