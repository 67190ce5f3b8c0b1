"""Both answers of a kept pair, line by line beside each other."""

from __future__ import annotations

from dataclasses import replace

from strangler.compare import Answer
from strangler.compare.headers import VOLATILE
from strangler.compare.side_by_side import Row, lines_of, side_by_side
from strangler.evidence import KeptPair

__all__ = ["rows_of"]


def rows_of(kept: KeptPair, *, whole: bool = False) -> list[Row]:
    """The rows; those that are equal, and headers that are never compared, only where all of it is wanted (`whole`)."""
    old, new = (each if whole else _compared(each) for each in (kept.pair.old, kept.pair.new))
    return side_by_side(lines_of(old), lines_of(new), whole=whole)


def _compared(answer: Answer) -> Answer:
    headers = tuple((name, value) for name, value in answer.headers if name.lower() not in VOLATILE)
    return replace(answer, headers=headers)
