from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from extracted.catalog.domain.category import Shelf
from extracted.catalog.domain.money import Money
from extracted.catalog.errors import InvalidValue

__all__ = ["Availability", "Lifecycle", "Listing", "Product", "Rating"]


class Availability(StrEnum):
    """What a customer may expect. How many units there are is the business of the inventory, not of this service."""

    IN_STOCK = "in_stock"
    LOW = "low"
    OUT_OF_STOCK = "out_of_stock"


class Lifecycle(StrEnum):
    """on_sale: listed and shown. discontinued: shown to whoever has the address. unpublished: not shown at all."""

    ON_SALE = "on_sale"
    DISCONTINUED = "discontinued"
    UNPUBLISHED = "unpublished"


@dataclass(frozen=True, slots=True)
class Rating:
    """What customers think: the sum of their stars and the number of their approved reviews."""

    stars: int = 0
    reviews: int = 0

    def __post_init__(self) -> None:
        if self.stars < 0 or self.reviews < 0:
            raise InvalidValue(f"{self.stars} stars from {self.reviews} reviews; both count from 0.")

    @property
    def rank(self) -> float:
        """What to sort by: the exact mean; 0.0 without a review."""
        return self.stars / self.reviews if self.reviews else 0.0

    def plain(self) -> str | None:
        """The mean with two places, rounded half up: "4.37"; None without a review."""
        if not self.reviews:
            return None
        hundredths = (200 * self.stars + self.reviews) // (2 * self.reviews)
        return f"{hundredths // 100}.{hundredths % 100:02d}"


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the catalogue.

    `tax_rate` is in basis points (19 % = 1900), `weight` in grams, `image` a path below the media address.
    `attributes` are sorted by name. Both times are in UTC.
    """

    id: int
    sku: str
    slug: str
    name: str
    description: str
    category_id: int
    price: Money
    sale_price: Money | None
    tax_rate: int
    availability: Availability
    lifecycle: Lifecycle
    attributes: tuple[tuple[str, str], ...]
    weight: int | None
    image: str | None
    rating: Rating
    created_at: datetime
    updated_at: datetime

    @property
    def price_to_pay(self) -> Money:
        """The price of today, before tax."""
        return self.price if self.sale_price is None else self.sale_price

    @property
    def price_with_tax(self) -> Money:
        return self.price_to_pay.with_tax(self.tax_rate)


@dataclass(frozen=True, slots=True)
class Listing:
    """A product and the shelf it stands on: what a customer can be shown."""

    product: Product
    shelf: Shelf
