"""The ids that the databases give."""

from __future__ import annotations

from typing import Final

__all__ = ["NEWEST"]

NEWEST: Final = 2**63 - 1
"""No entry has so high an id: what lies below it is everything."""
