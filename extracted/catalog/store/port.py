from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from extracted.catalog.domain import Category, Criteria, Listing, Order, Product, Review, Shelf

__all__ = ["Position", "Reading", "Rejection", "Store", "Tally", "Writing"]


@dataclass(frozen=True, slots=True)
class Position:
    """How far the monolith's changes have been followed.

    `run` counts the walks from the start of the feed, beginning with 0 for none. `complete` says that at least
    one walk has reached the end, so that the store holds the whole catalogue. `sweeping` says that the present walk
    began at the start and has not reached the end: what it has not met by then is no longer in the monolith.
    """

    cursor: str = ""
    run: int = 0
    complete: bool = False
    sweeping: bool = False


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row of the monolith that could not be translated, as it was when it was last sent.

    An earlier version of the row, if there was one, is still served.
    """

    kind: str
    id: int
    field: str
    value: str
    wrong: str
    remedy: str
    at: datetime

    def document(self) -> dict[str, Any]:
        """The rejection as plain JSON types, for people to read."""
        return {**asdict(self), "at": self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many things the store holds.

    `waiting` are products whose category is not placed, `unplaced` categories whose parents are not all here: neither
    is shown as yet.
    """

    categories: int
    products: int
    reviews: int
    waiting: int
    unplaced: int
    rejected: int


class Reading(Protocol):
    """One consistent view of the store. Products are seen only with their shelf, so never before their category."""

    def shelf(self, slug: str) -> Shelf | None:
        """The category of that slug, uncounted."""
        ...

    def shelves(self) -> list[Shelf]:
        """All placed categories, by path in code point order, with their counts."""
        ...

    def count(self, criteria: Criteria) -> int:
        """How many products on sale meet the criteria."""
        ...

    def listings(self, criteria: Criteria, order: Sequence[Order], offset: int, limit: int) -> list[Listing]:
        """Those products in order, then by id ascending."""
        ...

    def listing(self, product_id: int) -> Listing | None:
        """A product in whichever stage of life."""
        ...

    def listings_of(self, product_ids: Iterable[int]) -> list[Listing]:
        """Those of the products that exist, in whichever stage of life, by id."""
        ...

    def listings_after(self, product_id: int, limit: int) -> list[Listing]:
        """The products that follow that id, in whichever stage of life, by id."""
        ...

    def count_reviews(self, product_id: int) -> int:
        """How many approved reviews the product has."""
        ...

    def reviews(self, product_id: int, offset: int, limit: int) -> list[Review]:
        """Its approved reviews, newest first, then by id descending."""
        ...

    def position(self) -> Position: ...

    def rejections(self, limit: int) -> list[Rejection]:
        """The latest first."""
        ...

    def tally(self) -> Tally: ...


class Writing(Reading, Protocol):
    """One transaction: all of it or nothing."""

    def put(self, things: Iterable[Category | Product | Review], run: int) -> None:
        """Adds or replaces; of two with one id the later counts. An earlier rejection of the row is forgotten."""
        ...

    def remove(self, things: Iterable[tuple[str, int]]) -> None:
        """Takes out by kind and id what is there, and its rejection with it."""
        ...

    def reject(self, rejections: Iterable[Rejection], run: int) -> None:
        """Notes what could not be translated, and that the walk `run` has met it."""
        ...

    def place_categories(self) -> None:
        """Gives every category its path anew."""
        ...

    def sweep(self, run: int) -> int:
        """Takes out all that the walk `run` has not met. Returns how many things that were."""
        ...

    def move(self, before: Position, after: Position) -> None:
        """Raises PositionMoved if the position is no longer `before`."""
        ...


class Store(Protocol):
    """Both raise StoreGone when the database does not answer."""

    def reading(self) -> AbstractContextManager[Reading]: ...

    def writing(self) -> AbstractContextManager[Writing]:
        """Leaving with an error undoes all. One writer at a time."""
        ...

    def close(self) -> None: ...
