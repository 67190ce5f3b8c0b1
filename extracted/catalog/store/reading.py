from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from extracted.catalog.domain import (
    Availability,
    CategoryPath,
    Criteria,
    Lifecycle,
    Listing,
    Order,
    Review,
    Shelf,
    SortBy,
)
from extracted.catalog.store import tables
from extracted.catalog.store.icontains import icontains
from extracted.catalog.store.port import Position, Rejection, Tally
from extracted.catalog.store.records import from_microseconds, listing_of, review_of

__all__ = ["SqlReading"]

_product = tables.product.c
_category = tables.category.c
_review = tables.review.c

_on_a_shelf = and_(_category.id == _product.category_id, _category.path.is_not(None))
_on_sale = _product.lifecycle == Lifecycle.ON_SALE.value

_listing: Select[Any] = select(
    *(column for column in _product if column.name not in {"run", "rank"}),
    _category.name.label("shelf_name"),
    _category.slug.label("shelf_slug"),
    _category.path.label("shelf_path"),
    _category.parent_id.label("shelf_parent_id"),
).join_from(tables.product, tables.category, _on_a_shelf)

_SORT_COLUMNS: dict[SortBy, ColumnElement[Any]] = {
    SortBy.NAME: _product.name,
    SortBy.PRICE: _product.price,
    SortBy.CREATED: _product.created_at,
    SortBy.RATING: _product.rank,
}


class SqlReading:
    """Reads by one connection, within its transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def shelf(self, slug: str) -> Shelf | None:
        statement = select(tables.category).where(_category.slug == slug, _category.path.is_not(None))
        row = self._connection.execute(statement.order_by(_category.id).limit(1)).first()
        return None if row is None else Shelf(row.id, row.name, row.slug, CategoryPath(row.path), row.parent_id)

    def shelves(self) -> list[Shelf]:
        statement = select(_product.category_id, func.count()).where(_on_sale).group_by(_product.category_id)
        counts: dict[int, int] = dict(self._connection.execute(statement).all())
        rows = self._connection.execute(select(tables.category).where(_category.path.is_not(None)))
        shelves = [
            Shelf(row.id, row.name, row.slug, CategoryPath(row.path), row.parent_id, counts.get(row.id, 0))
            for row in rows
        ]
        # Sorted here and not by the database, whose collation may leave out the slash.
        return sorted(shelves, key=lambda shelf: (shelf.path, shelf.id))

    def count(self, criteria: Criteria) -> int:
        statement = select(func.count()).select_from(tables.product.join(tables.category, _on_a_shelf))
        return self._connection.execute(statement.where(_on_sale, *_conditions(criteria))).scalar_one()

    def listings(self, criteria: Criteria, order: Sequence[Order], offset: int, limit: int) -> list[Listing]:
        statement = _listing.where(_on_sale, *_conditions(criteria)).order_by(*_sorting(order))
        return [listing_of(row) for row in self._connection.execute(statement.offset(offset).limit(limit))]

    def listing(self, product_id: int) -> Listing | None:
        row = self._connection.execute(_listing.where(_product.id == product_id)).first()
        return None if row is None else listing_of(row)

    def listings_of(self, product_ids: Iterable[int]) -> list[Listing]:
        statement = _listing.where(_product.id.in_(list(product_ids))).order_by(_product.id)
        return [listing_of(row) for row in self._connection.execute(statement)]

    def listings_after(self, product_id: int, limit: int) -> list[Listing]:
        statement = _listing.where(_product.id > product_id).order_by(_product.id).limit(limit)
        return [listing_of(row) for row in self._connection.execute(statement)]

    def count_reviews(self, product_id: int) -> int:
        statement = select(func.count()).where(_review.product_id == product_id, _review.approved)
        return self._connection.execute(statement).scalar_one()

    def reviews(self, product_id: int, offset: int, limit: int) -> list[Review]:
        statement = (
            select(tables.review)
            .where(_review.product_id == product_id, _review.approved)
            .order_by(_review.written_at.desc(), _review.id.desc())
        )
        return [review_of(row) for row in self._connection.execute(statement.offset(offset).limit(limit))]

    def position(self) -> Position:
        row = self._connection.execute(select(tables.feed_position)).first()
        return Position() if row is None else Position(row.cursor, row.run, row.complete, row.sweeping)

    def rejections(self, limit: int) -> list[Rejection]:
        rejected = tables.rejected.c
        statement = select(tables.rejected).order_by(rejected.at.desc(), rejected.kind, rejected.id).limit(limit)
        return [
            Rejection(row.kind, row.id, row.field, row.value, row.wrong, row.remedy, from_microseconds(row.at))
            for row in self._connection.execute(statement)
        ]

    def tally(self) -> Tally:
        placed = select(_category.id).where(_category.path.is_not(None))
        counts = (
            select(func.count()).select_from(tables.category),
            select(func.count()).select_from(tables.product),
            select(func.count()).select_from(tables.review),
            select(func.count()).where(_product.category_id.not_in(placed)),
            select(func.count()).where(_category.path.is_(None)),
            select(func.count()).select_from(tables.rejected),
        )
        row = self._connection.execute(select(*(count.scalar_subquery() for count in counts))).one()
        return Tally(*row)


def _conditions(criteria: Criteria) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if criteria.below is not None:
        path = criteria.below.text
        # Not LIKE: a range is exact in every collation, and underscores in slugs are no wildcards.
        start = func.substr(_category.path, 1, len(path) + 1)
        conditions.append(or_(_category.path == path, start == path + "/"))
    conditions += [
        or_(icontains(_product.name, term), icontains(_product.sku, term), icontains(_product.description, term))
        for term in criteria.terms
    ]
    if criteria.min_price is not None:
        conditions.append(_product.price >= criteria.min_price)
    if criteria.max_price is not None:
        conditions.append(_product.price <= criteria.max_price)
    if criteria.in_stock is not None:
        sold_out = _product.availability == Availability.OUT_OF_STOCK.value
        conditions.append(~sold_out if criteria.in_stock else sold_out)
    return conditions


def _sorting(order: Sequence[Order]) -> list[ColumnElement[Any]]:
    columns = [(_SORT_COLUMNS[key.by], key.descending) for key in order]
    return [column.desc() if descending else column.asc() for column, descending in columns] + [_product.id.asc()]
