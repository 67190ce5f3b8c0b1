"""The inventory's verbs for the rest of the shop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction

from monolith.catalog import services as catalog
from monolith.inventory.availability import LOW_UP_TO, availability_of
from monolith.inventory.models import Stock
from monolith.inventory.reservations import (
    OutOfStock,
    ReservationLost,
    commit,
    expire_reservations,
    locked_stock,
    publish_availability,
    release,
    reserve,
    reserved_units,
)

__all__ = [
    "LOW_UP_TO",
    "OutOfStock",
    "ReservationLost",
    "StockLevel",
    "availability_of",
    "commit",
    "expire_reservations",
    "levels",
    "on_hand",
    "release",
    "reserve",
    "set_on_hand",
]


@dataclass(frozen=True, slots=True)
class StockLevel:
    """Units of one product: on the shelf, promised, and left to sell."""

    product_id: int
    on_hand: int
    reserved: int

    @property
    def sellable(self) -> int:
        return max(self.on_hand - self.reserved, 0)

    @property
    def availability(self) -> str:
        return availability_of(self.sellable)


def levels(product_ids: Iterable[int]) -> dict[int, StockLevel]:
    """By product id; a product never stocked has none of anything."""
    wanted = set(product_ids)
    stocks = list(Stock.objects.filter(product_id__in=wanted))
    reserved = reserved_units(stocks)
    found = {pk: StockLevel(pk, 0, 0) for pk in wanted}
    found.update({s.product_id: StockLevel(s.product_id, s.on_hand, reserved[s.product_id]) for s in stocks})
    return found


def on_hand(product_ids: Iterable[int]) -> dict[int, int]:
    """Units on the shelf by product id; products never stocked are left out."""
    return dict(Stock.objects.filter(product_id__in=set(product_ids)).values_list("product_id", "on_hand"))


@transaction.atomic
def set_on_hand(units: Mapping[int, int]) -> None:
    """What a stock-taking found, by product id; products never stocked get their row."""
    Stock.objects.bulk_create((Stock(product_id=pk) for pk in sorted(units)), ignore_conflicts=True)
    stocks = locked_stock(units)
    changed = [stock for pk, stock in stocks.items() if stock.on_hand != units[pk]]
    for stock in changed:
        stock.on_hand = units[stock.product_id]
    Stock.objects.bulk_update(changed, ["on_hand"], batch_size=500)
    publish_availability(stocks.values())
    catalog.stock_changed(stock.product_id for stock in changed)
