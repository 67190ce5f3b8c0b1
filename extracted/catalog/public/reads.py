"""The four reads, each a function of one view of the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from extracted.catalog.domain import Lifecycle, Listing
from extracted.catalog.public.asked import Asked
from extracted.catalog.public.links import RequestLinks
from extracted.catalog.public.paging import Page
from extracted.catalog.public.parameters import ProductsAsked
from extracted.catalog.public.refusal import refusal
from extracted.catalog.store import Reading
from extracted.catalog.translate import category_entry, product_detail, product_item, review_entry

__all__ = ["Question", "Read", "categories", "product", "products", "reviews"]


@dataclass(frozen=True, slots=True)
class Question:
    """One request for one of the reads; `id` is the product's, 0 where the path has none."""

    asked: Asked
    id: int
    media_url: str

    @property
    def links(self) -> RequestLinks:
        return RequestLinks(self.asked, self.media_url)


Read = Callable[[Reading, Question], Any]
"""Gives the data of the answer; raises Refusal."""


def products(reading: Reading, question: Question) -> dict[str, Any]:
    wanted = ProductsAsked(question.asked, reading.shelf)
    page = Page.of(question.asked, reading.count(wanted.criteria))
    listings = reading.listings(wanted.criteria, wanted.order, page.offset, page.size)
    links = question.links
    return page.body([product_item(listing, links) for listing in listings])


def product(reading: Reading, question: Question) -> dict[str, Any]:
    return product_detail(_shown(reading, question), question.links)


def categories(reading: Reading, question: Question) -> list[dict[str, Any]]:
    return [category_entry(shelf) for shelf in reading.shelves()]


def reviews(reading: Reading, question: Question) -> dict[str, Any]:
    product_id = _shown(reading, question).product.id
    page = Page.of(question.asked, reading.count_reviews(product_id))
    return page.body([review_entry(review) for review in reading.reviews(product_id, page.offset, page.size)])


def _shown(reading: Reading, question: Question) -> Listing:
    found = reading.listing(question.id)
    if found is None or found.product.lifecycle is Lifecycle.UNPUBLISHED:
        raise refusal(404, "no_product", question.asked.language)
    return found
