"""What a basket costs: pure functions on decimals.

A unit's gross price is rounded to cents first, as the shop window shows it; a line is a whole number of those; tax is
what remains of the gross after the net part, so that net + tax = gross to the cent, in each line and in the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from monolith import money

__all__ = ["BasketLine", "BasketPrice", "NForM", "PricedLine", "Shipping", "percent_off", "price_basket"]


@dataclass(frozen=True, slots=True)
class NForM:
    """Who takes ``take`` units of one product pays for ``pay`` of them."""

    name: str
    take: int
    pay: int

    def free_units(self, quantity: int) -> int:
        return quantity // self.take * (self.take - self.pay)


@dataclass(frozen=True, slots=True)
class BasketLine:
    """What goes in: a product's net unit price, tax rate in percent, and how many."""

    product_id: int
    sku: str
    name: str
    unit_net: Decimal
    tax_rate: Decimal
    quantity: int


@dataclass(frozen=True, slots=True)
class PricedLine:
    line: BasketLine
    unit_gross: Decimal
    discount: Decimal
    """Gross, at least 0."""
    promotion: str
    """The name of what gave the discount; empty without any."""
    net: Decimal
    tax: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class Shipping:
    """A flat gross price, nothing from ``free_from`` (gross, after discounts) on."""

    gross: Decimal
    tax_rate: Decimal
    free_from: Decimal


@dataclass(frozen=True, slots=True)
class BasketPrice:
    lines: tuple[PricedLine, ...]
    goods: Decimal
    """Gross of the lines after discounts."""
    discount: Decimal
    shipping: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal
    """All there is to pay, shipping included."""


def percent_off(price: Decimal, percent: Decimal) -> Decimal:
    """``price`` less ``percent`` percent, in cents, and never below one cent."""
    return max(money.to_cents(price * (Decimal(100) - percent) / Decimal(100)), money.CENT)


def price_basket(lines: Iterable[BasketLine], offers: Mapping[int, Iterable[NForM]], shipping: Shipping) -> BasketPrice:
    """Prices ``lines``. ``offers`` by product id: of several, the one that gives most; they never add up."""
    priced = tuple(_price(line, tuple(offers.get(line.product_id, ()))) for line in lines)
    goods = sum((line.gross for line in priced), money.ZERO)
    freight = shipping.gross if priced and goods < shipping.free_from else money.ZERO
    freight_net = money.without_tax(freight, shipping.tax_rate)
    net = sum((line.net for line in priced), money.ZERO) + freight_net
    gross = goods + freight
    return BasketPrice(
        lines=priced,
        goods=goods,
        discount=sum((line.discount for line in priced), money.ZERO),
        shipping=freight,
        net=net,
        tax=gross - net,
        gross=gross,
    )


def _price(line: BasketLine, offers: tuple[NForM, ...]) -> PricedLine:
    unit = money.with_tax(line.unit_net, line.tax_rate)
    best = max(offers, key=lambda offer: offer.free_units(line.quantity), default=None)
    free = best.free_units(line.quantity) if best else 0
    gross = unit * (line.quantity - free)
    net = money.without_tax(gross, line.tax_rate)
    return PricedLine(
        line=line,
        unit_gross=unit,
        discount=unit * free,
        promotion=best.name if best and free else "",
        net=net,
        tax=gross - net,
        gross=gross,
    )
