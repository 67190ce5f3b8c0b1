from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from extracted.catalog.domain.category import CategoryPath

__all__ = ["Criteria", "Order", "SortBy"]


class SortBy(StrEnum):
    NAME = "name"
    PRICE = "price"
    CREATED = "created_at"
    RATING = "rating"


@dataclass(frozen=True, slots=True)
class Order:
    """One key to sort by. Equal ones are always sorted by id, ascending."""

    by: SortBy
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which of the products on sale are asked for; all conditions must hold.

    `below` is a category with all below it. Each of `terms` must occur in name, sku or description, in any case.
    `min_price` and `max_price` bound the list price, in hundredths. `in_stock` False asks for what is sold out.
    """

    below: CategoryPath | None = None
    terms: tuple[str, ...] = ()
    min_price: int | None = None
    max_price: int | None = None
    in_stock: bool | None = None
