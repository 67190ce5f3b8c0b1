"""The marks that stand in a recording for what was taken out of it: see `strangler.evidence.marks`."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["MARK", "MARKS", "is_redacted"]

MARK: Final = "redacted-"
"""With what every mark begins."""
MARKS: Final = re.compile(rf"{MARK}(?:body-)?[0-9a-f]{{12}}")


def is_redacted(text: str) -> bool:
    """Whether a value is such a mark, or has one in it."""
    return MARK in text and MARKS.search(text) is not None
