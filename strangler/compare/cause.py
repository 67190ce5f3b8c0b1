"""Why a pair tells nothing: the one list of words, for comparisons and for the evidence made of them."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Cause"]


class Cause(StrEnum):
    """Why a verdict is `inconclusive`. The words are stable: evidence is counted by them.

    A comparison itself comes to `limits`, `encoding` and, where the monolith was asked again, `noise`; the others are
    for whoever asked the sides.
    """

    LIMITS = "limits"
    """Too long, too deep or too many: see `strangler.compare.Limits`."""
    ENCODING = "encoding"
    """A body that neither side sent as its headers say, or that cannot be read here."""
    NOISE = "noise"
    """The monolith does not repeat its own answer in the places where the sides differ."""
    TRANSIENT = "transient"
    """The sides differed, and agreed when both were asked again."""
    IDENTITY = "identity"
    """The other side was asked without the customer's credentials, and answered that it wants some."""
    UNCHECKED = "unchecked"
    """The sides differ, and a bound kept us from asking again: it may be noise."""
    FALLBACK = "fallback"
    """The candidate failed and the monolith answered the customer."""
    WRITE = "write"
    """A write was asked of a sandbox or without effect, and what it would have answered cannot be compared."""
