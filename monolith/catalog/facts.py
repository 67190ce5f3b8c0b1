"""What cart and checkout may know of the catalogue: the one interface by which they reach it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from monolith.catalog.models import Product

__all__ = ["CatalogFacts", "OrmCatalogFacts", "ProductFacts", "catalog_facts"]


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """One product. Prices are net, ``tax_rate`` in percent, ``availability`` one of in_stock, low, out_of_stock.

    ``sellable``: published and not discontinued. Whether a unit can be had is the inventory's to say.
    """

    id: int
    sku: str
    name: str
    price: Decimal
    sale_price: Decimal | None
    currency: str
    tax_rate: Decimal
    availability: str
    sellable: bool

    @property
    def current_price(self) -> Decimal:
        """The net price asked today."""
        return self.price if self.sale_price is None else self.sale_price


class CatalogFacts(Protocol):
    def product(self, product_id: int, /) -> ProductFacts | None:
        """None for an id that the catalogue does not know."""
        ...

    def products(self, product_ids: Iterable[int], /) -> dict[int, ProductFacts]:
        """By id; unknown ids are left out."""
        ...


class OrmCatalogFacts:
    """The catalogue's own tables."""

    def product(self, product_id: int, /) -> ProductFacts | None:
        return self.products([product_id]).get(product_id)

    def products(self, product_ids: Iterable[int], /) -> dict[int, ProductFacts]:
        found = Product.objects.filter(pk__in=set(product_ids)).defer("description", "attributes")
        return {product.pk: _facts(product) for product in found}


def _facts(product: Product) -> ProductFacts:
    return ProductFacts(
        id=product.pk,
        sku=product.sku,
        name=product.name,
        price=product.price,
        sale_price=product.sale_price,
        currency=product.currency,
        tax_rate=product.tax_rate,
        availability=product.availability,
        sellable=product.is_published and not product.is_discontinued,
    )


_orm = OrmCatalogFacts()


def catalog_facts() -> CatalogFacts:
    """The facts in force."""
    return _orm
