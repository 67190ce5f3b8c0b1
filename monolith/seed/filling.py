"""Writing the seeded shop into the database, and emptying a shop. Touches every context's tables: a named tangle."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, models, transaction

from monolith.accounts.models import Address, Customer
from monolith.cart.models import Cart, Item, Promotion
from monolith.cart.promotions import apply_promotions, offers_for
from monolith.catalog import changes
from monolith.catalog.models import CatalogChange, Category, Product, Review
from monolith.errors import ShopError
from monolith.inventory.models import Reservation, Stock
from monolith.inventory.services import availability_of
from monolith.orders.models import Order, OrderEvent, OrderLine
from monolith.payments.models import Payment, Refund, WebhookEvent
from monolith.seed import catalogue, desk, people, pictures
from monolith.seed.sales import sales
from monolith.seed.sizes import TODAY, Sizes

__all__ = ["ShopNotEmpty", "empty", "fill"]

_BATCH = 500
_REFUSED_OVER = (Product, Category, Customer, Order, Promotion)
_LABELS = ("accounts", "catalog", "inventory", "cart", "checkout", "orders", "payments", "notifications")
# Django's own tables that name customers: a session left over would sign somebody in as whoever gets the id next.
_ABOUT_CUSTOMERS = ("admin", "authtoken", "sessions")

Say = Callable[[str], None]


class ShopNotEmpty(ShopError):
    """There are rows already; ``found`` counts them by name."""

    code = "shop_not_empty"

    def __init__(self, found: dict[str, int]) -> None:
        self.found = found
        named = ", ".join(f"{number} {name}" for name, number in found.items())
        super().__init__(f"The shop is not empty ({named}). Seed another database, or empty this one with --fresh.")


def fill(sizes: Sizes, say: Say) -> None:
    """Writes the whole shop in one transaction; ``say`` hears of each step. Raises ShopNotEmpty.

    On an empty database the same sizes give the same rows, byte for byte: ids, moments and the change log included
    (PostgreSQL's transaction ids aside). The pictures go to the media storage before that.
    """
    found = {str(m._meta.verbose_name_plural): m._default_manager.count() for m in _REFUSED_OVER}
    if any(found.values()):
        raise ShopNotEmpty({name: number for name, number in found.items() if number})
    say(f"{pictures.store()} pictures")
    with transaction.atomic():
        _fill(sizes, say)


def _fill(sizes: Sizes, say: Say) -> None:
    shelves = catalogue.categories()
    goods = catalogue.products(sizes, shelves)
    sellable = desk.sellable_units(sizes, goods)
    for product in goods:
        product.availability = availability_of(sellable[product.pk])
    customers = people.customers(sizes)
    books = people.addresses(sizes, customers)
    seen = [product for product in goods if product.is_published]
    shown = [product for product in seen if not product.is_discontinued]
    opinions = catalogue.reviews(sizes, seen, customers)

    _write(Customer, [people.admin(), *customers] if settings.DEBUG else customers, say)
    _write(Address, books, say)
    _write(Category, shelves.rows, say)
    with desk.own_timestamps(Product, "updated_at"):
        _write(Product, goods, say)
    _write(Review, opinions, say)

    offered = desk.promotions(shelves.rows)
    _write(Promotion, offered, say)
    _write(Promotion.products.through, desk.promoted(sizes, offered, shown), say)
    say(f"{apply_promotions(TODAY)} sale prices")
    sale_prices = dict(Product.objects.exclude(sale_price=None).values_list("pk", "sale_price"))
    for product in goods:
        product.sale_price = sale_prices.get(product.pk)

    sold = sales(sizes, customers, books, shown, offers_for([product.pk for product in shown], TODAY))
    _write(Stock, desk.stocks(sellable, sold.reserved), say)
    with desk.own_timestamps(Order, "updated_at"):
        _write(Order, sold.orders, say)
    _write(OrderLine, sold.lines, say)
    _write(OrderEvent, sold.events, say)
    _write(Payment, sold.payments, say)
    _write(Refund, sold.refunds, say)
    _write(WebhookEvent, sold.webhooks, say)
    _write(Reservation, sold.reservations, say)

    carts, items = desk.carts(sizes, customers, seen)
    with desk.own_timestamps(Cart, "updated_at"):
        _write(Cart, carts, say)
    _write(Item, items, say)
    # The log's own clock is the last thing that would differ between two seeds.
    CatalogChange.objects.update(at=TODAY)
    _set_sequences()


def _write(model: type[models.Model], rows: Sequence[models.Model], say: Say) -> None:
    model._default_manager.bulk_create(rows, batch_size=_BATCH)
    say(f"{len(rows)} {model._meta.verbose_name_plural}")


def _models(labels: Sequence[str]) -> list[type[models.Model]]:
    return [model for label in labels for model in apps.get_app_config(label).get_models(include_auto_created=True)]


def _set_sequences() -> None:
    """Rows came with their ids: what the database counts on its own goes on behind them."""
    statements = connection.ops.sequence_reset_sql(no_style(), _models(_LABELS))
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def empty() -> None:
    """Deletes all customers, goods and orders, in one transaction. Tombstones tell the followers of the catalogue."""
    with transaction.atomic():
        gone = {
            kind: list(model._default_manager.values_list("pk", flat=True))
            for kind, model in (("category", Category), ("product", Product), ("review", Review))
        }
        # Past Django's cascade, which would load, signal and log each row: all of them go, and keys are checked at the
        # end of the transaction.
        for model in _models((*_LABELS, *_ABOUT_CUSTOMERS)):
            if model is not CatalogChange:
                model._default_manager.all()._raw_delete(connection.alias)
        for kind, ids in gone.items():
            changes.record(kind, ids, op=changes.DELETE)
