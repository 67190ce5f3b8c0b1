"""Words for what became of copies, beside those of `strangler.evidence`."""

from __future__ import annotations

from typing import Final

__all__ = ["CUT_OFF", "FAULT", "SESSION"]

CUT_OFF: Final = "cut-off"
"""The answer to the customer was not whole, and that was not the customer's doing."""

FAULT: Final = "fault"
"""It was given up for a fault of ours, which is in the log."""

SESSION: Final = "session"
"""The answer gives a private cookie another value, or takes it away: a copy could do so a second time."""
