from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from extracted.catalog.domain import Availability, Lifecycle, Listing, Money, Rating, Review, Shelf

__all__ = [
    "AmountShape",
    "CategoriesShape",
    "CategoryShape",
    "ErrorShape",
    "ProblemShape",
    "ProductShape",
    "ProductsShape",
    "RatingShape",
    "ReviewShape",
    "ReviewsShape",
]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AmountShape(_Shape):
    """An amount before tax."""

    minor: int = Field(description="In hundredths of the currency.", examples=[8990])
    currency: str = Field(description="ISO 4217.", examples=["EUR"])

    @classmethod
    def of(cls, money: Money) -> Self:
        return cls(minor=money.minor, currency=money.currency)


class RatingShape(_Shape):
    """What customers think: the mean is null without a review."""

    mean: str | None = Field(description="1 to 5, two decimals.", examples=["4.37"])
    reviews: int

    @classmethod
    def of(cls, rating: Rating) -> Self:
        return cls(mean=rating.plain(), reviews=rating.reviews)


class ProductShape(_Shape):
    """A product, in whichever stage of its life."""

    id: int
    sku: str
    slug: str
    name: str
    description: str
    category_path: str = Field(examples=["kitchen/knives"])
    price: AmountShape
    sale_price: AmountShape | None = Field(description="The price of today where it differs from the list price.")
    tax_rate_bp: int = Field(description="Basis points: 1900 is 19 %.", examples=[1900])
    availability: Availability
    status: Lifecycle
    attributes: dict[str, str]
    weight_grams: int | None
    image: str | None = Field(description="A path below the shop's media address.")
    rating: RatingShape
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, listing: Listing) -> Self:
        product = listing.product
        return cls(
            id=product.id,
            sku=product.sku,
            slug=product.slug,
            name=product.name,
            description=product.description,
            category_path=listing.shelf.path.text,
            price=AmountShape.of(product.price),
            sale_price=AmountShape.of(product.sale_price) if product.sale_price is not None else None,
            tax_rate_bp=product.tax_rate,
            availability=product.availability,
            status=product.lifecycle,
            attributes=dict(product.attributes),
            weight_grams=product.weight,
            image=product.image,
            rating=RatingShape.of(product.rating),
            created_at=product.created_at,
            updated_at=product.updated_at,
        )


class ProductsShape(_Shape):
    """Products by id. `next` leads to those that follow; null where none do."""

    products: list[ProductShape]
    next: str | None


class CategoryShape(_Shape):
    """A category. `products` counts the products on sale directly in it."""

    id: int
    name: str
    path: str = Field(examples=["kitchen/knives"])
    products: int

    @classmethod
    def of(cls, shelf: Shelf) -> Self:
        return cls(id=shelf.id, name=shelf.name, path=shelf.path.text, products=shelf.products)


class CategoriesShape(_Shape):
    """All categories, by path."""

    categories: list[CategoryShape]


class ReviewShape(_Shape):
    """An approved review."""

    id: int
    author: str
    stars: int = Field(ge=1, le=5)
    title: str
    body: str
    written_at: datetime

    @classmethod
    def of(cls, review: Review) -> Self:
        return cls(
            id=review.id,
            author=review.author,
            stars=review.stars,
            title=review.title,
            body=review.body,
            written_at=review.written_at,
        )


class ReviewsShape(_Shape):
    """Approved reviews, newest first. `total` counts all of the product's."""

    reviews: list[ReviewShape]
    total: int


class ErrorShape(_Shape):
    """What went wrong, where, and what to do."""

    code: str
    message: str
    where: str | None = None
    remedy: str | None = None


class ProblemShape(_Shape):
    error: ErrorShape
