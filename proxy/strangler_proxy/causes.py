"""What the words mean by which evidence counts what could not be said and what was not compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from strangler.compare import Cause
from strangler.evidence import Missed

__all__ = ["MEANINGS", "told_causes"]

MEANINGS: Final[Mapping[str, str]] = {
    Cause.LIMITS: "too long, too deep or too many parts to be compared",
    Cause.ENCODING: "a body that cannot be read as its headers say",
    Cause.NOISE: "the monolith does not repeat itself where the sides differ",
    Cause.TRANSIENT: "the sides differed, and agreed when both were asked again",
    Cause.IDENTITY: "asked without the customer's credentials, and sent away",
    Cause.UNCHECKED: "the sides differ, and there was no room to ask again: it may be noise",
    Cause.FALLBACK: "the candidate failed and the monolith answered the customer, or it broke off a copy, hung or sent"
    " garbage",
    Cause.WRITE: "a write without effect, whose answer cannot be compared",
    Missed.QUEUE_FULL: "too many copies were waiting (shadow.queue)",
    Missed.BYTES: "copies held as many bytes as they may (shadow.bytes)",
    Missed.RATE: "there were as many copies a second as there may be (shadow.rate)",
    Missed.SLOWED: "the asked side was slower than it usually is (shadow.slowdown)",
    Missed.BREAKER_OPEN: "the asked side was failing",
    Missed.NO_ANSWER: "the other side could not be reached, or the monolith gave no answer in time (shadow.timeout)",
    Missed.TOO_LONG: "a body was over shadow.body_bytes",
    Missed.STREAMING: "the answer was a stream",
    Missed.CONDITIONAL: "the customer asked only for what had changed",
    Missed.RANGE: "the customer asked for a part",
    Missed.SKIP: "a write, and the route does not say how to copy it (writes)",
    Missed.SESSION: "the answer moves a session: it sets a private cookie to another value, or takes it away",
    Missed.COMPARER_FULL: "the comparer was full, or not there",
    Missed.CLIENT_GONE: "the customer left before the answer was whole",
    Missed.CUT_OFF: "the answer to the customer was not whole",
    Missed.DRAINING: "the worker was stopping, or the route had left its stage",
    Missed.FAULT: "given up for a fault of Strangler's own, which is in the log",
}
"""Every word of `Cause` and `Missed`, in words for people."""


def told_causes(counts: Mapping[str, int]) -> list[tuple[int, str, str]]:
    """How often, by which word, and what that means, the most frequent first; a word that is new here means itself."""
    ordered = sorted(counts.items(), key=lambda counted: (-counted[1], counted[0]))
    return [(count, word, MEANINGS.get(word, "")) for word, count in ordered]
