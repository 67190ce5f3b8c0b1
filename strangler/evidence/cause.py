"""Why a pair tells nothing, and why there was no pair."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Cause", "Missed"]


class Cause(StrEnum):
    """Why a pair is `inconclusive`."""

    IDENTITY = "identity"
    """The other side was asked without the customer's credentials, and answered that it wants some."""
    TRANSIENT = "transient"
    """The sides differed, and agreed when both were asked again."""
    UNCHECKED = "unchecked"
    """The sides differ, and a bound kept us from asking again: it may be noise."""
    FALLBACK = "fallback"
    """The candidate failed and the monolith answered the customer."""
    NOISE = "noise"
    """The monolith does not repeat its own answer in the places where the sides differ."""
    LIMITS = "limits"
    """Too long, too deep or too many: see `strangler.compare.Limits`."""
    ENCODING = "encoding"
    """Neither body can be decoded."""
    WRITE = "write"
    """A write was asked of a sandbox or without effect, and what it would have answered cannot be compared."""


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
    """The other side was asked and did not answer, or not in time."""
    TOO_LONG = "too-long"
    STREAMING = "streaming"
    CONDITIONAL = "conditional"
    """The request asked for the answer only if it has changed."""
    RANGE = "range"
    """The request asked for a part of the answer."""
    SKIP = "skip"
    """A write, and the route has no strategy for writes."""
    COMPARER_FULL = "comparer-full"
    CLIENT_GONE = "client-gone"
    DRAINING = "draining"
    """The worker was stopping."""
