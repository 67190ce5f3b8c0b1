"""How many units make which word."""

from __future__ import annotations

__all__ = ["LOW_UP_TO", "availability_of"]

LOW_UP_TO = 5


def availability_of(sellable: int) -> str:
    """``out_of_stock`` for 0, ``low`` for 1 to 5, else ``in_stock``."""
    if sellable <= 0:
        return "out_of_stock"
    return "low" if sellable <= LOW_UP_TO else "in_stock"
