"""Decimal arithmetic of prices: net amounts, a tax rate in percent, cents rounded half up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

__all__ = ["CENT", "ZERO", "to_cents", "with_tax", "without_tax"]

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
_HUNDRED = Decimal(100)


def to_cents(amount: Decimal) -> Decimal:
    """``amount`` at two decimals, halves rounded away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def with_tax(net: Decimal, rate: Decimal) -> Decimal:
    """The gross price of a net one; ``rate`` in percent (``Decimal("19.00")``)."""
    return to_cents(net * (_HUNDRED + rate) / _HUNDRED)


def without_tax(gross: Decimal, rate: Decimal) -> Decimal:
    """The net part of a gross amount; the tax is the rest, so that both always add up to the gross."""
    return to_cents(gross * _HUNDRED / (_HUNDRED + rate))
