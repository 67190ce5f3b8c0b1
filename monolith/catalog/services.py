"""The catalogue's verbs: for its own pages and API, and for the named tangles that write to it from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db import IntegrityError, transaction

from monolith.catalog import changes
from monolith.catalog.categories import CategoryTree
from monolith.catalog.models import Product, Review
from monolith.errors import ShopError

__all__ = [
    "AlreadyReviewed",
    "ProductUnavailable",
    "approve_reviews",
    "list_prices",
    "set_availability",
    "set_sale_prices",
    "stock_changed",
    "submit_review",
]


class ProductUnavailable(ShopError):
    """Nothing of that id is for sale."""

    code = "product_unavailable"


class AlreadyReviewed(ShopError):
    """The author has reviewed this product before."""

    code = "already_reviewed"


def submit_review(
    product_id: int, *, author_id: int, author_name: str, stars: int, title: str = "", body: str = ""
) -> Review:
    """A review that waits for approval. Raises ProductUnavailable and AlreadyReviewed."""
    if not Product.objects.published().filter(pk=product_id).exists():
        raise ProductUnavailable(f"Product {product_id} is not published.")
    try:
        with transaction.atomic():
            return Review.objects.create(
                product_id=product_id,
                author_id=author_id,
                author_name=author_name,
                stars=stars,
                title=title,
                body=body,
            )
    except IntegrityError as error:
        if Review.objects.filter(product_id=product_id, author_id=author_id).exists():
            raise AlreadyReviewed(f"Product {product_id} has a review by this author already.") from error
        raise


def approve_reviews(review_ids: Iterable[int]) -> int:
    """Shows these reviews and counts their stars; returns how many were waiting."""
    return Review.objects.filter(pk__in=list(review_ids), is_approved=False).update(is_approved=True)


def set_availability(words: Mapping[int, str]) -> int:
    """The inventory's word on products, by id (a named tangle); returns for how many it was news."""
    news = 0
    for word in Product.Availability.values:
        for part in changes.chunks(sorted(pk for pk, given in words.items() if given == word)):
            news += Product.objects.filter(pk__in=part).exclude(availability=word).update(availability=word)
    return news


def stock_changed(product_ids: Iterable[int]) -> None:
    """Logs that the stock on hand of these products is another; the feed's product entries carry it."""
    changes.record("product", product_ids)


def list_prices(*, category_id: int | None = None, product_ids: Iterable[int] = ()) -> dict[int, Decimal]:
    """The list prices of the visible products in a category (with all below it) and of those named, by id."""
    wanted = Product.objects.none()
    if category_id is not None:
        wanted = Product.objects.visible().filter(category_id__in=CategoryTree.load().with_descendants(category_id))
    prices = dict(wanted.values_list("pk", "price"))
    prices.update(Product.objects.visible().filter(pk__in=list(product_ids)).values_list("pk", "price"))
    return prices


def set_sale_prices(prices: Mapping[int, Decimal]) -> int:
    """Makes these the only sale prices there are (a named tangle); returns how many products changed."""
    with transaction.atomic():
        current = dict(Product.objects.filter(sale_price__isnull=False).values_list("pk", "sale_price"))
        changed = 0
        for part in changes.chunks(sorted(current.keys() - prices.keys())):
            changed += Product.objects.filter(pk__in=part).update(sale_price=None)
        news = sorted(pk for pk, price in prices.items() if current.get(pk) != price)
        for part in changes.chunks(news):
            rows = [Product(pk=pk, sale_price=prices[pk]) for pk in part]
            changed += Product.objects.bulk_update(rows, ["sale_price"])
    return changed
