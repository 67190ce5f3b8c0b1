"""What cart and checkout may know of the catalogue: the one interface by which they reach it.

Two sides answer it, the catalogue's own tables and the catalogue service; the seam ``cart.catalog-facts`` decides.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from monolith.catalog.models import Product
from strangler.django import current_subject, shadow_connections, toggles
from strangler.seam import Seam, log_result

__all__ = ["SEAM", "CatalogFacts", "OrmCatalogFacts", "ProductFacts", "catalog_facts", "catalog_seam"]

SEAM: Final = "cart.catalog-facts"


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

    def products(self, product_ids: Collection[int], /) -> dict[int, ProductFacts]:
        """By id; unknown ids are left out."""
        ...


class OrmCatalogFacts:
    """The catalogue's own tables."""

    def product(self, product_id: int, /) -> ProductFacts | None:
        return self.products([product_id]).get(product_id)

    def products(self, product_ids: Collection[int], /) -> dict[int, ProductFacts]:
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


def _service() -> CatalogFacts:
    # Whoever never leaves the stage `monolith` needs no HTTP client.
    from monolith.catalog.service_facts import ServiceCatalogFacts

    if not settings.CATALOG_SERVICE_URL:
        raise ImproperlyConfigured(f"The seam {SEAM} asks the catalogue service: set CATALOG_SERVICE_URL.")
    return ServiceCatalogFacts(settings.CATALOG_SERVICE_URL, settings.CATALOG_SERVICE_TIMEOUT)


@cache
def catalog_seam() -> Seam[CatalogFacts]:
    """The seam of this process: its counts say how the two sides agree."""
    return Seam[CatalogFacts](
        SEAM,
        old=OrmCatalogFacts(),
        new=_service,
        toggles=toggles(),
        subject=current_subject,
        around=shadow_connections,
        observer=log_result,
    )


@cache
def catalog_facts() -> CatalogFacts:
    """The facts in force: which side tells them is decided anew for each call."""
    return catalog_seam().facade()
