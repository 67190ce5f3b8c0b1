"""Two transcripts side by side."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from tests.someone_else.visitor import Step

__all__ = ["differences"]

_CONTEXT = 60
_NONE = Step("(no such step)", (), b"", ())


def differences(direct: Sequence[Step], through: Sequence[Step]) -> Iterator[tuple[str, str]]:
    """Each step that is not the same on both sides, with what differs for a person to read."""
    for one, other in zip_longest(direct, through, fillvalue=_NONE):
        if (one.name, one.lines) != (other.name, other.lines):
            name = one.name if one is not _NONE else other.name
            yield name, "\n".join([*_lines(one, other), *_bodies(one.body, other.body)])


def _lines(one: Step, other: Step) -> Iterator[str]:
    for line in difflib.unified_diff([one.name, *one.lines], [other.name, *other.lines], "direct", "through", n=1):
        yield line.rstrip("\n")


def _bodies(one: bytes, other: bytes) -> Iterator[str]:
    if one == other:
        return
    shorter = min(len(one), len(other))
    at = next((i for i in range(shorter) if one[i] != other[i]), shorter)
    yield f"the bodies differ from byte {at} on:"
    for side, body in (("direct", one), ("through", other)):
        yield f"  {side:<8}{body[max(at - _CONTEXT, 0) : at + _CONTEXT]!r}"
