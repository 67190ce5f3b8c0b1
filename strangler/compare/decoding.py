"""Taking the content codings off a body: gzip, deflate, br and zstd, one over another, and never past a limit.

brotli and zstandard are asked for only where a body needs them; `pip install 'strangler[compare]'` brings them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Protocol

from strangler.compare.cause import Cause
from strangler.compare.limits import TooMuch
from strangler.compare.values import Answer

__all__ = ["Undecodable", "codings", "decoded", "needs"]

_MOST_CODINGS: Final = 3
_MOST_FRAMES: Final = 1_000
# What goes in at once: small enough that not much more than the limit can come out of it.
_ZLIB_PIECE: Final = 65_536
_ZSTD_PIECE: Final = 512
# RFC 9659: a zstd content coding needs no greater window, and a client need not read one that does.
_ZSTD_WINDOW: Final = 8 * 1024 * 1024


class Undecodable(Exception):  # one side's fault, turned into a difference; it never leaves the package
    """A body that is not what its own headers say. Its text says what it is not."""


def needs(package: str, what: str) -> TooMuch:
    """The cause to give where `what` cannot be read for want of an optional package."""
    return TooMuch(f"{what} is not read without {package}: pip install 'strangler[compare]'", Cause.ENCODING)


def codings(answer: Answer) -> list[str]:
    """Content codings in the order in which they were applied, in lower case."""
    listed = ",".join(answer.all("content-encoding")).lower().split(",")
    return [each.strip() for each in listed if each.strip() not in ("", "identity")]


def decoded(answer: Answer, most: int) -> bytes:
    """The body without its content codings. Raises Undecodable for a body that is not so coded, and TooMuch for one of
    more than `most` bytes and for a coding that is not read here."""
    body = answer.body
    applied = codings(answer)
    if len(applied) > _MOST_CODINGS:
        raise TooMuch(f"{len(applied)} content codings, one over another", Cause.ENCODING)
    if not body:
        return body
    for coding in reversed(applied):
        unpack = _UNPACKERS.get(coding)
        if unpack is None:
            raise TooMuch(f"content coding {coding[:40]} is not read", Cause.ENCODING)
        unpacked = unpack(body, most)
        if unpacked is None:
            raise Undecodable(f"not {coding}")
        body = unpacked
    if len(body) > most:
        raise _past(most)
    return body


def _past(most: int) -> TooMuch:
    return TooMuch(f"a body of more than {most} bytes")


class _Frame(Protocol):
    """One gzip member, zlib stream or zstd frame being unpacked."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: Any, /) -> bytes: ...


class _ZlibFrame:
    """A zlib stream whose every step gives at most `most` bytes."""

    def __init__(self, window: int, most: int) -> None:
        self._stream = zlib.decompressobj(window)
        self._most = most

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: Any, /) -> bytes:
        part = self._stream.decompress(data, self._most + 1)
        if len(part) > self._most:
            raise _past(self._most)
        return part


def _frames(body: bytes, most: int, start: Callable[[], _Frame], piece: int) -> bytes | None:
    """Frames one after another, unpacked; None where the last one does not end."""
    view = memoryview(body)
    parts: list[bytes] = []
    at = total = frames = 0
    while at < len(view):
        frames += 1
        if frames > _MOST_FRAMES:
            raise TooMuch(f"a body packed in more than {_MOST_FRAMES} frames")
        frame = start()
        while not frame.eof:
            if at >= len(view):
                return None
            given = view[at : at + piece]
            at += len(given)
            part = frame.decompress(given)
            total += len(part)
            if total > most:
                raise _past(most)
            parts.append(part)
        at -= len(frame.unused_data)
    return b"".join(parts)


def _gzip(body: bytes, most: int) -> bytes | None:
    try:
        return _frames(body, most, partial(_ZlibFrame, 16 + zlib.MAX_WBITS, most), _ZLIB_PIECE)
    except zlib.error:
        return None


def _deflate(body: bytes, most: int) -> bytes | None:
    # The standard says zlib, and half the world sends it bare.
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            unpacked = _frames(body, most, partial(_ZlibFrame, window, most), _ZLIB_PIECE)
        except zlib.error:
            continue
        if unpacked is not None:
            return unpacked
    return None


def _br(body: bytes, most: int) -> bytes | None:
    try:
        import brotli
    except ImportError:
        raise needs("brotli", "content coding br") from None
    stream = brotli.Decompressor()
    parts: list[bytes] = []
    total, given = 0, body
    try:
        while not stream.is_finished():
            part = stream.process(given, output_buffer_limit=most + 1 - total)
            total += len(part)
            if total > most:
                raise _past(most)
            if not part and not given:
                return None
            parts.append(part)
            given = b""
    except brotli.error:
        return None
    return b"".join(parts)


def _zstd(body: bytes, most: int) -> bytes | None:
    try:
        import zstandard
    except ImportError:
        raise needs("zstandard", "content coding zstd") from None
    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    try:
        return _frames(body, most, unpacker.decompressobj, _ZSTD_PIECE)
    except zstandard.ZstdError:
        return None


_UNPACKERS: Final[Mapping[str, Callable[[bytes, int], bytes | None]]] = {
    "br": _br,
    "deflate": _deflate,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "zstd": _zstd,
}
