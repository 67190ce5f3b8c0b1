"""A head that has not wholly come."""

from __future__ import annotations

from strangler_proxy.head import BadHead

__all__ = ["PartialHead"]


class PartialHead:
    """Collects a head until its end has come. Each byte is looked at once, however many pieces it comes in.

    A head that cannot be one is refused with `status`. With `after_lines` empty lines before it are passed over: a slip
    of some clients (RFC 9112 section 2.2).
    """

    __slots__ = ("_after_lines", "_data", "_end", "_status")

    def __init__(self, status: int, *, after_lines: bool = False) -> None:
        self._after_lines = after_lines
        self._data = bytearray()
        self._end = -1
        self._status = status

    def __len__(self) -> int:
        return len(self._data)

    def add(self, data: bytes) -> bool:
        """Take more; True once the end has come. Raises BadHead for a LF on its own: the end would never come."""
        held = self._data
        seen = len(held)
        last = bytes(held[-1:])
        held += data
        while self._after_lines and held.startswith(b"\r\n"):
            del held[:2]
            seen = 0
        self._end = held.find(b"\r\n\r\n", max(seen - 3, 0))
        if self._end >= 0:
            return True
        if data.count(b"\n") != (last + data).count(b"\r\n"):
            raise BadHead(self._status, "a LF on its own in the head")
        return False

    @property
    def head(self) -> bytes:
        """The head, without the empty line that ends it, once that has come."""
        return bytes(self._data[: self._end])

    @property
    def rest(self) -> bytes:
        """What came behind it."""
        return bytes(self._data[self._end + 4 :])

    @property
    def begins(self) -> bytes:
        """Its first byte."""
        return bytes(self._data[:1])

    def first_line_exceeds(self, size: int) -> bool:
        """Whether its first line has not ended within `size` bytes."""
        return self._data.find(b"\r\n", 0, size) < 0
