"""A request's body on its way, kept for as long as it may have to be sent, or sent again."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from strangler_proxy.body import BadBody, Body, ChunkedBody, LengthBody
from strangler_proxy.config import Limits

if TYPE_CHECKING:
    from strangler_proxy.shadow.kept import Kept

__all__ = ["BodyTooLong", "RequestBody"]

_MOST_KEPT: Final = 65536


class BodyTooLong(BadBody):
    """More came than a body may have."""


class RequestBody:
    """What came of a body so far, framed for the upstream.

    Until it is first sent all of it is kept; after that up to 64 KiB, and only where sending it again is `safe`. So
    `whole` says that nothing was lost yet. `rest` is what came behind the body's end, once it is `done`. `copied` is
    where it is kept for a copy too, None where there will be none; `recorded` is where it is for a recording.
    """

    __slots__ = ("_due", "_framing", "_kept", "_limits", "_safe", "_sent", "_size", "begun", "copied", "recorded")

    def __init__(self, length: int, limits: Limits, *, safe: bool) -> None:
        self._framing: Body = ChunkedBody(request=True) if length < 0 else LengthBody(length)
        self._limits = limits
        self._kept: list[bytes] | None = []
        self._size = 0
        self._due = monotonic() + limits.body_timeout
        self._safe = safe
        self._sent = False
        self.begun = False
        self.copied: Kept | None = None
        self.recorded: Kept | None = None

    @property
    def done(self) -> bool:
        """Whether the body's end has come."""
        return self._framing.done

    @property
    def rest(self) -> bytes:
        """What came behind the body's end."""
        return self._framing.rest

    @property
    def size(self) -> int:
        """How many bytes came, framed as they are passed on."""
        return self._size

    def beginning(self) -> bytes:
        """What came so far, bare of its framing; before anything is sent."""
        kept = b"".join(self._kept or ())
        if isinstance(self._framing, ChunkedBody):
            return ChunkedBody(chunked=False, request=True).feed(kept)
        return kept

    @property
    def whole(self) -> bool:
        """Whether everything that came is still at hand."""
        return self._kept is not None

    def feed(self, data: bytes) -> bytes:
        """Take what came and give what to pass on. Raises BadBody, and BodyTooLong where the limit is passed."""
        limits = self._limits
        if limits.body_rate:
            # Every byte buys time, though never more than one pause: who sends drop by drop runs out of it.
            self._due = min(monotonic() + limits.body_timeout, self._due + len(data) / limits.body_rate)
        framing = self._framing
        piece = framing.feed(data)
        if limits.body_bytes and isinstance(framing, ChunkedBody) and framing.size > limits.body_bytes:
            raise BodyTooLong("more than a body may have")
        if piece:
            self.begun = True
            if self.copied is not None:
                self.copied.add(piece)
            if self.recorded is not None:
                self.recorded.add(piece)
            if self._kept is not None:
                self._kept.append(piece)
                self._size += len(piece)
                if self._sent and self._size > _MOST_KEPT:
                    self._kept = None
        return piece

    def due(self, now: float) -> float:
        """When patience with the client ends."""
        return self._due if self._limits.body_rate else now + self._limits.body_timeout

    def pardon(self, now: float) -> None:
        """The client could not send: that is not held against it."""
        self._due = now + self._limits.body_timeout

    def send(self) -> bytes:
        """Everything so far, to be sent now."""
        self._sent = True
        kept = b"".join(self._kept or ())
        if not self._safe or self._size > _MOST_KEPT:
            self._kept = None
        return kept

    def forget(self) -> None:
        """It will not be sent again."""
        self._kept = None

    def release(self) -> None:
        """Nobody wants the whole of it any more."""
        for kept in (self.copied, self.recorded):
            if kept is not None:
                kept.release()
