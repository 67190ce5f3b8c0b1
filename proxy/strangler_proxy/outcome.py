"""What an upstream is told when a permit to ask it is given back."""

from __future__ import annotations

from typing import Final

__all__ = ["FAILED", "FAILING", "SUCCEEDED", "UNDECIDED"]

SUCCEEDED: Final = 0
# No answer, or one that says that the server cannot do its work.
FAILED: Final = 1
# Given up by the client: that says nothing of the upstream.
UNDECIDED: Final = 2

FAILING: Final = frozenset({502, 503, 504})
