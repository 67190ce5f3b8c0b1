"""Domain values as rows of the tables, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from extracted.catalog.domain import (
    Availability,
    Category,
    CategoryPath,
    Lifecycle,
    Listing,
    Money,
    Product,
    Rating,
    Review,
    Shelf,
)

__all__ = [
    "category_record",
    "from_microseconds",
    "listing_of",
    "microseconds",
    "product_record",
    "review_of",
    "review_record",
]

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    return (moment - _START) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    return _START + timedelta(microseconds=count)


def category_record(category: Category) -> dict[str, Any]:
    return {
        "id": category.id,
        "name": category.name,
        "slug": category.slug,
        "parent_id": category.parent_id,
    }


def product_record(product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "sku": product.sku,
        "slug": product.slug,
        "name": product.name,
        "description": product.description,
        "category_id": product.category_id,
        "price": product.price.minor,
        "sale_price": product.sale_price.minor if product.sale_price is not None else None,
        "currency": product.price.currency,
        "tax_rate": product.tax_rate,
        "availability": product.availability.value,
        "lifecycle": product.lifecycle.value,
        # Pairs and not an object: the order of the names is part of the public answer.
        "attributes": [list(pair) for pair in product.attributes],
        "weight": product.weight,
        "image": product.image,
        "stars": product.rating.stars,
        "reviews": product.rating.reviews,
        "rank": product.rating.rank,
        "created_at": microseconds(product.created_at),
        "updated_at": microseconds(product.updated_at),
    }


def review_record(review: Review) -> dict[str, Any]:
    return {
        "id": review.id,
        "product_id": review.product_id,
        "author": review.author,
        "stars": review.stars,
        "title": review.title,
        "body": review.body,
        "approved": review.approved,
        "written_at": microseconds(review.written_at),
    }


def listing_of(row: Row[Any]) -> Listing:
    """From a row with the product's columns, and its category's labelled shelf_*."""
    price = Money(row.price, row.currency)
    product = Product(
        id=row.id,
        sku=row.sku,
        slug=row.slug,
        name=row.name,
        description=row.description,
        category_id=row.category_id,
        price=price,
        sale_price=Money(row.sale_price, row.currency) if row.sale_price is not None else None,
        tax_rate=row.tax_rate,
        availability=Availability(row.availability),
        lifecycle=Lifecycle(row.lifecycle),
        attributes=tuple((key, value) for key, value in row.attributes),
        weight=row.weight,
        image=row.image,
        rating=Rating(row.stars, row.reviews),
        created_at=from_microseconds(row.created_at),
        updated_at=from_microseconds(row.updated_at),
    )
    shelf = Shelf(row.category_id, row.shelf_name, row.shelf_slug, CategoryPath(row.shelf_path), row.shelf_parent_id)
    return Listing(product, shelf)


def review_of(row: Row[Any]) -> Review:
    return Review(
        id=row.id,
        product_id=row.product_id,
        author=row.author,
        stars=row.stars,
        title=row.title,
        body=row.body,
        approved=row.approved,
        written_at=from_microseconds(row.written_at),
    )
