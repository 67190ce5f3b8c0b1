"""Why there was no pair."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Missed"]


class Missed(StrEnum):
    """Why a sampled exchange never became a pair."""

    QUEUE_FULL = "queue-full"
    BYTES = "bytes"
    """The worker's copies hold as many bytes as they may."""
    RATE = "rate"
    SLOWED = "slowed"
    """The asked side answers more slowly than it usually does."""
    BREAKER_OPEN = "breaker-open"
    NO_ANSWER = "no-answer"
    """The other side could not be reached, or the monolith did not answer in time."""
    TOO_LONG = "too-long"
    STREAMING = "streaming"
    CONDITIONAL = "conditional"
    """The request asked for the answer only if it has changed."""
    RANGE = "range"
    """The request asked for a part of the answer."""
    SKIP = "skip"
    """A write, and the route has no strategy for writes."""
    COMPARER_FULL = "comparer-full"
    SESSION = "session"
    """The answer gives a private cookie another value, or takes it away: a copy could do so a second time."""
    CLIENT_GONE = "client-gone"
    CUT_OFF = "cut-off"
    """The answer to the customer was not whole, and that was not the customer's doing."""
    DRAINING = "draining"
    """The worker was stopping."""
    FAULT = "fault"
    """It was given up for a fault of ours, which is in the log."""
