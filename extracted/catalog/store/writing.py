from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from extracted.catalog.domain import Category, Product, Review, place
from extracted.catalog.errors import PositionMoved
from extracted.catalog.store import tables
from extracted.catalog.store.port import Position, Rejection
from extracted.catalog.store.reading import SqlReading
from extracted.catalog.store.records import category_record, microseconds, product_record, review_record

__all__ = ["SqlWriting"]

_TABLES = {"category": tables.category, "product": tables.product, "review": tables.review}
_BATCH = 500


class SqlWriting(SqlReading):
    """Writes by one connection, within its transaction."""

    def put(self, things: Iterable[Category | Product | Review], run: int) -> None:
        records: dict[str, dict[int, dict[str, Any]]] = {"category": {}, "product": {}, "review": {}}
        for thing in things:
            if isinstance(thing, Category):
                records["category"][thing.id] = category_record(thing) | {"run": run}
            elif isinstance(thing, Product):
                records["product"][thing.id] = product_record(thing) | {"run": run}
            else:
                records["review"][thing.id] = review_record(thing) | {"run": run}
        for kind, by_id in records.items():
            if by_id:
                self._replace(_TABLES[kind], list(by_id.values()), ["id"])
        self._forgive((kind, id_) for kind, by_id in records.items() for id_ in by_id)

    def remove(self, things: Iterable[tuple[str, int]]) -> None:
        gone = list(things)
        for kind, table in _TABLES.items():
            ids = [id_ for its_kind, id_ in gone if its_kind == kind]
            for some in _batches(ids):
                self._connection.execute(delete(table).where(table.c.id.in_(some)))
        self._forgive(gone)

    def reject(self, rejections: Iterable[Rejection], run: int) -> None:
        records = {
            (rejection.kind, rejection.id): {
                "kind": rejection.kind,
                "id": rejection.id,
                "field": rejection.field,
                "value": rejection.value,
                "wrong": rejection.wrong,
                "remedy": rejection.remedy,
                "at": microseconds(rejection.at),
                "run": run,
            }
            for rejection in rejections
        }
        if not records:
            return
        self._replace(tables.rejected, list(records.values()), ["kind", "id"])
        for kind, table in _TABLES.items():
            for some in _batches([id_ for its_kind, id_ in records if its_kind == kind]):
                # The monolith still has the row, so the version we have of it must outlive the sweep.
                self._connection.execute(update(table).where(table.c.id.in_(some)).values(run=run))

    def place_categories(self) -> None:
        columns = tables.category.c
        rows = self._connection.execute(select(tables.category)).all()
        paths = place(Category(row.id, row.name, row.slug, row.parent_id) for row in rows)
        for row in rows:
            path = paths[row.id]
            text = None if path is None else path.text
            if text != row.path:
                self._connection.execute(update(tables.category).where(columns.id == row.id).values(path=text))

    def sweep(self, run: int) -> int:
        swept = 0
        for table in (*_TABLES.values(), tables.rejected):
            result = self._connection.execute(delete(table).where(table.c.run != run))
            swept += result.rowcount if table is not tables.rejected else 0
        return swept

    def move(self, before: Position, after: Position) -> None:
        columns = tables.feed_position.c
        values = {
            "cursor": after.cursor,
            "run": after.run,
            "complete": after.complete,
            "sweeping": after.sweeping,
        }
        begin = self._insert(tables.feed_position).values(id=1, **values).on_conflict_do_nothing()
        go_on = (
            update(tables.feed_position)
            .where(columns.id == 1, columns.cursor == before.cursor, columns.run == before.run)
            .values(**values)
        )
        statement = begin if before == Position() else go_on
        if self._connection.execute(statement.returning(columns.id)).first() is None:
            raise PositionMoved(
                f"The feed position is no longer {before.cursor!r} of run {before.run}: another importer was first. "
                "Nothing was written; it is right to read the position anew."
            )

    def _forgive(self, things: Iterable[tuple[str, int]]) -> None:
        rejected = tables.rejected.c
        for some in _batches(list(things)):
            self._connection.execute(delete(tables.rejected).where(tuple_(rejected.kind, rejected.id).in_(some)))

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        is_postgresql = self._connection.dialect.name == "postgresql"
        return postgresql.insert(table) if is_postgresql else sqlite.insert(table)

    def _replace(self, table: Table, records: list[dict[str, Any]], key: list[str]) -> None:
        statement = self._insert(table)
        others = {name: statement.excluded[name] for name in records[0] if name not in key}
        self._connection.execute(statement.on_conflict_do_update(index_elements=key, set_=others), records)


def _batches(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """Few enough at a time for the bound parameters of one statement."""
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
