"""The monolith's rows, as its changes feed sends them, in the words of the domain."""

from __future__ import annotations

from extracted.catalog.domain import Availability, Category, Lifecycle, Product, Rating, Review
from extracted.catalog.translate.row import Row

__all__ = ["DROPPED", "category", "product", "review"]

DROPPED = {
    "category": {
        "sort_order": "the order of the shop's menus, which its own pages draw",
    },
    "product": {
        "stock_on_hand": "units are the inventory's; a customer is told the availability",
        "is_discontinued": "of an unpublished product: nobody is shown it in either case",
    },
    "review": {},
}
"""The fields which this service leaves out on purpose, by kind, and why."""


def category(data: object) -> Category:
    """Raises TranslationError."""
    row = Row(data)
    return Category(
        id=row.id("id"),
        name=row.text("name", empty=False),
        slug=row.slug("slug"),
        parent_id=row.optional_id("parent_id"),
    )


def product(data: object) -> Product:
    """Raises TranslationError."""
    row = Row(data)
    currency = row.currency("currency")
    return Product(
        id=row.id("id"),
        sku=row.text("sku", empty=False),
        slug=row.slug("slug"),
        name=row.text("name", empty=False),
        description=row.text("description"),
        category_id=row.id("category_id"),
        price=row.money("price", currency),
        sale_price=row.optional_money("sale_price", currency),
        tax_rate=row.basis_points("tax_rate"),
        availability=row.choice("availability", Availability),
        lifecycle=_lifecycle(published=row.flag("is_published"), discontinued=row.flag("is_discontinued")),
        attributes=row.texts("attributes"),
        weight=row.optional_count("weight_grams"),
        image=row.optional_text("image"),
        rating=Rating(stars=row.count("rating_sum"), reviews=row.count("review_count")),
        created_at=row.moment("created_at"),
        updated_at=row.moment("updated_at"),
    )


def review(data: object) -> Review:
    """Raises TranslationError."""
    row = Row(data)
    return Review(
        id=row.id("id"),
        product_id=row.id("product_id"),
        author=row.text("author_name"),
        stars=row.stars("stars"),
        title=row.text("title"),
        body=row.text("body"),
        approved=row.flag("is_approved"),
        written_at=row.moment("created_at"),
    )


def _lifecycle(*, published: bool, discontinued: bool) -> Lifecycle:
    if not published:
        return Lifecycle.UNPUBLISHED
    return Lifecycle.DISCONTINUED if discontinued else Lifecycle.ON_SALE
