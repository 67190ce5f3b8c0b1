from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from extracted.catalog.domain import (
    Availability,
    Category,
    CategoryPath,
    Criteria,
    Lifecycle,
    Listing,
    Order,
    Product,
    Review,
    Shelf,
    SortBy,
    place,
)
from extracted.catalog.errors import PositionMoved, StoreGone
from extracted.catalog.store.port import Position, Reading, Rejection, Tally, Writing

__all__ = ["MemoryStore"]


@dataclass
class _Contents:
    categories: dict[int, tuple[Category, int]] = field(default_factory=dict)
    products: dict[int, tuple[Product, int]] = field(default_factory=dict)
    reviews: dict[int, tuple[Review, int]] = field(default_factory=dict)
    paths: dict[int, CategoryPath | None] = field(default_factory=dict)
    rejected: dict[tuple[str, int], tuple[Rejection, int]] = field(default_factory=dict)
    position: Position = field(default_factory=Position)

    def copy(self) -> _Contents:
        return _Contents(
            dict(self.categories),
            dict(self.products),
            dict(self.reviews),
            dict(self.paths),
            dict(self.rejected),
            self.position,
        )

    def of(self, kind: str) -> dict[int, Any]:
        held: dict[str, dict[int, Any]] = {
            "category": self.categories,
            "product": self.products,
            "review": self.reviews,
        }
        return held.get(kind, {})


class MemoryStore:
    """A fake for tests: the whole store in dictionaries, sorted and searched as SQLite does it.

    With `gone` set it behaves like a database that does not answer.
    """

    def __init__(self) -> None:
        self._contents = _Contents()
        self._lock = threading.Lock()
        self.gone = False

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        self._answer()
        yield MemoryReading(self._contents)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        self._answer()
        with self._lock:
            draft = MemoryWriting(self._contents.copy())
            yield draft
            self._contents = draft.contents

    def close(self) -> None:
        self._contents = _Contents()

    def _answer(self) -> None:
        if self.gone:
            raise StoreGone("The catalogue's database does not answer: it was taken away. Give it back.")


class MemoryReading:
    def __init__(self, contents: _Contents) -> None:
        self.contents = contents

    def shelf(self, slug: str) -> Shelf | None:
        return next((replace(shelf, products=0) for shelf in self.shelves() if shelf.slug == slug), None)

    def shelves(self) -> list[Shelf]:
        on_sale = [product.category_id for product, _ in self.contents.products.values() if _on_sale(product)]
        shelves = [
            Shelf(category.id, category.name, category.slug, path, category.parent_id, on_sale.count(category.id))
            for category, _ in self.contents.categories.values()
            if (path := self.contents.paths.get(category.id)) is not None
        ]
        return sorted(shelves, key=lambda shelf: (shelf.path, shelf.id))

    def count(self, criteria: Criteria) -> int:
        return sum(1 for listing in self._all() if _meets(listing, criteria))

    def listings(self, criteria: Criteria, order: Sequence[Order], offset: int, limit: int) -> list[Listing]:
        found = [listing for listing in self._all() if _meets(listing, criteria)]
        for key in reversed(order):
            found.sort(key=_SORT_KEYS[key.by], reverse=key.descending)
        return found[offset : offset + limit]

    def listing(self, product_id: int) -> Listing | None:
        return next((listing for listing in self._all() if listing.product.id == product_id), None)

    def listings_of(self, product_ids: Iterable[int]) -> list[Listing]:
        wanted = set(product_ids)
        return [listing for listing in self._all() if listing.product.id in wanted]

    def listings_after(self, product_id: int, limit: int) -> list[Listing]:
        return [listing for listing in self._all() if listing.product.id > product_id][:limit]

    def count_reviews(self, product_id: int) -> int:
        return len(self._reviews(product_id))

    def reviews(self, product_id: int, offset: int, limit: int) -> list[Review]:
        newest_first = sorted(
            self._reviews(product_id), key=lambda review: (review.written_at, review.id), reverse=True
        )
        return newest_first[offset : offset + limit]

    def position(self) -> Position:
        return self.contents.position

    def rejections(self, limit: int) -> list[Rejection]:
        rejections = sorted((r for r, _ in self.contents.rejected.values()), key=lambda r: (r.kind, r.id))
        return sorted(rejections, key=lambda r: r.at, reverse=True)[:limit]

    def tally(self) -> Tally:
        contents = self.contents
        waiting = sum(1 for product, _ in contents.products.values() if not contents.paths.get(product.category_id))
        return Tally(
            categories=len(contents.categories),
            products=len(contents.products),
            reviews=len(contents.reviews),
            waiting=waiting,
            unplaced=sum(1 for id_ in contents.categories if contents.paths.get(id_) is None),
            rejected=len(contents.rejected),
        )

    def _all(self) -> list[Listing]:
        shelves = {shelf.id: replace(shelf, products=0) for shelf in self.shelves()}
        return [
            Listing(product, shelves[product.category_id])
            for _, (product, _) in sorted(self.contents.products.items())
            if product.category_id in shelves
        ]

    def _reviews(self, product_id: int) -> list[Review]:
        return [r for r, _ in self.contents.reviews.values() if r.product_id == product_id and r.approved]


