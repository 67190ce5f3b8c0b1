"""What the seeded shop's people did with the catalogue: units on the shelf, promotions, carts left standing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import models

from monolith.accounts.models import Customer
from monolith.cart.models import Cart, Item, Promotion
from monolith.catalog.models import Category, Product
from monolith.inventory.models import Stock
from monolith.inventory.services import LOW_UP_TO
from monolith.seed.sizes import TODAY, Sizes, between, chance

__all__ = ["carts", "own_timestamps", "promoted", "promotions", "sellable_units", "stocks"]


@contextmanager
def own_timestamps(model: type[models.Model], name: str) -> Iterator[None]:
    """Inside, the ``auto_now`` field of that name keeps what a row says: the clock would make each seed another."""
    found = model._meta.get_field(name)
    if not isinstance(found, models.DateTimeField):
        raise TypeError(f"{model.__name__}.{name} is not a moment.")
    found.auto_now = False
    try:
        yield
    finally:
        found.auto_now = True


def sellable_units(sizes: Sizes, products: Sequence[Product]) -> dict[int, int]:
    """Units that may be sold, by product id: plenty, a few, or none."""
    draw = chance(sizes, "stock")
    found: dict[int, int] = {}
    for product in products:
        kind = draw.random()
        units = 0 if kind < 0.08 else draw.randrange(1, LOW_UP_TO + 1) if kind < 0.18 else draw.randrange(6, 400)
        found[product.pk] = 0 if product.is_discontinued and draw.random() < 0.8 else units
    return found


def stocks(sellable: Mapping[int, int], reserved: Mapping[int, int]) -> list[Stock]:
    """A stock row's id is its product's."""
    return [Stock(pk=pk, product_id=pk, on_hand=units + reserved.get(pk, 0)) for pk, units in sellable.items()]


def promotions(categories: Sequence[Category]) -> list[Promotion]:
    """Some in force for ever, one over, one not begun, one switched off: what is in force depends on no clock."""
    percent, n_for_m = Promotion.Kind.PERCENT, Promotion.Kind.N_FOR_M
    by_slug = {category.slug: category for category in categories}
    begun = TODAY - timedelta(days=10)

    def row(name: str, kind: Promotion.Kind, starts: datetime = begun, **fields: object) -> Promotion:
        return Promotion(name=name, kind=kind, starts_at=starts, **fields)

    rows = [
        row("Garden weeks", percent, percent=Decimal("20.00"), category=by_slug["garden"]),
        row("Picks of the month", percent, percent=Decimal("15.00")),
        row("Deep cut ✂️", percent, percent=Decimal("33.33")),
        row("3 for 2", n_for_m, take=3, pay=2),
        row("Zwei zum Preis von einem", n_for_m, take=2, pay=1),
        row(
            "Winter sale", percent, TODAY - timedelta(days=250), percent=Decimal("50.00"), category=by_slug["home"],
            ends_at=TODAY - timedelta(days=200),
        ),
        row(
            "Centenary", percent, datetime(2099, 1, 1, tzinfo=TODAY.tzinfo), percent=Decimal("99.00"),
            category=by_slug["office"],
        ),
        row("Never agreed", percent, percent=Decimal("70.00"), category=by_slug["kitchen"], is_active=False),
    ]  # fmt: skip
    for number, promotion in enumerate(rows, 1):
        promotion.pk = number
    return rows


def promoted(sizes: Sizes, rows: Sequence[Promotion], products: Sequence[Product]) -> list[models.Model]:
    """The link rows of the promotions that name their products."""
    draw = chance(sizes, "promotions")
    through = Promotion.products.through
    links: list[models.Model] = []
    for promotion in rows:
        if promotion.category_id is not None:
            continue
        for product in draw.sample(products, min(len(products), max(1, len(products) // 50))):
            links.append(through(pk=len(links) + 1, promotion_id=promotion.pk, product_id=product.pk))
    return links


def carts(sizes: Sizes, people: Sequence[Customer], products: Sequence[Product]) -> tuple[list[Cart], list[Item]]:
    """One customer in eight left something; some of it can no longer be bought."""
    draw = chance(sizes, "carts")
    rows: list[Cart] = []
    items: list[Item] = []
    for customer in people:
        if draw.random() > 0.125:
            continue
        cart = Cart(pk=len(rows) + 1, customer=customer, updated_at=between(draw, TODAY - timedelta(days=60), TODAY))
        rows.append(cart)
        for product in draw.sample(products, min(draw.randrange(1, 6), len(products))):
            items.append(Item(pk=len(items) + 1, cart=cart, product=product, quantity=draw.choice((1, 1, 1, 2, 3, 5))))
    return rows, items
