"""Which products the list shows, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any, Final

from django.db.models import F, FloatField, Q, QuerySet
from django.db.models.functions import Cast, Coalesce, NullIf
from django.http import HttpRequest
from django_filters import rest_framework as filters
from rest_framework.views import APIView

from monolith.catalog.categories import CategoryTree
from monolith.catalog.models import Category, Product

__all__ = ["ProductFilter", "ProductFilterBackend", "ProductOrdering"]

_HIGHEST_PRICE: Final = Decimal("99999999.99")
_EXACT: Final = Context(prec=100)


class ProductOrdering(filters.OrderingFilter):
    """By one key or several, separated by commas. Equal ones come by id.

    ``rating`` is the exact mean of the stars; a product without a review counts as 0.
    """

    keys: Final[dict[str, F | Coalesce]] = {
        "name": F("name"),
        "price": F("price"),
        "created_at": F("created_at"),
        "rating": Coalesce(Cast("rating_sum", FloatField()) / NullIf("review_count", 0), 0.0),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(fields=[(key, key) for key in self.keys], **kwargs)

    def filter(self, qs: QuerySet[Product], value: Sequence[str] | None) -> QuerySet[Product]:
        columns = []
        for name in filter(None, value or ()):
            key = self.keys[name.removeprefix("-")]
            columns.append(key.desc() if name.startswith("-") else key.asc())
        return qs.order_by(*columns, "id")


class ProductFilter(filters.FilterSet):
    """The list's parameters. Whoever sends a wrong one is told all that are wrong (400)."""

    category = filters.ModelChoiceFilter(
        queryset=Category.objects.all(),
        to_field_name="slug",
        method="in_category",
        help_text="The slug of a category; those below it are included.",
    )
    search = filters.CharFilter(
        method="matching", help_text="Words that all occur in name, SKU or description, in any case."
    )
    min_price = filters.NumberFilter(method="from_price", help_text="The lowest list price.")
    max_price = filters.NumberFilter(method="to_price", help_text="The highest list price.")
    in_stock = filters.BooleanFilter(
        method="by_stock", help_text="true for what can be had, false for what is sold out."
    )
    ordering = ProductOrdering(help_text="What to sort by; equal ones come by id.")

    class Meta:
        model = Product
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, tree: CategoryTree | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tree = tree

    def in_category(self, queryset: QuerySet[Product], name: str, value: Category) -> QuerySet[Product]:
        tree = self._tree or CategoryTree.load()
        return queryset.filter(category_id__in=tree.with_descendants(value.pk))

    def matching(self, queryset: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        for word in value.split():
            queryset = queryset.filter(
                Q(name__icontains=word) | Q(sku__icontains=word) | Q(description__icontains=word)
            )
        return queryset

    def from_price(self, queryset: QuerySet[Product], name: str, value: Decimal) -> QuerySet[Product]:
        bound = _in_cents(value, ROUND_CEILING)
        return queryset.none() if bound > _HIGHEST_PRICE else queryset.filter(price__gte=bound)

    def to_price(self, queryset: QuerySet[Product], name: str, value: Decimal) -> QuerySet[Product]:
        return queryset.filter(price__lte=min(_in_cents(value, ROUND_FLOOR), _HIGHEST_PRICE))

    def by_stock(self, queryset: QuerySet[Product], name: str, value: bool) -> QuerySet[Product]:
        sold_out = Q(availability=Product.Availability.OUT_OF_STOCK)
        return queryset.filter(~sold_out if value else sold_out)


def _in_cents(bound: Decimal, rounding: str) -> Decimal:
    """The bound in whole cents that the same prices meet; no further below zero than a price column goes."""
    if bound < -_HIGHEST_PRICE:
        return -_HIGHEST_PRICE
    return bound.quantize(Decimal("0.01"), rounding, _EXACT)


class ProductFilterBackend(filters.DjangoFilterBackend):
    """Gives the filter the tree that the view has read anyway."""

    def get_filterset_kwargs(self, request: HttpRequest, queryset: QuerySet[Any], view: APIView) -> dict[str, Any]:
        tree: CategoryTree | None = getattr(view, "tree", None)
        return {**super().get_filterset_kwargs(request, queryset, view), "tree": tree}