class MemoryWriting(MemoryReading):
    def put(self, things: Iterable[Category | Product | Review], run: int) -> None:
        for thing in things:
            kind = type(thing).__name__.lower()
            self.contents.of(kind)[thing.id] = (thing, run)
            self.contents.rejected.pop((kind, thing.id), None)

    def remove(self, things: Iterable[tuple[str, int]]) -> None:
        for kind, id_ in things:
            self.contents.of(kind).pop(id_, None)
            self.contents.rejected.pop((kind, id_), None)

    def reject(self, rejections: Iterable[Rejection], run: int) -> None:
        for rejection in rejections:
            self.contents.rejected[rejection.kind, rejection.id] = (rejection, run)
            held = self.contents.of(rejection.kind)
            if rejection.id in held:
                held[rejection.id] = (held[rejection.id][0], run)

    def place_categories(self) -> None:
        self.contents.paths = place(category for category, _ in self.contents.categories.values())

    def sweep(self, run: int) -> int:
        swept = 0
        for kind in ("category", "product", "review"):
            held = self.contents.of(kind)
            unmet = [id_ for id_, (_, met) in held.items() if met != run]
            swept += len(unmet)
            for id_ in unmet:
                del held[id_]
        self.contents.rejected = {key: kept for key, kept in self.contents.rejected.items() if kept[1] == run}
        return swept

    def move(self, before: Position, after: Position) -> None:
        if (self.contents.position.cursor, self.contents.position.run) != (before.cursor, before.run):
            raise PositionMoved("The feed position has moved. Nothing was written; read the position anew.")
        self.contents.position = after


def _on_sale(product: Product) -> bool:
    return product.lifecycle is Lifecycle.ON_SALE


def _meets(listing: Listing, criteria: Criteria) -> bool:
    product = listing.product
    text = [_folded(product.name), _folded(product.sku), _folded(product.description)]
    return (
        _on_sale(product)
        and (criteria.below is None or criteria.below.holds(listing.shelf.path))
        and all(any(_folded(term) in part for part in text) for term in criteria.terms)
        and (criteria.min_price is None or product.price.minor >= criteria.min_price)
        and (criteria.max_price is None or product.price.minor <= criteria.max_price)
        and (criteria.in_stock is None or criteria.in_stock is (product.availability is not Availability.OUT_OF_STOCK))
    )


def _folded(text: str) -> str:
    """ASCII letters only, as SQLite's LIKE."""
    return text.translate({upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)})


_SORT_KEYS: dict[SortBy, Callable[[Listing], Any]] = {
    SortBy.NAME: lambda listing: listing.product.name,
    SortBy.PRICE: lambda listing: listing.product.price.minor,
    SortBy.CREATED: lambda listing: listing.product.created_at,
    SortBy.RATING: lambda listing: listing.product.rating.rank,
}
