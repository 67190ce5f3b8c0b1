"""Bodies as they are framed on the wire: what may be passed on of the bytes that came, and where a body ends.

A body never holds bytes back, but for the line of a chunk that has not wholly come. What it passes on is framed anew
where the framing could be read in two ways: chunk extensions go, chunk sizes are written plainly.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from strangler_proxy import fields
from strangler_proxy.fields import Meanings

__all__ = ["BadBody", "Body", "ChunkedBody", "LengthBody", "UntilCloseBody"]

_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_LONGEST_LINE: Final = 4096
_MOST_TRAILERS: Final = 16384

_SIZE: Final = 0
_DATA: Final = 1
_DATA_END: Final = 2
_TRAILER: Final = 3

# A trailer that means something to a proxy or to the framing came too late to be obeyed, so it is dropped.
_of_request: Final = Meanings(requests=True)
_of_response: Final = Meanings(requests=False)


class BadBody(Exception):
    """A body whose framing is broken: nothing after that point can be told from the next message."""


class Body(Protocol):
    """One message's body. After `feed` says so by `done`, `rest` is what came behind the body's end."""

    done: bool
    rest: bytes

    def feed(self, data: bytes) -> bytes:
        """Take what came and give what to pass on, possibly nothing yet. Raises BadBody."""
        ...


class LengthBody:
    """A body of a length told beforehand."""

    __slots__ = ("done", "left", "rest")

    def __init__(self, length: int) -> None:
        self.left = length
        self.done = length == 0
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Pass on as it is."""
        left = self.left - len(data)
        if left > 0:
            self.left = left
            return data
        self.done = True
        self.left = 0
        if left:
            self.rest = data[left:]
            return data[:left]
        return data


class UntilCloseBody:
    """A body that ends when its connection does. It is passed on in chunks, or as it is to those who know none."""

    __slots__ = ("chunked", "done", "rest")

    def __init__(self, *, chunked: bool) -> None:
        self.chunked = chunked
        self.done = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Each piece becomes a chunk of its own."""
        return b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data

    def end(self) -> bytes:
        """What to pass on at the end."""
        self.done = True
        return b"0\r\n\r\n" if self.chunked else b""


class ChunkedBody:
    """A body in chunks, with trailers. Passed on chunk by chunk, or bare to those who know none.

    `size` is what its chunks so far have, or are yet to have, together.
    """

    __slots__ = ("_chunked", "_held", "_left", "_meanings", "_state", "_trailers", "done", "rest", "size")

    def __init__(self, *, chunked: bool = True, request: bool) -> None:
        self._chunked = chunked
        self._meanings = _of_request if request else _of_response
        self._state = _SIZE
        self._left = 0
        self._held = b""
        self._trailers = 0
        self.size = 0
        self.done = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Pass on the chunks and trailers in `data`, framed anew."""
        if self._held:
            data = self._held + data
            self._held = b""
        pieces: list[bytes] = []
        position, size = 0, len(data)
        while position < size:
            state = self._state
            if state == _DATA:
                end = min(position + self._left, size)
                pieces.append(data[position:end])
                self._left -= end - position
                position = end
                if not self._left:
                    self._state = _DATA_END
                continue
            end = data.find(b"\n", position, position + _LONGEST_LINE)
            if end < 0:
                if size - position >= _LONGEST_LINE:
                    raise BadBody("a line too long between chunks")
                self._held = data[position:]
                self._check_held()
                break
            if end == position or data[end - 1] != 13:
                raise BadBody("a LF on its own between chunks")
            line = data[position : end - 1]
            position = end + 1
            if state == _SIZE:
                self._size_line(line, pieces)
            elif state == _DATA_END:
                if line:
                    raise BadBody("a chunk longer than its size")
                if self._chunked:
                    pieces.append(b"\r\n")
                self._state = _SIZE
            elif self._trailer_line(line, pieces):
                self.done = True
                self.rest = data[position:]
                break
        return b"".join(pieces)

    def _check_held(self) -> None:
        if self._state == _DATA_END and self._held != b"\r":
            raise BadBody("a chunk longer than its size")

    def _size_line(self, line: bytes, pieces: list[bytes]) -> None:
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise BadBody("a chunk size that is not a number")
        self._left = int(found[1], 16)
        self.size += self._left
        if self._left:
            self._state = _DATA
            if self._chunked:
                pieces.append(b"%x\r\n" % self._left)
        else:
            self._state = _TRAILER
            if self._chunked:
                pieces.append(b"0\r\n")

    def _trailer_line(self, line: bytes, pieces: list[bytes]) -> bool:
        if not line:
            if self._chunked:
                pieces.append(b"\r\n")
            return True
        self._trailers += len(line)
        if self._trailers > _MOST_TRAILERS:
            raise BadBody("too many trailers")
        name, colon, value = line.partition(b":")
        meaning = self._meanings[name] if colon else fields.INVALID
        if meaning == fields.INVALID or _VALUE.fullmatch(value) is None:
            raise BadBody("a trailer that is not a field")
        if meaning % fields.LEARN in (fields.KEEP, fields.CONDITION) and self._chunked:
            pieces.append(line + b"\r\n")
        return False
