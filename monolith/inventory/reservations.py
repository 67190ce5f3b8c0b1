"""Promising units: reserve, commit, release, expire. All lock the stock rows in the order of their product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from monolith.catalog import services as catalog
from monolith.errors import ShopError
from monolith.inventory.availability import availability_of
from monolith.inventory.models import Reservation, Stock

__all__ = [
    "OutOfStock",
    "ReservationLost",
    "commit",
    "expire_reservations",
    "locked_stock",
    "publish_availability",
    "release",
    "reserve",
    "reserved_units",
]

_State = Reservation.State


class OutOfStock(ShopError):
    """Fewer units than asked for. ``available`` says how many there are, by product id."""

    code = "out_of_stock"

    def __init__(self, available: Mapping[int, int]) -> None:
        self.available = dict(available)
        named = ", ".join(f"product {pk}: {left} left" for pk, left in sorted(self.available.items()))
        super().__init__(f"Not enough in stock ({named}).")


class ReservationLost(ShopError):
    """The promise ran out or was given back, and the units have gone to somebody else."""

    code = "reservation_lost"


def locked_stock(product_ids: Iterable[int]) -> dict[int, Stock]:
    """The stock rows by product id, locked until the transaction's end (SQLite: the one writer's lock does it)."""
    rows = Stock.objects.select_for_update().filter(product_id__in=set(product_ids)).order_by("product_id")
    return {row.product_id: row for row in rows}


def reserved_units(stocks: Iterable[Stock]) -> dict[int, int]:
    """Units bound by active reservations, by product id."""
    by_stock = {stock.pk: stock.product_id for stock in stocks}
    sums = (
        Reservation.objects.filter(stock__in=by_stock, state=_State.ACTIVE)
        .values("stock_id")
        .annotate(units=Sum("quantity"))
        .values_list("stock_id", "units")
    )
    found = dict.fromkeys(by_stock.values(), 0)
    found.update({by_stock[stock_id]: units for stock_id, units in sums})
    return found


def publish_availability(stocks: Iterable[Stock]) -> None:
    """Writes the word for what is left onto the products, where it is another one (a named tangle)."""
    rows = list(stocks)
    reserved = reserved_units(rows)
    catalog.set_availability({row.product_id: availability_of(row.on_hand - reserved[row.product_id]) for row in rows})


@transaction.atomic
def reserve(
    reference: str,
    quantities: Mapping[int, int],
    *,
    ttl: timedelta | None = None,
    now: datetime | None = None,
) -> None:
    """Promises ``quantities`` (units by product id) to ``reference`` for ``ttl`` (default RESERVATION_TIME).

    All or nothing: raises OutOfStock naming every product that falls short. Overdue promises for the same products
    are taken back first. A second call for the same reference replaces the first.
    """
    moment = now or timezone.now()
    stocks = locked_stock(quantities)
    overdue = Reservation.objects.filter(stock__in=stocks.values(), expires_at__lte=moment, state=_State.ACTIVE)
    overdue.update(state=_State.EXPIRED)
    Reservation.objects.filter(reference=reference, stock__in=stocks.values()).exclude(state=_State.COMMITTED).delete()
    reserved = reserved_units(stocks.values())
    short: dict[int, int] = {}
    for product_id, wanted in quantities.items():
        stock = stocks.get(product_id)
        left = stock.on_hand - reserved[product_id] if stock else 0
        if left < wanted:
            short[product_id] = max(left, 0)
    if short:
        raise OutOfStock(short)
    expires_at = moment + (settings.RESERVATION_TIME if ttl is None else ttl)
    Reservation.objects.bulk_create(
        Reservation(
            stock=stocks[product_id], reference=reference, quantity=quantity, expires_at=expires_at, created_at=moment
        )
        for product_id, quantity in sorted(quantities.items())
    )
    publish_availability(stocks.values())


@transaction.atomic
def commit(reference: str) -> None:
    """The promised units leave the shelf. Doing it twice is doing it once.

    A promise that ran out meanwhile is honoured while the units are still there; else ReservationLost.
    """
    rows, stocks = _rows(reference)
    if not rows:
        raise ReservationLost(f"Nothing was ever reserved for {reference}.")
    reserved = reserved_units(stocks.values())
    taken: set[int] = set()
    for row in rows:
        stock = stocks[row.stock.product_id]
        if row.state == _State.COMMITTED:
            continue
        others = reserved[stock.product_id] - (row.quantity if row.state == _State.ACTIVE else 0)
        if stock.on_hand - others < row.quantity:
            raise ReservationLost(f"The units reserved for {reference} have gone to somebody else.")
        stock.on_hand -= row.quantity
        stock.save(update_fields=["on_hand"])
        row.state = _State.COMMITTED
        row.save(update_fields=["state"])
        taken.add(stock.product_id)
    publish_availability(stocks.values())
    catalog.stock_changed(taken)


@transaction.atomic
def release(reference: str, *, restock: bool = False) -> None:
    """Gives promised units back; with ``restock`` also those that had left the shelf (a cancelled paid order)."""
    rows, stocks = _rows(reference)
    returned: set[int] = set()
    for row in rows:
        if row.state == _State.COMMITTED:
            if not restock:
                continue
            stock = stocks[row.stock.product_id]
            stock.on_hand += row.quantity
            stock.save(update_fields=["on_hand"])
            returned.add(stock.product_id)
        if row.state in (_State.ACTIVE, _State.COMMITTED):
            row.state = _State.RELEASED
            row.save(update_fields=["state"])
    publish_availability(stocks.values())
    catalog.stock_changed(returned)


@transaction.atomic
def expire_reservations(now: datetime | None = None) -> int:
    """Takes back every promise that has run out; returns how many."""
    due = Reservation.objects.filter(state=_State.ACTIVE, expires_at__lte=now or timezone.now())
    stocks = locked_stock(due.values_list("stock__product_id", flat=True))
    expired = due.filter(stock__in=stocks.values()).update(state=_State.EXPIRED)
    publish_availability(stocks.values())
    return expired


def _rows(reference: str) -> tuple[list[Reservation], dict[int, Stock]]:
    named = Reservation.objects.filter(reference=reference)
    stocks = locked_stock(named.values_list("stock__product_id", flat=True))
    # Read again under the locks: whoever held them may have changed the state.
    rows = list(named.select_related("stock").order_by("stock__product_id"))
    return rows, stocks
