"""The domain in the shapes of the monolith's public contract, key order included: clients compare bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from extracted.catalog.domain import Lifecycle, Listing, Product, Review, Shelf

__all__ = ["Links", "category_entry", "product_detail", "product_item", "review_entry"]


class Links(Protocol):
    """Where things are, as absolute addresses for one request."""

    def product_page(self, product: Product) -> str: ...

    def reviews(self, product: Product) -> str: ...

    def image(self, path: str) -> str: ...


def product_item(listing: Listing, links: Links) -> dict[str, Any]:
    """A product as an entry of the list."""
    product, shelf = listing.product, listing.shelf
    return {
        "id": product.id,
        "sku": product.sku,
        "slug": product.slug,
        "name": product.name,
        "url": links.product_page(product),
        "category": {"id": shelf.id, "slug": shelf.slug, "name": shelf.name, "path": shelf.path.text},
        "price": product.price.plain(),
        "currency": product.price.currency,
        "tax_rate": f"{product.tax_rate // 100}.{product.tax_rate % 100:02d}",
        "price_with_tax": product.price_with_tax.plain(),
        "sale_price": product.sale_price.plain() if product.sale_price is not None else None,
        "availability": product.availability.value,
        "rating": product.rating.plain(),
        "review_count": product.rating.reviews,
        "image": links.image(product.image) if product.image is not None else None,
        "created_at": _moment(product.created_at),
    }


def product_detail(listing: Listing, links: Links) -> dict[str, Any]:
    """A product on its own."""
    product = listing.product
    return product_item(listing, links) | {
        "description": product.description,
        "attributes": dict(product.attributes),
        "weight_grams": product.weight,
        "discontinued": product.lifecycle is Lifecycle.DISCONTINUED,
        "updated_at": _moment(product.updated_at),
        "reviews_url": links.reviews(product),
    }


def category_entry(shelf: Shelf) -> dict[str, Any]:
    return {
        "id": shelf.id,
        "slug": shelf.slug,
        "name": shelf.name,
        "path": shelf.path.text,
        "parent": shelf.parent_id,
        "product_count": shelf.products,
    }


def review_entry(review: Review) -> dict[str, Any]:
    return {
        "id": review.id,
        "author": review.author,
        "stars": review.stars,
        "title": review.title,
        "body": review.body,
        "created_at": _moment(review.written_at),
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
