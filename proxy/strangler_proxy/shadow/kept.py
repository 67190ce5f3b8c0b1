"""Bodies kept for copies, within the bounds of one worker."""

from __future__ import annotations

from strangler.evidence import Missed

__all__ = ["Held", "Kept"]

_TOO_LONG = Missed.TOO_LONG.value
_BYTES = Missed.BYTES.value


class Held:
    """How many `bytes` all copies of a worker hold, of `most` that they may."""

    __slots__ = ("bytes", "most")

    def __init__(self, most: int) -> None:
        self.bytes: int = 0
        self.most: int = most


class Kept:
    """The pieces of one body as they passed, up to `most` bytes: `why` says why they are not kept any more, empty while
    they are. Whoever has it calls `release` once it is not needed."""

    __slots__ = ("_held", "_most", "pieces", "size", "why")

    def __init__(self, held: Held, most: int) -> None:
        self._held = held
        self._most: int = most
        self.pieces: list[bytes] = []
        self.size: int = 0
        self.why: str = ""

    def add(self, piece: bytes) -> None:
        """Keep a piece too, unless that is too much; then nothing is kept."""
        if self.why:
            return
        size = len(piece)
        self.size += size
        self._held.bytes += size
        if self.size > self._most:
            self.drop(_TOO_LONG)
        elif self._held.bytes > self._held.most:
            self.drop(_BYTES)
        else:
            self.pieces.append(piece)

    def drop(self, why: str) -> None:
        """Keep nothing any more."""
        self.release()
        self.why = why

    def release(self) -> None:
        """Let go of everything."""
        self._held.bytes -= self.size
        self.size = 0
        self.pieces = []

    def whole(self) -> bytes:
        """All of it; held once, however often it is asked for."""
        if len(self.pieces) != 1:
            self.pieces = [b"".join(self.pieces)]
        return self.pieces[0]
