"""What a list of products shows: sorted, searched, cut into pages."""

from __future__ import annotations

from typing import TypeVar

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db import models
from django.db.models import F, FloatField, Q, QuerySet
from django.db.models.functions import Cast, Coalesce, NullIf
from django.http import Http404
from django.utils.translation import gettext

from monolith.catalog.models import Product

__all__ = ["PAGE_SIZE", "REVIEWS_A_PAGE", "beside", "matching", "page_of", "sorted_by"]

M = TypeVar("M", bound=models.Model)

PAGE_SIZE = 24
REVIEWS_A_PAGE = 10
_BESIDE = 4

_gross = Coalesce(F("sale_price"), F("price")) * (100 + F("tax_rate"))
# NULLIF, as PostgreSQL takes a division by zero for an error.
_rating = Cast("rating_sum", FloatField()) / NullIf(F("review_count"), 0)
_ORDERS = {
    "newest": [F("created_at").desc()],
    "name": [F("name").asc()],
    "price": [_gross.asc()],
    "-price": [_gross.desc()],
    "rating": [_rating.desc(nulls_last=True), F("review_count").desc()],
}


def sorted_by(products: QuerySet[Product], sort: str) -> QuerySet[Product]:
    """``sort`` is one of newest, name, price, -price, rating; anything else is the newest first."""
    return products.order_by(*_ORDERS.get(sort, _ORDERS["newest"]), "id")


def matching(products: QuerySet[Product], text: str) -> QuerySet[Product]:
    """Those in which every word of ``text`` occurs, in name, SKU or description."""
    for word in text.split():
        products = products.filter(Q(name__icontains=word) | Q(sku__icontains=word) | Q(description__icontains=word))
    return products


def beside(product: Product) -> QuerySet[Product]:
    """A few others of its category, drawn anew each time."""
    others = Product.objects.visible().filter(category_id=product.category_id).exclude(pk=product.pk)
    return others.order_by("?")[:_BESIDE]


def page_of(rows: QuerySet[M], number: str, size: int) -> Page[M]:
    """The page of that number. Raises Http404 when there is none."""
    try:
        return Paginator(rows, size).page(number or 1)
    except (EmptyPage, PageNotAnInteger) as error:
        raise Http404(gettext("There is no such page.")) from error
