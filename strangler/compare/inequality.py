"""In what two values differ."""

from __future__ import annotations

from strangler.compare.json_text import Node, decimal, is_integer
from strangler.compare.values import DifferenceKind

__all__ = ["unequal"]


def unequal(old: Node, new: Node) -> DifferenceKind | None:
    """In what two values differ, at least one of them a scalar; None when they are equal."""
    if type(old) is not type(new):
        return DifferenceKind.TYPE
    if old == new:
        return None
    if type(old) is bytes:
        if is_integer(old) is not is_integer(new):
            return DifferenceKind.TYPE
        # What is unequal when rounded was so before, and that is soon found out.
        if float(old) != float(new):
            return DifferenceKind.VALUE
        left, right = decimal(old), decimal(new)
        if left is not None and left == right:
            return DifferenceKind.NOTATION
    return DifferenceKind.VALUE
