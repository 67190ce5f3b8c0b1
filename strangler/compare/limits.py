"""How much a comparison may cost before it gives up."""

from __future__ import annotations

from dataclasses import dataclass

from strangler.compare.cause import Cause

__all__ = ["Limits", "TooMuch"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one comparison; past any of them the verdict is `inconclusive` (or `differ`, if that is known by then).

    `body_bytes` bounds a decoded body (default 16 MiB), `depth` the nesting of JSON and of elements (default 128),
    `nodes` the values that are looked at (default 2 million), `alignments` the pairs that are tried when a list is
    compared as a set (default 10,000). `differences` bounds how many are listed (default 500); there the rest is not
    looked for.
    """

    body_bytes: int = 16 * 1024 * 1024
    depth: int = 128
    nodes: int = 2_000_000
    alignments: int = 10_000
    differences: int = 500


class TooMuch(Exception):
    """What keeps a comparison from being finished; it becomes a verdict and never leaves the package.

    Its text says what it was, `cause` which of the stable words that is.
    """

    def __init__(self, what: str, cause: Cause = Cause.LIMITS) -> None:
        super().__init__(what)
        self.cause = cause
