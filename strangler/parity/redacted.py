"""What was taken out of a kept pair, and what that means when it is asked or compared again.

In the place of a secret stands a mark (see `strangler.evidence.marks`). In a kept answer it is equal to any value of
its class: a text to any text that is not empty, a number to any number, and what stands around the mark still counts.
A request with a mark in it cannot be asked as the client whose it was.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from strangler.compare import Answer, Cause, Comparison, Difference, DifferenceKind, Request, Severity, Verdict

__all__ = ["has_mark", "missing_credentials", "without_marks"]

_MARK: Final = re.compile(r"redacted-(?:body-)?[0-9a-f]{12}")
_BODY: Final = re.compile(r"redacted-body-[0-9a-f]{12} \d+ bytes")
# Sixteen digits that begin with 8: what stands for a number.
_NUMBER: Final = re.compile(r"8\d{15}(?:\.5)?")
_ANY_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
# Where a client was; without these it is somebody at our own address, on both sides alike.
_WHEREABOUTS: Final = frozenset(
    [
        "cf-connecting-ip",
        "forwarded",
        "from",
        "referer",
        "true-client-ip",
        "x-client-ip",
        "x-forwarded-for",
        "x-real-ip",
    ]
)


def has_mark(text: str) -> bool:
    """Whether something was taken out of the text."""
    return _MARK.search(text) is not None


def missing_credentials(request: Request) -> tuple[Request, str]:
    """The request as it can be asked, without what only told where a client was; and where else in it something was
    taken out, empty for nowhere."""
    headers = tuple(
        (name, value) for name, value in request.headers if not (name.lower() in _WHEREABOUTS and has_mark(value))
    )
    places = [f"header {name}" for name, value in headers if has_mark(value)]
    places += ["target"] if has_mark(request.target) else []
    places += ["body"] if has_mark(request.body.decode("latin-1")) else []
    return replace(request, headers=headers), ", ".join(places)


def without_marks(kept: Answer, comparison: Comparison) -> Comparison:
    """The comparison of a kept old answer with a new one, without differences that are only marks."""
    if comparison.verdict is not Verdict.DIFFER:
        return comparison
    taken = _BODY.fullmatch(kept.body.decode("latin-1")) is not None
    heads = ("status", "header:") if taken else ("",)
    left = tuple(each for each in comparison.differences if each.path.startswith(heads) and not _is_a_mark(each))
    if any(each.severity is Severity.BREAKING for each in left):
        return replace(comparison, differences=left)
    if taken:
        detail = "the kept answer's body was taken out of it as a whole"
        return replace(comparison, verdict=Verdict.INCONCLUSIVE, cause=Cause.IDENTITY, detail=detail, differences=left)
    if comparison.truncated:
        detail = "more differences than are listed, and all that are listed are marks"
        return replace(comparison, verdict=Verdict.INCONCLUSIVE, cause=Cause.LIMITS, detail=detail, differences=left)
    return replace(comparison, verdict=Verdict.AGREE, differences=left)


def _is_a_mark(difference: Difference) -> bool:
    old, new = difference.old, difference.new
    if old is None or new is None or difference.kind not in (DifferenceKind.VALUE, DifferenceKind.CLASS):
        return False
    if _NUMBER.fullmatch(old) and _ANY_NUMBER.fullmatch(new):
        return True
    around = _MARK.split(old)
    return len(around) > 1 and re.fullmatch(".+".join(map(re.escape, around)), new, re.DOTALL) is not None
