"""The promotions in force: read for the cart, and written onto the products each night."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils import timezone

from monolith.cart.models import Promotion
from monolith.cart.pricing import NForM, percent_off
from monolith.catalog import services as catalog

__all__ = ["apply_promotions", "offers_for"]


def _running(kind: str, moment: datetime) -> QuerySet[Promotion]:
    return Promotion.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=moment), is_active=True, kind=kind).filter(
        starts_at__lte=moment
    )


def offers_for(product_ids: Iterable[int], now: datetime | None = None) -> dict[int, list[NForM]]:
    """The n-for-m promotions that name these products, by product id."""
    rows = (
        _running(Promotion.Kind.N_FOR_M, now or timezone.now())
        .filter(products__in=set(product_ids))
        .values_list("products", "name", "take", "pay")
    )
    offers: dict[int, list[NForM]] = defaultdict(list)
    for product_id, name, take, pay in rows:
        if take is not None and pay is not None:
            offers[product_id].append(NForM(name, take, pay))
    return dict(offers)


def apply_promotions(now: datetime | None = None) -> int:
    """Writes the sale prices of the percent promotions in force onto the products, and takes all others off.

    Of several promotions the lowest price counts. Returns how many products changed. It writes the catalogue's own
    columns, every night: a named tangle.
    """
    prices: dict[int, Decimal] = {}
    for promotion in _running(Promotion.Kind.PERCENT, now or timezone.now()).prefetch_related("products"):
        if promotion.percent is None:
            continue
        named = [product.pk for product in promotion.products.all()]
        for pk, price in catalog.list_prices(category_id=promotion.category_id, product_ids=named).items():
            reduced = percent_off(price, promotion.percent)
            if reduced < price:
                prices[pk] = min(reduced, prices.get(pk, reduced))
    return catalog.set_sale_prices(prices)
